//! Text that goes on, followed by a program: nothing is lost and nothing comes twice, whatever happens to
//! files and connections; and how it ends.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::Write,
    net::{Shutdown, TcpListener, TcpStream},
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use socket2::SockRef;
use tempfile::{TempDir, tempdir};

use crate::running::{Ended, Running, signal, until};

/// Those whose printing is heard.
const RUNNERS: [&[&str]; 2] = [&["--runner", "direct"], &["--runner", "timely", "--workers", "2"]];

const PROCESSES: &[&str] = &["--runner", "timely", "--processes", "2"];

/// A program that counts words as they come, and what it prints.
struct Live {
    running: Running,
    folder: TempDir,
}

impl Live {
    fn start(runner: &[&str], input: impl FnOnce(&TempDir) -> Vec<String>) -> Self {
        Live::start_with(runner, Stdio::null(), input)
    }

    fn start_with(
        runner: &[&str],
        stdin: Stdio,
        input: impl FnOnce(&TempDir) -> Vec<String>,
    ) -> Self {
        let folder = tempdir().unwrap();
        let mut input = input(&folder);
        if runner == PROCESSES {
            input.extend([
                "--output".into(),
                folder.path().join("written").to_str().unwrap().into(),
            ]);
        }
        let out = File::create(folder.path().join("out")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_live_words"));
        command.args(runner).args(["--window", "50ms", "--quiet"]).args(input);
        let running = Running::start_with(command.stdin(stdin).stdout(out));
        Live { running, folder }
    }

    fn following(runner: &[&str], text: &str) -> Self {
        Live::start(runner, |folder| {
            let file = folder.path().join("a.log");
            fs::write(&file, text).unwrap();
            vec!["--follow".into(), file.to_str().unwrap().into()]
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn append(&self, name: &str, text: &str) {
        let file = OpenOptions::new().append(true).create(true).open(self.path(name));
        file.unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// How often each word was counted so far.
    fn counts(&self) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        let out = fs::read_to_string(self.path("out")).unwrap();
        // The last line may not be all there yet.
        for line in out.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
            let (word, count) = line.split_once(": ").unwrap();
            *counts.entry(word.to_owned()).or_default() += count.parse::<u64>().unwrap();
        }
        counts
    }

    fn until(&self, word: &str, count: u64) {
        until(&format!("{word}: {count}"), || self.counts().get(word) == Some(&count));
    }

    /// Ends it, and sees that it counted this and nothing else.
    fn end(self, expected: &[(&str, u64)]) -> Ended {
        let Live { running, folder } = self;
        let ended = running.end();
        // What a program writes when it ends, it does not print.
        let written = fs::read_to_string(folder.path().join("written"));
        let out = written.or_else(|_| fs::read_to_string(folder.path().join("out"))).unwrap();
        let mut counts = BTreeMap::new();
        for line in out.lines() {
            let (word, count) = line.split_once(": ").unwrap();
            *counts.entry(word).or_default() += count.parse::<u64>().unwrap();
        }
        assert_eq!(counts, BTreeMap::from_iter(expected.iter().copied()), "{}", ended.err);
        ended
    }

    fn drain(self, expected: &[(&str, u64)]) {
        self.running.signal("INT");
        let ended = self.end(expected);
        assert_eq!(ended.status.code(), Some(3), "{}", ended.err);
        assert_eq!(ended.err, "draining: what was read is finished; Ctrl-C again cancels\n");
    }
}

#[test]
fn words_with_a_text_are_counted_in_every_window_that_they_lie_in() {
    for runner in RUNNERS {
        let live = Live::start(runner, |folder| {
            let file = folder.path().join("a.log");
            fs::write(&file, "error warning\nerrors ok\nerror\n").unwrap();
            let file = file.to_str().unwrap();
            ["--follow", file, "--every", "10ms", "--containing", "err"].map(String::from).to_vec()
        });
        live.until("error", 10);
        live.until("errors", 5);
        live.drain(&[("error", 10), ("errors", 5)]);
    }
}

#[test]
fn a_file_is_followed_through_rotation_and_truncation() {
    for runner in RUNNERS {
        let live = Live::following(runner, "old old\nha");
        live.until("old", 2);
        live.append("a.log", "lf\n");
        live.until("half", 1);
        // Whoever writes it goes on with the old file for a while.
        let mut old = OpenOptions::new().append(true).open(live.path("a.log")).unwrap();
        fs::rename(live.path("a.log"), live.path("a.log.1")).unwrap();
        live.append("a.log", "new\n");
        live.until("new", 1);
        old.write_all(b"late\n").unwrap();
        live.until("late", 1);
        live.append("a.log", "more\n");
        live.until("more", 1);
        File::create(live.path("a.log")).unwrap();
        // Seen as shorter before it grows again: it was longer than this is.
        live.append("a.log", "cut\n");
        live.until("cut", 1);
        fs::remove_file(live.path("a.log")).unwrap();
        live.append("a.log", "again\n");
        live.until("again", 1);
        let all = [
            ("old", 2),
            ("half", 1),
            ("new", 1),
            ("late", 1),
            ("more", 1),
            ("cut", 1),
            ("again", 1),
        ];
        live.drain(&all);
    }
}

#[test]
fn files_of_a_directory_are_followed_when_they_come() {
    for runner in RUNNERS {
        let live = Live::start(runner, |folder| {
            let logs = folder.path().join("logs");
            fs::create_dir(&logs).unwrap();
            vec!["--follow".into(), logs.to_str().unwrap().into()]
        });
        live.append("logs/a", "one\n");
        live.until("one", 1);
        live.append("logs/b", "two\n");
        live.until("two", 1);
        live.append("logs/a", "one\n");
        live.until("one", 2);
        live.drain(&[("one", 2), ("two", 1)]);
    }
}

#[test]
fn a_directory_that_vanishes_is_waited_for() {
    for runner in RUNNERS {
        let live = Live::start(runner, |folder| {
            let logs = folder.path().join("logs");
            fs::create_dir(&logs).unwrap();
            fs::write(logs.join("a"), "one\n").unwrap();
            vec!["--follow".into(), logs.to_str().unwrap().into()]
        });
        live.until("one", 1);
        let mut old = OpenOptions::new().append(true).open(live.path("logs/a")).unwrap();
        fs::remove_dir_all(live.path("logs")).unwrap();
        // Whoever writes to it has not noticed.
        old.write_all(b"late\n").unwrap();
        live.until("late", 1);
        fs::create_dir(live.path("logs")).unwrap();
        live.append("logs/a", "new\n");
        live.until("new", 1);
        // It is another one that is moved into its place, with the same file in it.
        fs::rename(live.path("logs"), live.path("moved")).unwrap();
        fs::create_dir(live.path("logs")).unwrap();
        fs::rename(live.path("moved/a"), live.path("logs/b")).unwrap();
        live.append("logs/b", "more\n");
        live.until("more", 1);
        live.drain(&[("one", 1), ("late", 1), ("new", 1), ("more", 1)]);
    }
}

/// One who listens, and the program that is connected to it.
fn connected(runner: &[&str]) -> (Live, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let live = Live::start(runner, |_| vec!["--socket".into(), address]);
    (live, listener.accept().unwrap().0)
}

#[test]
fn a_connection_that_closes_ends_it_with_half_a_line() {
    for runner in RUNNERS.into_iter().chain([PROCESSES]) {
        let (live, mut stream) = connected(runner);
        stream.write_all(b"one\ntw").unwrap();
        if runner != PROCESSES {
            live.until("one", 1);
        }
        stream.write_all(b"o\nhalf a").unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let ended = live.end(&[("one", 1), ("two", 1), ("half", 1), ("a", 1)]);
        assert_eq!((ended.status.code(), ended.err.as_str()), (Some(0), ""));
    }
}

#[test]
fn a_connection_that_is_reset_fails_the_run_and_says_how_much_had_come() {
    for runner in RUNNERS.into_iter().chain([PROCESSES]) {
        let (live, mut stream) = connected(runner);
        stream.write_all(b"one\nhalf").unwrap();
        if runner != PROCESSES {
            live.until("one", 1);
        }
        // Whoever closes without lingering resets: what the other has not read may be lost on its way.
        SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
        drop(stream);
        let counted = if runner == PROCESSES { &[][..] } else { &[("one", 1)] };
        let told = live.end(counted).error();
        assert!(told.starts_with("error: step `text::read_socket/Read` failed: "), "{told}");
        assert!(told.contains("the connection to 127.0.0.1:"), "{told}");
        assert!(told.contains(" broke after 8 bytes: "), "{told}");
    }
}

#[test]
fn a_connection_is_drained_while_it_is_open() {
    for runner in RUNNERS {
        let (live, mut stream) = connected(runner);
        stream.write_all(b"one\nhalf").unwrap();
        live.until("one", 1);
        // Half a line has no end yet: it was not read.
        live.drain(&[("one", 1)]);
    }
}

#[test]
fn nobody_who_listens_is_an_error() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    for runner in RUNNERS.into_iter().chain([PROCESSES]) {
        let live = Live::start(runner, |_| vec!["--socket".into(), address.clone()]);
        let told = live.end(&[]).error();
        assert!(told.contains("text::read_socket"), "{told}");
        assert!(told.contains(&format!("cannot connect to `{address}`")), "{told}");
    }
}

#[test]
fn standard_input_is_read_to_its_end() {
    for runner in RUNNERS.into_iter().chain([PROCESSES]) {
        let mut live = Live::start_with(runner, Stdio::piped(), |_| vec!["--stdin".into()]);
        live.running.write("one two\ntwo");
        assert_eq!(live.end(&[("one", 1), ("two", 2)]).status.code(), Some(0));
    }
}

#[test]
fn processes_are_drained_together_and_write_what_they_have() {
    // Whoever is asked, all end alike.
    for asked in ["the first", "the other"] {
        let (live, mut stream) = connected(PROCESSES);
        stream.write_all(b"one two\n").unwrap();
        until("the other process", || !live.running.children().is_empty());
        match asked {
            "the first" => live.running.signal("INT"),
            _ => signal(live.running.children()[0], "INT"),
        }
        let written = live.path("written");
        let Live { running, folder } = live;
        let ended = running.end();
        assert_eq!(ended.status.code(), Some(3), "{asked}: {}", ended.err);
        assert!(written.exists(), "{asked}");
        drop(folder);
    }
}
