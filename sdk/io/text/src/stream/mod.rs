//! Text that goes on: files that grow, a connection, standard input.
//!
//! ```text
//!   options       what an author says, the same for all of them
//!   line_buffer   lines out of pieces of text; half a line waits for its end
//!   line_rules    a line becomes an element: its text, its time
//!   followed      one file that is followed
//!   follow        a file or a directory, with all that happens to files
//!   feed          what comes on a thread of its own: a connection, standard input
//! ```

mod apply;
mod feed;
mod follow;
mod followed;
mod line_buffer;
mod line_rules;
mod options;
#[cfg(test)]
mod tests;

pub use options::{TextStream, follow, read_socket, read_stdin};
