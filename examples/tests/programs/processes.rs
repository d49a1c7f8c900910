//! Jobs of several processes: started by themselves or by hand, and all that goes wrong between them.

use std::{
    fs::File,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use crate::{
    folder::Folder,
    program,
    running::{Ended, Running, is_there, signal, until},
    sorted_lines,
};

/// What goes wrong must be told within this time: seconds.
const SOON: Duration = Duration::from_secs(20);

fn wordcount(folder: &Folder, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wordcount"));
    command.args(["--runner", "timely"]).args(arguments).env("TMPDIR", folder.tmp());
    command.env_remove("WATERSHED_SECRET");
    command
}

/// Addresses on which nobody listens just now.
fn free_hosts(count: usize) -> Vec<String> {
    let listeners: Vec<_> = (0..count).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    listeners.iter().map(|listener| listener.local_addr().unwrap().to_string()).collect()
}

/// A process of a job whose processes are started by hand.
fn host(folder: &Folder, hosts: &[String], index: usize, arguments: &[&str]) -> Command {
    let (hosts, index) = (hosts.join(","), index.to_string());
    let mut command = wordcount(folder, arguments);
    command.args(["--hosts", &hosts, "--process-index", &index]);
    command.env("WATERSHED_SECRET", "what nobody else knows");
    command
}

/// A text that gives every worker several splits and every process some words.
fn long_text(folder: &Folder) -> String {
    let line = |n: u32| format!("the {} of the {}\n", letters(n % 700), letters(n * n % 3000));
    folder.input("text.txt", (0..60_000).map(line).collect::<String>())
}

fn letters(n: u32) -> String {
    let letter = |place: u32| char::from(b'a' + (n / 26u32.pow(place) % 26) as u8);
    (0..3).map(letter).collect()
}

/// All shards of the output `counts`.
fn counts(folder: &Folder) -> Vec<String> {
    let shards = folder.outputs();
    assert!(shards.iter().all(|name| name.starts_with("counts")), "{shards:?}");
    sorted_lines(&shards.iter().flat_map(|name| folder.read(name)).collect::<Vec<_>>())
}

fn counted_directly(input: &str) -> Vec<String> {
    let arguments = ["--input", input, "--output", "-", "--quiet", "--checks", "off"];
    sorted_lines(&program("wordcount").args(arguments).assert().success().get_output().stdout)
}

#[test]
fn any_number_of_processes_counts_alike() {
    let folder = Folder::new();
    let input = long_text(&folder);
    let expected = counted_directly(&input);
    let bytes = std::fs::metadata(&input).unwrap().len();
    for (processes, workers) in [("1", "64"), ("2", "1"), ("3", "1"), ("2", "2")] {
        let folder = Folder::new();
        let output = folder.output("counts");
        let arguments = ["--input", &input, "--output", &output, "--bundle-elements", "100"];
        let more = ["--processes", processes, "--workers", workers];
        let ended = Running::start(wordcount(&folder, &arguments).args(more)).end();
        assert!(ended.status.success(), "{ended:?}");
        assert_eq!(counts(&folder), expected, "{processes} processes of {workers} workers");
        // The whole job is told, once.
        assert_eq!(ended.err.lines().count(), 1, "{}", ended.err);
        let read =
            format!("60,000 elements ({:.2} MiB) read in ", bytes as f64 / f64::from(1 << 20));
        assert!(ended.err.starts_with(&read), "{}", ended.err);
    }
}

#[test]
fn standard_output_is_written_once() {
    let folder = Folder::new();
    let input = folder.input("text.txt", "to be or not to be");
    let arguments = ["--input", &input, "--output", "-", "--processes", "3", "--quiet"];
    let ended = Running::start(&mut wordcount(&folder, &arguments)).end();
    assert!(ended.status.success() && ended.err.is_empty(), "{ended:?}");
    assert_eq!(sorted_lines(&ended.out), ["be: 2", "not: 1", "or: 1", "to: 2"]);
}

#[test]
fn processes_that_are_started_by_hand_find_each_other_in_any_order() {
    for order in [[0, 1, 2], [2, 1, 0]] {
        let folder = Folder::new();
        let (input, output) = (long_text(&folder), folder.output("counts"));
        let hosts = free_hosts(3);
        let arguments = ["--input", &input, "--output", &output];
        let started =
            order.map(|index| Running::start(&mut host(&folder, &hosts, index, &arguments)));
        for ended in started.map(Running::end) {
            assert!(ended.status.success(), "{ended:?}");
            assert!(ended.err.starts_with("60,000 elements ("), "{}", ended.err);
        }
        assert_eq!(counts(&folder), counted_directly(&input));
    }
}

/// Runs a command line that must be refused by one process alone.
fn refused(folder: &Folder, command: &mut Command) -> String {
    let started = Instant::now();
    let told = Running::start(command).end().error();
    assert!(started.elapsed() < SOON, "{told}");
    folder.assert_nothing_is_left();
    told
}

#[test]
fn numbers_that_cannot_be_are_refused() {
    let folder = Folder::new();
    let (input, output) = (folder.input("text.txt", "to be"), folder.output("counts"));
    let arguments = ["--input", &input, "--output", &output];
    for (more, told) in [
        (&["--workers", "0"][..], "--workers"),
        (&["--processes", "0"], "--processes"),
        (&["--processes", "1000", "--workers", "1000"], "at most 1024"),
        (&["--hosts", "a:1,b:2"], "--process-index from 0 to 1"),
        (&["--hosts", "a:1,b:2", "--process-index", "2"], "--process-index from 0 to 1"),
        (&["--hosts", "a:1", "--process-index", "1"], "--process-index from 0 to 0"),
        (&["--hosts", "a:1,a:1", "--process-index", "1"], "same address twice"),
        (&["--hosts", "a:1,b:2", "--process-index", "1", "--processes", "3"], "--processes 3"),
        (&["--hosts", "a:1,b:2", "--process-index", "1"], "set WATERSHED_SECRET"),
    ] {
        let said = refused(&folder, wordcount(&folder, &arguments).args(more));
        assert!(said.contains(told), "{said}");
    }
    for (more, told) in [
        (["--process-index", "1"], "--hosts"),
        (["--join-limit=-1", "--quiet"], "a number of seconds"),
        (["--join-limit", "never"], "a number of seconds"),
        (["--join-limit", "1e300"], "a number of seconds"),
    ] {
        let ended = Running::start(wordcount(&folder, &arguments).args(more)).end();
        assert_eq!(ended.status.code(), Some(2));
        assert!(ended.err.contains(told), "{}", ended.err);
    }
}

#[test]
fn a_port_in_use_is_told() {
    let folder = Folder::new();
    let (input, output) = (folder.input("text.txt", "to be"), folder.output("counts"));
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let hosts = [taken.local_addr().unwrap().to_string(), "127.0.0.1:1".to_owned()];
    let arguments = ["--input", &input, "--output", &output];
    let told = refused(&folder, &mut host(&folder, &hosts, 0, &arguments));
    assert!(told.contains(&hosts[0]) && told.contains("in use"), "{told}");
}

/// Two processes that must not come together: what each says.
fn part(folder: &Folder, first: &mut Command, second: &mut Command) -> [String; 2] {
    let started = Instant::now();
    let both = [Running::start(first), Running::start(second)];
    let told = both.map(|running| running.end().error());
    assert!(started.elapsed() < SOON, "{told:?}");
    folder.assert_nothing_is_left();
    told
}

#[test]
fn a_wrong_secret_is_told_on_both_sides() {
    let folder = Folder::new();
    let (input, output) = (folder.input("text.txt", "to be"), folder.output("counts"));
    let arguments = ["--input", &input, "--output", &output, "--join-limit", "100"];
    let hosts = free_hosts(2);
    let told = part(
        &folder,
        &mut host(&folder, &hosts, 0, &arguments),
        host(&folder, &hosts, 1, &arguments).env("WATERSHED_SECRET", "another"),
    );
    for told in told {
        assert!(told.contains("secret") && told.contains("WATERSHED_SECRET"), "{told}");
    }
}

#[test]
fn another_pipeline_is_refused_on_both_sides() {
    let folder = Folder::new();
    let (input, output) = (folder.input("text.txt", "to be"), folder.output("counts"));
    let arguments = ["--input", &input, "--output", &output];
    let elsewhere = folder.input("other.txt", "or not");
    let other_input = ["--input", &elsewhere, "--output", &output];
    let other_options = [&arguments[..], &["--workers", "2"]].concat();
    for other in [&other_input[..], &other_options] {
        let hosts = free_hosts(2);
        let told = part(
            &folder,
            &mut host(&folder, &hosts, 0, &arguments),
            &mut host(&folder, &hosts, 1, other),
        );
        for told in told {
            assert!(told.contains("another pipeline"), "{told}");
        }
    }
    let hosts = free_hosts(2);
    let mut other_program = Command::new(env!("CARGO_BIN_EXE_top_words"));
    other_program
        .args(["--input", &input, "--runner", "timely", "--hosts", &hosts.join(",")])
        .args(["--process-index", "1"])
        .env("WATERSHED_SECRET", "what nobody else knows");
    let told = part(&folder, &mut host(&folder, &hosts, 0, &arguments), &mut other_program);
    for told in told {
        assert!(told.contains("another pipeline"), "{told}");
    }
}

#[test]
fn a_process_that_never_comes_or_never_answers_is_told() {
    let folder = Folder::new();
    let (input, output) = (folder.input("text.txt", "to be"), folder.output("counts"));
    let arguments = ["--input", &input, "--output", &output, "--join-limit", "0.3"];

    let hosts = free_hosts(3);
    let told = refused(&folder, &mut host(&folder, &hosts, 0, &arguments));
    assert!(told.contains("waited in vain for processes 1, 2"), "{told}");
    let told = refused(&folder, &mut host(&folder, &hosts, 2, &arguments));
    assert!(told.contains(&format!("cannot reach process 0 at {}", hosts[0])), "{told}");

    // It takes connections, or the system does it for it, and says nothing.
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let hosts = [mute.local_addr().unwrap().to_string(), hosts[1].clone()];
    let told = refused(&folder, &mut host(&folder, &hosts, 1, &arguments));
    assert!(told.contains("process 0") && told.contains("does not answer"), "{told}");

    // It says something, but not what a process of ours would.
    let talking = std::thread::spawn(move || {
        let mut socket = mute.accept().unwrap().0;
        // The first is of the test before.
        let _ = socket.write_all(b"no");
        let mut socket = mute.accept().unwrap().0;
        socket.write_all(&[b'x'; 1000]).unwrap();
        let _ = socket.read(&mut [0; 100]);
    });
    let told = refused(&folder, &mut host(&folder, &hosts, 1, &arguments));
    assert!(told.contains("process 0") && told.contains("not a Watershed process"), "{told}");
    talking.join().unwrap();
}

#[test]
fn strangers_at_the_door_do_not_disturb_a_job() {
    let folder = Folder::new();
    let (input, output) = (folder.input("text.txt", "to be or not to be"), folder.output("counts"));
    let arguments = ["--input", &input, "--output", &output];
    let hosts = free_hosts(2);
    let first = Running::start(&mut host(&folder, &hosts, 0, &arguments));
    let mut strangers = Vec::new();
    for said in
        [&b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"[..], &[0xa5; 5000], b"", b"", b"WTRSHD"]
    {
        let mut stranger = None;
        until("the coordinator's port", || {
            stranger = TcpStream::connect(&hosts[0]).ok();
            stranger.is_some()
        });
        let mut stranger = stranger.unwrap();
        stranger.write_all(said).unwrap();
        strangers.push(stranger);
    }
    let second = Running::start(&mut host(&folder, &hosts, 1, &arguments));
    for ended in [first.end(), second.end()] {
        assert!(ended.status.success(), "{ended:?}");
    }
    assert_eq!(counts(&folder), ["be: 2", "not: 1", "or: 1", "to: 2"]);
    drop(strangers);
}

/// A pipe with a name, into which a thread writes lines until nobody reads them any more.
struct Endless {
    path: String,
    is_open: Arc<AtomicBool>,
    written: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    writing: Option<JoinHandle<()>>,
}

impl Endless {
    fn new(folder: &Folder) -> Self {
        Endless::start(folder, false)
    }

    /// One that can be opened, and then says nothing.
    fn silent(folder: &Folder) -> Self {
        Endless::start(folder, true)
    }

    fn start(folder: &Folder, is_silent: bool) -> Self {
        let path = folder.input_path("pipe");
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        let (is_open, stop) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let written = Arc::new(AtomicU64::new(0));
        let (opened, stopped, counted, to) =
            (is_open.clone(), stop.clone(), written.clone(), path.clone());
        let writing = std::thread::spawn(move || {
            // It is open when there is a reader.
            let mut pipe = File::options().write(true).open(to).unwrap();
            opened.store(true, SeqCst);
            let lines = "to be or not to be\n".repeat(100);
            while !stopped.load(SeqCst) {
                if is_silent {
                    std::thread::park_timeout(Duration::from_millis(5));
                } else if pipe.write_all(lines.as_bytes()).is_err() {
                    return;
                }
                counted.fetch_add(lines.len() as u64, SeqCst);
            }
        });
        Endless { path, is_open, written, stop, writing: Some(writing) }
    }

    /// Waits until so much has been taken that the run must be in its midst: a pipe holds less.
    fn until_read(&self) {
        until("a run in its midst", || self.written.load(SeqCst) >= 300_000);
    }

    /// Waits until a worker has opened it: the next thing that it does is to wait for a line.
    fn until_open(&self) {
        until("a run that reads", || self.is_open.load(SeqCst));
    }
}

impl Drop for Endless {
    fn drop(&mut self) {
        self.stop.store(true, SeqCst);
        if !self.is_open.load(SeqCst) {
            // Nobody came to read: the writer still waits for that.
            let _ = File::open(&self.path);
        }
        if let Some(writing) = self.writing.take() {
            let _ = writing.join();
        }
    }
}

/// What is killed in the midst of a run takes its hidden files to the grave undone, and only those.
fn assert_only_hidden_files_are_left(folder: &Folder, most: usize) {
    let left = folder.outputs();
    assert!(left.iter().all(|name| name.starts_with('.')) && left.len() <= most, "{left:?}");
}

#[test]
fn a_launched_process_that_is_killed_ends_the_job() {
    let folder = Folder::new();
    let (input, output) = (Endless::new(&folder), folder.output("counts"));
    let arguments = ["--input", &input.path, "--output", &output, "--processes", "3"];
    let running = Running::start(&mut wordcount(&folder, &arguments));
    input.until_read();
    let children = running.children();
    assert_eq!(children.len(), 2);
    let killed = Instant::now();
    signal(children[1], "KILL");
    let told = running.end().error();
    assert!(killed.elapsed() < SOON, "{told}");
    assert!(told.contains("lost process"), "{told}");
    assert_only_hidden_files_are_left(&folder, 1);
    until("the end of the others", || children.iter().all(|child| !is_there(*child)));
}

#[test]
fn any_process_that_is_killed_ends_the_others() {
    for victim in [0, 1, 2] {
        let folder = Folder::new();
        let (input, output) = (Endless::new(&folder), folder.output("counts"));
        let arguments = ["--input", &input.path, "--output", &output];
        let hosts = free_hosts(3);
        let mut all: Vec<_> = (0..3)
            .map(|index| Running::start(&mut host(&folder, &hosts, index, &arguments)))
            .collect();
        input.until_read();
        let victim_process = all.remove(victim);
        let killed = Instant::now();
        victim_process.signal("KILL");
        for survivor in all {
            let told = survivor.end().error();
            assert!(killed.elapsed() < SOON, "{told}");
            assert!(told.contains(&format!("lost process {victim} ")), "{told}");
        }
        assert_only_hidden_files_are_left(&folder, 1);
    }
}

#[test]
fn a_coordinator_that_is_killed_leaves_no_process_behind() {
    let folder = Folder::new();
    let (input, output) = (Endless::new(&folder), folder.output("counts"));
    let arguments = ["--input", &input.path, "--output", &output, "--processes", "3"];
    let running = Running::start(&mut wordcount(&folder, &arguments));
    input.until_read();
    let children = running.children();
    running.signal("KILL");
    until("the end of the others", || children.iter().all(|child| !is_there(*child)));
    let ended = running.end();
    assert_eq!(ended.err, "", "launched processes leave the talking to the first");
    assert_only_hidden_files_are_left(&folder, 1);
}

#[test]
fn a_reader_that_waits_for_input_does_not_keep_a_failed_run() {
    let folder = Folder::new();
    let input = Endless::silent(&folder);
    let output = folder.output("counts");
    let arguments = ["--input", &input.path, "--output", &output, "--processes", "2"];
    let running = Running::start(&mut wordcount(&folder, &arguments));
    input.until_open();
    let killed = Instant::now();
    signal(running.children()[0], "KILL");
    let told = running.end().error();
    assert!(killed.elapsed() < SOON, "{told}");
    assert!(told.contains("lost process 1"), "{told}");
}

#[test]
fn bad_input_that_another_process_reads_is_told_once() {
    let folder = Folder::new();
    folder.input("texts/a.txt", "to be or not to be");
    let bad = folder.input("texts/b.txt", b"all's well\ncaf\xe9 au lait\n");
    folder.input("texts/c.txt", "that is the question");
    let (input, output) = (folder.input_path("texts/*.txt"), folder.output("counts"));
    for workers in ["1", "2"] {
        for processes in ["2", "3"] {
            let arguments = ["--input", &input, "--output", &output];
            let more = ["--processes", processes, "--workers", workers];
            let told = refused(&folder, wordcount(&folder, &arguments).args(more));
            assert!(told.starts_with("error: step `text::read/Read` failed: "), "{told}");
            assert!(told.contains(&format!("`{bad}` is not UTF-8 at byte 14")), "{told}");
        }
    }
}

#[test]
fn a_failure_before_the_first_bundle_ends_all() {
    let folder = Folder::new();
    let input = folder.input("text.txt", "to be");
    let output = folder.output("no/such/counts");
    let arguments = ["--input", &input, "--output", &output];
    let told = refused(
        &folder,
        wordcount(&folder, &arguments).args(["--processes", "2", "--workers", "2"]),
    );
    assert!(told.starts_with("error: step `text::write/Write` failed: "), "{told}");
    let missing = folder.input_path("missing.txt");
    let arguments = ["--input", &missing, "--output", &output, "--processes", "3"];
    let told = refused(&folder, &mut wordcount(&folder, &arguments));
    assert!(told.contains(&missing), "{told}");
}

fn assert_cancelled(folder: &Folder, ended: &Ended) {
    assert_eq!(ended.status.code(), Some(130), "{ended:?}");
    assert!(ended.err.contains("cancelling; Ctrl-C again"), "{}", ended.err);
    assert!(ended.err.contains("cancelled, nothing written: "), "{}", ended.err);
    assert!(!ended.err.contains("error"), "{}", ended.err);
    folder.assert_nothing_is_left();
}

#[test]
fn an_interrupt_cancels_all_processes() {
    for processes in ["1", "2", "3"] {
        let folder = Folder::new();
        let (input, output) = (Endless::new(&folder), folder.output("counts"));
        let arguments = ["--input", &input.path, "--output", &output, "--processes", processes];
        let running = Running::start(&mut wordcount(&folder, &arguments));
        input.until_read();
        let children = running.children();
        running.signal("INT");
        assert_cancelled(&folder, &running.end());
        assert!(children.iter().all(|child| !is_there(*child)));
    }
}

#[test]
fn a_terminal_interrupts_all_processes_and_that_is_one_interrupt() {
    for order in [[0, 1, 2], [1, 0, 2], [2, 1, 0]] {
        let folder = Folder::new();
        let (input, output) = (Endless::new(&folder), folder.output("counts"));
        let arguments = ["--input", &input.path, "--output", &output, "--processes", "3"];
        let running = Running::start(&mut wordcount(&folder, &arguments));
        input.until_read();
        let family = [&[running.id()][..], &running.children()].concat();
        let all: Vec<String> = order.iter().map(|place| family[*place].to_string()).collect();
        // Some may have gone already when their turn comes.
        let _ = Command::new("kill").arg("-INT").args(all).output();
        let ended = running.end();
        assert_eq!(ended.status.code(), Some(130), "{ended:?}");
        assert!(ended.err.matches("cancelling; ").count() <= 1, "{}", ended.err);
        assert!(ended.err.contains("cancelled, nothing written: "), "{}", ended.err);
        folder.assert_nothing_is_left();
    }
}

#[test]
fn an_interrupt_of_any_process_cancels_those_that_were_started_by_hand() {
    for interrupted in [0, 2] {
        let folder = Folder::new();
        let (input, output) = (Endless::new(&folder), folder.output("counts"));
        let arguments = ["--input", &input.path, "--output", &output];
        let hosts = free_hosts(3);
        let all: Vec<_> = (0..3)
            .map(|index| Running::start(&mut host(&folder, &hosts, index, &arguments)))
            .collect();
        input.until_read();
        all[interrupted].signal("INT");
        for ended in all.into_iter().map(Running::end) {
            assert_eq!(ended.status.code(), Some(130), "{ended:?}");
        }
        folder.assert_nothing_is_left();
    }
}

#[test]
fn a_process_that_waits_for_others_can_be_interrupted() {
    let folder = Folder::new();
    let (input, output) = (folder.input("text.txt", "to be"), folder.output("counts"));
    let arguments = ["--input", &input, "--output", &output, "--join-limit", "100"];
    let hosts = free_hosts(2);
    let first = Running::start(&mut host(&folder, &hosts, 0, &arguments));
    until("the coordinator's port", || TcpStream::connect(&hosts[0]).is_ok());
    first.signal("INT");
    assert_cancelled(&folder, &first.end());
}

#[test]
fn a_second_interrupt_ends_the_program_at_once() {
    let folder = Folder::new();
    // The reader waits, so that cancelling takes a while.
    let input = Endless::silent(&folder);
    let output = folder.output("counts");
    let arguments = ["--input", &input.path, "--output", &output];
    let running = Running::start(&mut wordcount(&folder, &arguments));
    input.until_open();
    let started = Instant::now();
    while is_there(running.id()) {
        assert!(started.elapsed() < SOON, "it goes on");
        running.signal("INT");
        std::thread::park_timeout(Duration::from_millis(200));
    }
    assert!(started.elapsed() < Duration::from_secs(3), "it ended by itself");
    let ended = running.end();
    assert_eq!(ended.status.code(), Some(130), "{ended:?}");
    assert!(!ended.err.contains("nothing written"), "{}", ended.err);
}
