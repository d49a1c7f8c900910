//! What was written by hand is what the oracle says.

use model_tests::scripts::{self, Play};
use watershed_runner_core::guard;

#[test]
fn the_oracle_says_what_was_written_by_hand() {
    let scripts = scripts::all();
    assert_eq!(scripts.len(), 53);
    for script in scripts {
        let checked = guard(|| {
            (script.plays)().iter().for_each(Play::check_oracle);
            Ok(())
        });
        if let Err(failure) = checked {
            panic!("{}: {failure}", script.name);
        }
    }
}
