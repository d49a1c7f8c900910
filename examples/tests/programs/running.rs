//! A program that runs beside its test, and never longer than it may.

use std::{
    io::{Read, Write},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// No program of these tests runs longer; one that does is killed, and its test fails.
const LIMIT: Duration = Duration::from_secs(60);

/// A started program. It and those that it started are killed when this is dropped.
pub(crate) struct Running {
    child: Child,
    out: Option<JoinHandle<Vec<u8>>>,
    err: Option<JoinHandle<()>>,
    /// What came on its standard error so far.
    said: Arc<Mutex<Vec<u8>>>,
    started: Instant,
}

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) out: Vec<u8>,
    pub(crate) err: String,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        Running::start_with(command.stdin(Stdio::null()).stdout(Stdio::piped()))
    }

    /// Starts it with the standard input and output that it was given.
    pub(crate) fn start_with(command: &mut Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let (out, mut err) = (child.stdout.take(), child.stderr.take().unwrap());
        let out = out.map(|out| std::thread::spawn(|| read(out)));
        let said = Arc::new(Mutex::new(Vec::new()));
        let hears = said.clone();
        let err = std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(length @ 1..) = err.read(&mut piece) {
                hears.lock().unwrap().extend_from_slice(&piece[..length]);
            }
        });
        Running { child, out, err: Some(err), said, started: Instant::now() }
    }

    /// What it said on standard error so far.
    pub(crate) fn said(&self) -> String {
        String::from_utf8_lossy(&self.said.lock().unwrap()).into_owned()
    }

    /// Waits until it has said this on standard error.
    pub(crate) fn until_said(&self, told: &str) {
        until(told, || self.said().contains(told));
    }

    /// Writes to its standard input, and closes that.
    pub(crate) fn write(&mut self, text: &str) {
        self.child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The processes that it has started and that still run.
    pub(crate) fn children(&self) -> Vec<u32> {
        let id = self.id();
        let listed = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
        let threads = std::fs::read_dir(format!("/proc/{id}/task"));
        let of_threads = threads
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
        let mut children: Vec<u32> = of_threads
            .chain(listed)
            .flat_map(|ids| {
                ids.split_whitespace().map(|id| id.parse().unwrap()).collect::<Vec<_>>()
            })
            .collect();
        children.sort_unstable();
        children.dedup();
        children
    }

    /// Sends a signal, by its name.
    pub(crate) fn signal(&self, name: &str) {
        signal(self.id(), name);
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Ended {
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if self.started.elapsed() > LIMIT {
                self.kill();
                panic!("it hangs; so far it said: {}", self.said());
            }
            std::thread::park_timeout(Duration::from_millis(5));
        };
        // Those whom it started hold the same standard error: its end is also theirs.
        let out = self.out.take().map(|out| out.join().unwrap()).unwrap_or_default();
        self.err.take().unwrap().join().unwrap();
        let err = String::from_utf8(self.said.lock().unwrap().clone()).unwrap();
        Ended { status, out, err }
    }

    fn kill(&mut self) {
        for child in self.children() {
            signal(child, "KILL");
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.kill();
        }
    }
}

impl Ended {
    /// Sees that it failed and said so once, and returns what it said.
    pub(crate) fn error(self) -> String {
        assert_eq!(self.status.code(), Some(1), "{self:?}");
        assert_eq!(self.err.matches("error: ").count(), 1, "{}", self.err);
        assert!(!self.err.contains("panicked at"), "{}", self.err);
        self.err
    }
}

/// Sends a signal to a process.
pub(crate) fn signal(process: u32, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &process.to_string()]).status();
    assert!(sent.unwrap().success());
}

/// Whether a process is there, and not only its name.
pub(crate) fn is_there(process: u32) -> bool {
    let status = std::fs::read_to_string(Path::new("/proc").join(process.to_string()).join("stat"));
    status.is_ok_and(|status| !status.contains(") Z "))
}

/// Waits until something can be seen.
pub(crate) fn until(what: &str, mut seen: impl FnMut() -> bool) {
    let started = Instant::now();
    while !seen() {
        assert!(started.elapsed() < LIMIT, "{what} is waited for in vain");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

fn read(mut from: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes).unwrap();
    bytes
}
