//! What the compiler says to beginners: each of these programs must be refused, with a message that
//! says what to do.
//!
//! After a change of the API or the compiler, `TRYBUILD=overwrite cargo test -p watershed --test
//! compile_fail` writes the messages anew. Read each as somebody who sees it for the first time.

#![cfg(feature = "text")]

#[test]
fn mistakes_are_refused_with_a_mend() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
