//! Ctrl-C again and again, while a job that never ends by itself takes long to end: nobody reads what it
//! prints.

use std::{
    fs::{self, File},
    io::{self, PipeReader, Read},
    process::{Command, Stdio},
};

use crate::{folder::Folder, running::Running};

const RUNNERS: [&[&str]; 2] = [&["--runner", "direct"], &["--runner", "timely", "--workers", "2"]];

/// Far more than a pipe holds when each has a line of its own.
const WORDS: usize = 100_000;

/// A program that has begun to print words, into a pipe that is full, and would then write them.
struct Stuck {
    running: Running,
    out: PipeReader,
    folder: Folder,
}

impl Stuck {
    /// The words are one line, so when the first is printed all were read, and their window has closed.
    fn start(runner: &[&str]) -> Self {
        let folder = Folder::new();
        let words: Vec<String> = (0..WORDS).map(word).collect();
        let file = folder.input("a.log", words.join(" ") + "\n");
        let (mut out, into) = io::pipe().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_live_words"));
        command.args(runner).args(["--window", "50ms", "--follow", &file]);
        command.args(["--output", &folder.output("counts")]);
        let running = Running::start_with(command.stdin(Stdio::null()).stdout(into));
        // The command keeps its end of the pipe until it is dropped.
        drop(command);
        out.read_exact(&mut [0]).unwrap();
        Stuck { running, out, folder }
    }

    fn interrupt(&self, told: &str) {
        self.running.signal("INT");
        self.running.until_said(told);
    }

    /// Reads what it prints, to the end. How many lines there were.
    fn read(&mut self) -> usize {
        let mut text = String::new();
        self.out.read_to_string(&mut text).unwrap();
        text.lines().count()
    }
}

/// Words of letters alone.
fn word(n: usize) -> String {
    n.to_string().chars().map(|digit| char::from(b'a' + digit as u8 - b'0')).collect()
}

const DRAINING: &str = "draining: what was read is finished; Ctrl-C again cancels\n";
const CANCELLING: &str = "cancelling; Ctrl-C again ends the program at once\n";

#[test]
fn a_drain_finishes_what_was_read_however_long_that_takes() {
    for runner in RUNNERS {
        let mut stuck = Stuck::start(runner);
        stuck.interrupt(DRAINING);
        assert_eq!(stuck.read(), WORDS);
        let ended = stuck.running.end();
        assert_eq!(ended.status.code(), Some(3), "{}", ended.err);
        assert_eq!(stuck.folder.outputs(), ["counts"]);
        let written = fs::read_to_string(stuck.folder.output("counts")).unwrap();
        assert_eq!(written.lines().count(), WORDS);
    }
}

#[test]
fn a_second_interrupt_cancels_a_drain_and_nothing_is_written() {
    for runner in RUNNERS {
        let mut stuck = Stuck::start(runner);
        stuck.interrupt(DRAINING);
        stuck.interrupt(CANCELLING);
        // It is in the author's code, and looks round when that returns.
        assert!(stuck.read() < WORDS, "it has finished what it was to drop");
        let ended = stuck.running.end();
        assert_eq!(ended.status.code(), Some(130), "{}", ended.err);
        assert!(ended.err.starts_with(&format!("{DRAINING}{CANCELLING}")), "{}", ended.err);
        assert!(ended.err.contains("cancelled, nothing written: "), "{}", ended.err);
        stuck.folder.assert_nothing_is_left();
    }
}

#[test]
fn a_third_interrupt_ends_a_program_that_does_not_come_back() {
    for runner in RUNNERS {
        let stuck = Stuck::start(runner);
        stuck.interrupt(DRAINING);
        stuck.interrupt(CANCELLING);
        stuck.running.signal("INT");
        let ended = stuck.running.end();
        assert_eq!(ended.status.code(), Some(130), "{}", ended.err);
        assert!(!ended.err.contains("nothing written"), "{}", ended.err);
        assert!(File::open(stuck.folder.output("counts")).is_err());
    }
}
