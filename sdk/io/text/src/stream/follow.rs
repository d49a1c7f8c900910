//! Follows a file, or all files of a directory or a glob.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::{Path, PathBuf},
    time::{Duration as Span, Instant},
};

use serde::{Deserialize, Serialize};
use watershed_model::{
    Advance, Boundedness, BoxError, Budget, Duration, Progress, Reader, Source, SourceOutput,
    Timestamp,
};

use super::{
    followed::{FileId, Followed, Place, cannot_read},
    options::TextStream,
};
use crate::{
    Compression, TextError,
    compression::Format,
    pattern::{self, Found, is_missing},
};

/// Looking at files takes no more than this part of the time.
const LOOKING: u32 = 100;

/// Files that grow, read by one reader, which finds them by itself.
#[derive(Clone)]
pub(super) struct FollowSource {
    pattern: String,
    stream: TextStream,
}

/// The files that are known, each with how far it was read. What comes later is found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct FollowSplit {
    files: Vec<Place>,
    /// The time of the newest line.
    newest: Timestamp,
    /// The time to which the files that have more have come, or the newest if none has.
    holds: Timestamp,
}

impl FollowSource {
    pub(super) fn new(pattern: String, stream: TextStream) -> Self {
        FollowSource { pattern, stream }
    }

    /// The files that can be followed now, by which they are.
    fn find(&self) -> Result<BTreeMap<FileId, PathBuf>, TextError> {
        let found = pattern::find_now(&self.pattern)?;
        let plain = |file: &Found| Compression::Auto.of(&file.path) == Format::Plain;
        let mut files = BTreeMap::new();
        for file in found.into_iter().filter(plain) {
            match fs::metadata(&file.path) {
                Ok(at) => drop(files.entry(FileId::of(&at)).or_insert(file.path)),
                // It went away just now.
                Err(error) if is_missing(&error) => {}
                Err(error) => return Err(cannot_read(&file.path, error)),
            }
        }
        Ok(files)
    }

    /// Sees that there is something to follow, or a place where it can come.
    fn check(&self) -> Result<(), TextError> {
        let path = Path::new(&self.pattern);
        let problem = match fs::metadata(path) {
            Ok(at) if at.is_file() && Compression::Auto.of(path) != Format::Plain => {
                "is compressed"
            }
            Ok(at) if !at.is_file() && !at.is_dir() => "is not a regular file",
            _ => match pattern::find(&self.pattern) {
                Err(TextError::EmptyDirectory { .. }) => return Ok(()),
                Err(TextError::NothingMatches { exists: true, .. }) => return Ok(()),
                found => return found.map(drop),
            },
        };
        Err(TextError::CannotFollow { path: self.pattern.clone(), problem })
    }

    /// Opens a place again: under its name, or under another if the file was rotated meanwhile.
    fn resume(&self, place: Place) -> Result<Followed, TextError> {
        let is_it = |path: &Path| fs::metadata(path).is_ok_and(|at| FileId::of(&at) == place.id);
        let beside = || {
            let directory = place.path.parent()?;
            let directory =
                if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
            let entries = fs::read_dir(directory).ok()?.filter_map(Result::ok);
            entries.map(|entry| entry.path()).find(|path| is_it(path))
        };
        let path = if is_it(&place.path) { Some(place.path.clone()) } else { beside() };
        let path = path.or_else(|| self.find().ok()?.remove(&place.id));
        let file = path.as_ref().map(File::open).transpose();
        let file = file.map_err(|source| cannot_read(&place.path, source))?;
        let path = path.unwrap_or_else(|| place.path.clone());
        Followed::resume(place, path.clone(), file).map_err(|source| cannot_read(&path, source))
    }
}

impl Source for FollowSource {
    type Element = String;
    type Split = FollowSplit;
    type Reader = FollowReader;

    fn describe(&self) -> String {
        format!("text::follow({:?})", self.pattern)
    }

    fn boundedness(&self) -> Boundedness {
        Boundedness::Unbounded
    }

    fn idle_after(&self) -> Option<Duration> {
        self.stream.idle_after
    }

    fn poll_interval(&self) -> Duration {
        self.stream.poll_interval
    }

    fn splits(&self, _: usize) -> Result<Vec<FollowSplit>, BoxError> {
        self.check()?;
        let (newest, holds) = (Timestamp::MIN, Timestamp::MIN);
        Ok(vec![FollowSplit { files: Vec::new(), newest, holds }])
    }

    fn open(&self, split: FollowSplit) -> Result<FollowReader, BoxError> {
        let files = split.files.into_iter().map(|place| self.resume(place));
        Ok(FollowReader {
            source: self.clone(),
            files: files.collect::<Result<_, _>>()?,
            newest: split.newest,
            holds: split.holds,
            now: Timestamp::MIN,
            look_again: None,
            bytes: 0,
        })
    }
}

/// Reads files in turn, and looks what has become of them when they have nothing more.
pub(super) struct FollowReader {
    source: FollowSource,
    files: Vec<Followed>,
    /// The time of the newest line.
    newest: Timestamp,
    /// The time to which the files that have more have come, or the newest if none has.
    holds: Timestamp,
    now: Timestamp,
    /// Files are not looked at before this.
    look_again: Option<Instant>,
    bytes: u64,
}

impl FollowReader {
    fn read(
        &mut self,
        out: &mut SourceOutput<String>,
        budget: Budget,
    ) -> Result<Advance, TextError> {
        let mut elements = budget.elements.max(1);
        loop {
            let mut has_come = false;
            for place in 0..self.files.len() {
                let file = &mut self.files[place];
                let before = file.offset;
                has_come |= file.read(&self.source.stream.rules, &mut elements, out)?;
                self.bytes += file.offset - before;
                if elements == 0 {
                    // The others come first the next time.
                    self.files.rotate_left(place + 1);
                    return Ok(Advance::More);
                }
            }
            if !has_come && !self.look(out)? {
                return Ok(if out.is_empty() { Advance::Idle } else { Advance::More });
            }
        }
    }

    /// Looks what has become of the files, and which are new. Whether there is something to read.
    fn look(&mut self, out: &mut SourceOutput<String>) -> Result<bool, TextError> {
        let began = Instant::now();
        if self.look_again.is_some_and(|at| began < at) {
            return Ok(false);
        }
        let mut found = self.source.find()?;
        let rules = &self.source.stream.rules;
        let mut has_more = false;
        let mut at = 0;
        while at < self.files.len() {
            let file = &mut self.files[at];
            has_more |= file.look_whether_cut(rules, out)?;
            match found.remove(&file.id) {
                Some(path) => (file.path, file.gone_since) = (path, None),
                None => {
                    let since = *file.gone_since.get_or_insert(self.now);
                    let is_over = self.now.since(since) >= self.source.stream.linger;
                    if file.is_at_end && (is_over || file.is_lost()) {
                        file.end_line(rules, out)?;
                        self.newest = self.newest.max(file.newest);
                        self.files.remove(at);
                        continue;
                    }
                }
            }
            at += 1;
        }
        for (id, path) in found {
            match File::open(&path).and_then(|file| Ok((FileId::of(&file.metadata()?), file))) {
                // Another came under this name just now, and is found the next time.
                Ok((opened, _)) if opened != id => {}
                Ok((_, file)) => {
                    has_more = true;
                    self.files.push(Followed::new(path, id, file));
                }
                Err(error) if is_missing(&error) => {}
                Err(error) => return Err(cannot_read(&path, error)),
            }
        }
        let took: Span = began.elapsed();
        self.look_again = Some(Instant::now() + took.saturating_mul(LOOKING - 1));
        Ok(has_more)
    }

    /// Sees how far the files have come in time. One that has more is as far behind as it is; one that
    /// has not holds nobody.
    fn look_at_times(&mut self) {
        self.newest = self.files.iter().map(|file| file.newest).fold(self.newest, Timestamp::max);
        if self.look_again.is_some() {
            let with_more = self.files.iter().filter(|file| !file.is_at_end);
            self.holds = with_more.map(|file| file.newest).min().unwrap_or(self.newest);
        }
    }
}

impl Reader<String, FollowSplit> for FollowReader {
    fn advance(
        &mut self,
        out: &mut SourceOutput<String>,
        budget: Budget,
    ) -> Result<Advance, BoxError> {
        self.now = out.now();
        let advance = self.read(out, budget)?;
        self.look_at_times();
        Ok(advance)
    }

    fn position(&self) -> FollowSplit {
        let files = self.files.iter().map(Followed::place).collect();
        FollowSplit { files, newest: self.newest, holds: self.holds }
    }

    fn watermark(&self) -> Timestamp {
        let waiting = self.files.iter().filter_map(Followed::waiting).min();
        self.source.stream.rules.times.watermark(self.holds, waiting, self.now)
    }

    fn progress(&self) -> Progress {
        Progress { done: self.bytes }
    }
}
