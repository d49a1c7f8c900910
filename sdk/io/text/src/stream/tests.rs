//! What happens to files and connections while they are read, step by step.

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::{Arc, mpsc::channel},
    task::{Wake, Waker},
    time::Instant,
};

use tempfile::{TempDir, tempdir};
use watershed_model::{
    Advance, AnyReader, AnySource, BoxError, Budget, Timestamp, TimestampPolicy, erase_source,
    micros, millis, seconds,
};

use super::{
    feed::FeedSource,
    follow::FollowSource,
    options::{TextStream, follow, read_socket},
};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

/// A followed pattern, and a clock.
struct Following {
    folder: TempDir,
    source: Arc<dyn AnySource>,
    reader: Box<dyn AnyReader>,
    now: Timestamp,
}

impl Following {
    fn start(
        pattern: &str,
        files: &[(&str, &str)],
        options: impl Fn(TextStream) -> TextStream,
    ) -> Self {
        let folder = tempdir().unwrap();
        files.iter().for_each(|(name, text)| fs::write(folder.path().join(name), text).unwrap());
        let pattern = folder.path().join(pattern).to_str().unwrap().to_owned();
        let stream = options(follow(&pattern).poll_interval(micros(1)).linger(seconds(10)));
        let source = erase_source(FollowSource::new(pattern, stream));
        let reader = source.open(&source.splits(4).unwrap()[0]).unwrap();
        Following { folder, source, reader, now: at(0) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn append(&self, name: &str, text: &str) {
        let file = OpenOptions::new().append(true).create(true).open(self.path(name));
        file.unwrap().write_all(text.as_bytes()).unwrap();
    }

    fn try_lines(&mut self, elements: usize) -> Result<(Vec<String>, Advance), BoxError> {
        let budget = Budget { elements, ..Budget::default() };
        let (bundle, _, advance) = self.reader.advance(budget, self.now)?;
        Ok((bundle.downcast::<String>().values, advance))
    }

    /// All lines that there are. How soon files are looked at again depends on how long looking took; a
    /// reader that is opened anew looks at once.
    fn lines(&mut self) -> Vec<String> {
        let mut all = Vec::new();
        loop {
            self.reopen();
            let before = all.len();
            while let (lines, Advance::More) = self.try_lines(3).unwrap() {
                all.extend(lines);
            }
            if all.len() == before {
                return all;
            }
        }
    }

    fn reopen(&mut self) {
        self.reader = self.source.open(&self.reader.position().unwrap()).unwrap();
    }
}

#[test]
fn half_a_line_waits_for_its_end() {
    let mut followed = Following::start("a.log", &[("a.log", "one\ntw")], |stream| stream);
    assert_eq!(followed.lines(), ["one"]);
    assert_eq!(followed.lines(), [""; 0]);
    followed.append("a.log", "o\r\nthree\n");
    assert_eq!(followed.lines(), ["two", "three"]);
}

/// Moves on without opening the reader anew, until so many lines have come.
fn read_on(followed: &mut Following, lines: usize) -> Vec<String> {
    let (mut all, began) = (Vec::new(), Instant::now());
    while all.len() < lines {
        assert!(began.elapsed().as_secs() < 20, "so far there are {all:?}");
        all.extend(followed.try_lines(2).unwrap().0);
    }
    all
}

/// What comes when the clock goes on.
fn later(followed: &mut Following) -> Vec<String> {
    let began = Instant::now();
    loop {
        assert!(began.elapsed().as_secs() < 20, "nothing comes");
        followed.now = followed.now + seconds(1);
        let (lines, _) = followed.try_lines(9).unwrap();
        if !lines.is_empty() {
            return lines;
        }
    }
}

#[test]
fn a_file_that_is_rotated_is_read_to_its_end_and_the_new_one_from_its_beginning() {
    let mut followed = Following::start("a.log", &[("a.log", "one\n")], |stream| stream);
    assert_eq!(read_on(&mut followed, 1), ["one"]);
    let mut old = OpenOptions::new().append(true).open(followed.path("a.log")).unwrap();
    fs::rename(followed.path("a.log"), followed.path("a.log.1")).unwrap();
    followed.append("a.log", "three\n");
    old.write_all(b"two\nhalf").unwrap();
    let mut lines = read_on(&mut followed, 2);
    lines.sort();
    assert_eq!(lines, ["three", "two"]);
    // Whoever wrote it has not noticed yet.
    old.write_all(b" a line\nthe last").unwrap();
    assert_eq!(read_on(&mut followed, 1), ["half a line"]);
    followed.append("a.log", "four\n");
    assert_eq!(read_on(&mut followed, 1), ["four"]);
    // Opened anew it is found under its other name.
    followed.reopen();
    assert_eq!(later(&mut followed), ["the last"]);
}

#[test]
fn a_file_that_is_truncated_is_read_from_its_beginning() {
    let mut followed = Following::start("a.log", &[("a.log", "one\nhalf")], |stream| stream);
    assert_eq!(read_on(&mut followed, 1), ["one"]);
    File::create(followed.path("a.log")).unwrap().write_all(b"two\n").unwrap();
    assert_eq!(read_on(&mut followed, 2), ["half", "two"]);
    File::create(followed.path("a.log")).unwrap();
    assert_eq!(followed.lines(), [""; 0]);
    followed.append("a.log", "three\n");
    assert_eq!(followed.lines(), ["three"]);
}

#[test]
fn a_file_that_vanishes_is_waited_for() {
    let mut followed = Following::start("a.log", &[("a.log", "one\nhalf")], |stream| stream);
    assert_eq!(read_on(&mut followed, 1), ["one"]);
    fs::remove_file(followed.path("a.log")).unwrap();
    assert_eq!(later(&mut followed), ["half"]);
    followed.append("a.log", "two\n");
    assert_eq!(read_on(&mut followed, 1), ["two"]);
    // One that vanishes while nobody reads it ends with what was seen of it.
    followed.append("a.log", "rest");
    assert_eq!(followed.lines(), [""; 0]);
    fs::remove_file(followed.path("a.log")).unwrap();
    followed.reopen();
    assert_eq!(read_on(&mut followed, 1), ["rest"]);
}

#[test]
fn files_of_a_directory_are_found_when_they_come() {
    let files = [("a.log", "a\n"), ("old.log.gz", "no text"), (".hidden", "no\n")];
    let mut followed = Following::start("", &files, |stream| stream);
    assert_eq!(followed.lines(), ["a"]);
    fs::create_dir(followed.path("deep")).unwrap();
    followed.append("deep/b.log", "b\n");
    followed.append("c.log", "c\n");
    let mut lines = followed.lines();
    lines.sort();
    assert_eq!(lines, ["b", "c"]);
    // A rotation within what is followed is the same file.
    fs::rename(followed.path("a.log"), followed.path("a.log.1")).unwrap();
    followed.append("a.log.1", "more\n");
    assert_eq!(followed.lines(), ["more"]);
}

#[test]
fn each_kind_of_time_has_its_watermark() {
    let time_of = |line: &str| line.parse().ok().map(at);
    let files = [("a.log", "5\n7\n"), ("b.log", "1\nnone\n2\n3\n")];
    let mut followed =
        Following::start("*.log", &files, |stream| stream.event_time(time_of, seconds(1)));
    // A file that has more is as far behind as it is.
    let (lines, _) = followed.try_lines(3).unwrap();
    assert_eq!(lines.len(), 3);
    assert!(followed.reader.watermark() <= at(1), "{}", followed.reader.watermark());
    assert_eq!(followed.lines().len(), 2);
    assert_eq!(followed.reader.watermark(), at(6));

    for policy in [TimestampPolicy::ingestion_time(), TimestampPolicy::processing_time()] {
        let is_ingestion = format!("{policy:?}") == "ingestion time";
        let files = [("a.log", "1\n2\n3\n")];
        let mut followed = Following::start("a.log", &files, |mut stream| {
            stream.rules.times = policy.clone();
            stream
        });
        followed.now = at(100);
        let budget = Budget { elements: 2, ..Budget::default() };
        let mut times = Vec::new();
        for now in [100, 200, 300] {
            let (bundle, _, _) = followed.reader.advance(budget, at(now)).unwrap();
            let bundle = bundle.downcast::<String>();
            let timestamps = &bundle.metadata.timestamps;
            times.extend((0..bundle.values.len()).map(|line| timestamps.get(line)));
            times.push(followed.reader.watermark());
        }
        match is_ingestion {
            true => assert_eq!(times, [100, 100, 100, 100, 200, 300].map(at)),
            false => assert_eq!(times, [100, 100, 100, 200, 200, 300].map(at)),
        }
    }
}

#[test]
fn what_cannot_be_followed_is_an_error_that_says_what_to_do() {
    let folder = tempdir().unwrap();
    let gz = folder.path().join("a.gz");
    fs::write(&gz, "").unwrap();
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    for (pattern, told) in [
        (text(&folder.path().join("none.log")), "there is no file or directory"),
        (text(&folder.path().join("none/*.log")), "which does not exist"),
        (text(&gz), "is compressed; follow a plain file"),
        ("/dev/null".to_owned(), "is not a regular file; follow"),
        ("[".to_owned(), "cannot be understood"),
    ] {
        let source = erase_source(FollowSource::new(pattern.clone(), follow(&pattern)));
        let error = source.splits(1).unwrap_err().to_string();
        assert!(error.contains(told), "{pattern}: {error}");
    }
    // A directory or a glob may be empty at first.
    for pattern in [text(folder.path()), text(&folder.path().join("*.log"))] {
        erase_source(FollowSource::new(pattern.clone(), follow(&pattern))).splits(1).unwrap();
    }
}

#[test]
fn bad_lines_are_errors_by_name_and_long_ones_before_they_end() {
    let mut followed = Following::start("a.log", &[("a.log", "a\n")], |s| s.max_line_bytes(4));
    assert_eq!(followed.lines(), ["a"]);
    followed.append("a.log", "toolong");
    let error = followed.try_lines(9).unwrap_err().to_string();
    assert!(error.contains("a.log has a line that is longer than 4 bytes"), "{error}");
    let mut followed = Following::start("a.log", &[("a.log", "")], |stream| stream);
    fs::write(followed.path("a.log"), b"\xff\xfe\n").unwrap();
    let error = followed.try_lines(9).unwrap_err().to_string();
    assert!(error.contains("a.log has a line that is not UTF-8"), "{error}");
}

/// Tells that it was woken.
struct Tell(std::sync::Mutex<std::sync::mpsc::Sender<()>>);

impl Wake for Tell {
    fn wake(self: Arc<Self>) {
        let _ = self.0.lock().unwrap().send(());
    }
}

/// All lines of a connection to one who does `serve`; asked only when the reader wakes.
fn lines_of_connection(
    serve: impl FnOnce(TcpStream) + Send + 'static,
) -> Result<Vec<String>, String> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = std::thread::spawn(move || serve(listener.accept().unwrap().0));
    let source = erase_source(FeedSource(Arc::new(read_socket(address).poll_interval(millis(1)))));
    let mut reader = source.open(&source.splits(4).unwrap()[0]).unwrap();
    let (tell, told) = channel();
    reader.wake_by(&Waker::from(Arc::new(Tell(tell.into()))));
    let mut all = Vec::new();
    loop {
        let (bundle, _, advance) =
            reader.advance(Budget { elements: 1, bytes: 1 }, at(0)).map_err(|e| e.to_string())?;
        all.extend(bundle.downcast::<String>().values);
        match advance {
            Advance::More => {}
            // The waker is set before the thread can have sent what is not yet seen, or just now.
            Advance::Idle => drop(told.recv_timeout(std::time::Duration::from_millis(100))),
            Advance::End => break,
        }
    }
    server.join().unwrap();
    assert!(source.open(&reader.position().unwrap()).is_err(), "it was read twice");
    Ok(all)
}

#[test]
fn the_end_of_a_connection_ends_it_and_half_a_line_before_it_is_an_element() {
    let lines = lines_of_connection(|mut stream| stream.write_all(b"one\ntwo\nhal").unwrap());
    assert_eq!(lines.unwrap(), ["one", "two", "hal"]);
    assert_eq!(lines_of_connection(drop).unwrap(), [""; 0]);
    let many: Vec<u8> = (0..200_000).flat_map(|n| format!("{n}\n").into_bytes()).collect();
    let lines = lines_of_connection(move |mut stream| stream.write_all(&many).unwrap()).unwrap();
    assert!(lines.iter().map(|n| n.parse::<u32>().unwrap()).eq(0..200_000));
}

#[test]
fn nobody_who_listens_is_an_error_that_names_the_address() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let source = erase_source(FeedSource(Arc::new(read_socket(&address))));
    let error = source.open(&source.splits(1).unwrap()[0]).err().unwrap().to_string();
    assert!(error.contains(&format!("cannot connect to `{address}`")), "{error}");
    assert!(error.contains("start what listens there first"), "{error}");
}
