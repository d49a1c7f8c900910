//! A play on standard input, for a job of several processes.
//!
//! The other processes are started with the arguments of the first, and all must know the play. So it
//! is put into a file, and the whole job is started anew with that for its `--input`.

use std::{
    env,
    io::{self, Write},
    process::{Command, ExitCode},
};

use tempfile::NamedTempFile;

use crate::arguments::Arguments;

/// Whether other processes will have to read what stands on this one's standard input.
pub(crate) fn is_shared(arguments: &Arguments) -> bool {
    let options = &arguments.pipeline;
    arguments.input.is_none()
        && options.processes > 1
        && options.hosts.is_empty()
        && !watershed::is_launched_child()
}

/// Runs this program once more, on a file that holds the play.
pub(crate) fn run_on_a_file(play: &[u8]) -> io::Result<ExitCode> {
    let mut file = NamedTempFile::new()?;
    file.write_all(play)?;
    let mut again = Command::new(env::current_exe()?);
    let status = again.args(env::args_os().skip(1)).arg("--input").arg(file.path()).status()?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
