//! Where an output goes: to files in a directory, or into one stream.

use std::{
    env,
    ffi::{OsStr, OsString},
    fs, io,
    path::{self, Path, PathBuf},
};

use tempfile::NamedTempFile;

use crate::error::TextError;

/// Standard output's names. Following the link `/dev/stdout` to a file, to write another one in its
/// place, would not be what was meant.
const STDOUT: [&str; 4] = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];

/// What is wrong with the options of a write, and the mend.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    pub(crate) problem: String,
    pub(crate) mend: &'static str,
}

/// Checks what can be checked without looking at any file system.
pub(crate) fn validate(path: &str, shards: Option<usize>) -> Result<(), Mistake> {
    let mistake = |problem: String, mend| Err(Mistake { problem, mend });
    if shards == Some(0) {
        return mistake(
            format!("`{path}` cannot be written in 0 shards"),
            "ask for at least one, or leave out `.shards(..)` to let each worker write one",
        );
    }
    if path.is_empty() {
        return mistake("the output has no path".into(), "name a file, or `-` for standard output");
    }
    if path.ends_with('/') || Path::new(path).file_name().is_none() {
        return mistake(format!("`{path}` is the name of a directory"), "name a file in it");
    }
    if STDOUT.contains(&path) && shards.is_some_and(|shards| shards > 1) {
        return mistake(
            "standard output cannot be written in shards".into(),
            "leave out `.shards(..)`",
        );
    }
    Ok(())
}

/// An output, looked up.
#[derive(Debug)]
pub(crate) struct Target {
    /// As the author wrote it, for messages.
    path: String,
    pub(crate) place: Place,
}

/// Where an output goes.
#[derive(Debug)]
pub(crate) enum Place {
    Stdout,
    /// Something that exists and is not a regular file: a pipe, a device.
    Stream(PathBuf),
    Files(Files),
}

/// Files in a directory.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) directory: PathBuf,
    name: OsString,
    /// Whether the name is the only shard's, without a number.
    is_single: bool,
}

impl Target {
    /// What the path means now.
    pub(crate) fn of(path: &str, shards: Option<usize>) -> Result<Target, TextError> {
        validate(path, shards)
            .map_err(|Mistake { problem, mend }| TextError::BadOptions { problem, mend })?;
        let place = match STDOUT.contains(&path) {
            true => Place::Stdout,
            false => Place::of(path, shards)?,
        };
        Ok(Target { path: path.to_owned(), place })
    }

    /// Makes a file for a part of a shard, which vanishes unless it is kept: beside the output, so that
    /// a new name is all it needs, or where temporary files go if it will be copied into a stream.
    pub(crate) fn create_part(&self, shard: usize) -> Result<NamedTempFile, TextError> {
        let part = match &self.place {
            Place::Files(files) => create_temporary(&files.directory, &files.name, shard),
            Place::Stdout | Place::Stream(_) => {
                create_temporary(&env::temp_dir(), OsStr::new("output"), shard)
            }
        };
        part.map_err(|error| self.cannot_write_part(error))
    }

    /// The error of writing the output itself.
    pub(crate) fn cannot_write(&self, source: io::Error) -> TextError {
        TextError::CannotWrite { path: self.path.clone(), source }
    }

    /// The error of writing a part of it.
    pub(crate) fn cannot_write_part(&self, source: io::Error) -> TextError {
        match self.place {
            Place::Files(_) => self.cannot_write(source),
            Place::Stdout | Place::Stream(_) => {
                let (path, directory) = (self.path.clone(), env::temp_dir());
                TextError::CannotKeep { path, directory, source }
            }
        }
    }

    /// The error of a part that is not there.
    pub(crate) fn missing_part(&self, part: &Path) -> TextError {
        TextError::MissingPart { path: self.path.clone(), part: part.to_owned() }
    }

    /// The error of a second epoch.
    pub(crate) fn several_epochs(&self) -> TextError {
        TextError::SeveralEpochs { path: self.path.clone() }
    }
}

impl Place {
    fn of(path: &str, shards: Option<usize>) -> Result<Place, TextError> {
        let cannot_write = |source| TextError::CannotWrite { path: path.to_owned(), source };
        let is_single = shards == Some(1);
        let mut place = path::absolute(path).map_err(cannot_write)?;
        match fs::metadata(path) {
            Ok(at) if at.is_dir() => {
                return Err(TextError::IsDirectory { path: path.to_owned() });
            }
            Ok(at) if !at.is_file() && shards.is_some_and(|shards| shards > 1) => {
                return Err(TextError::ShardedStream { path: path.to_owned() });
            }
            Ok(at) if !at.is_file() => return Ok(Place::Stream(place)),
            // The file that a link leads to is replaced, and the link stays.
            Ok(_) if is_single => place = fs::canonicalize(&place).map_err(cannot_write)?,
            Ok(_) | Err(_) => {}
        }
        let (Some(directory), Some(name)) = (place.parent(), place.file_name()) else {
            return Err(TextError::IsDirectory { path: path.to_owned() });
        };
        if !directory.is_dir() {
            let directory = Path::new(path).parent().unwrap_or(directory).to_owned();
            return Err(TextError::NoDirectory { path: path.to_owned(), directory });
        }
        let (directory, name) = (directory.to_owned(), name.to_owned());
        Ok(Place::Files(Files { directory, name, is_single }))
    }
}

impl Files {
    /// The final name of a shard.
    pub(crate) fn shard(&self, shard: usize, of: usize) -> PathBuf {
        let mut name = self.name.clone();
        if !self.is_single {
            name.push(format!("-{shard:05}-of-{of:05}"));
        }
        self.directory.join(name)
    }
}

const MARK: &str = ".watershed-";
const END: &str = ".tmp";

/// Makes a hidden file `.NAME.watershed-RANDOM-SHARD.tmp`.
fn create_temporary(directory: &Path, name: &OsStr, shard: usize) -> io::Result<NamedTempFile> {
    let mut start = OsString::from(".");
    start.push(name);
    start.push(MARK);
    let end = format!("-{shard:05}{END}");
    let mut builder = tempfile::Builder::new();
    builder.prefix(&start).suffix(&end);
    // What will be the output must be as readable as any file that the user makes.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(directory)
}

/// Whether a file is such a one, by its name.
pub(crate) fn is_temporary(path: &Path) -> bool {
    path.file_name()
        .and_then(OsStr::to_str)
        .is_some_and(|name| name.starts_with('.') && name.contains(MARK) && name.ends_with(END))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_written_is_known_without_looking() {
        let problem = |path, shards| validate(path, shards).unwrap_err().problem;
        assert!(problem("a.txt", Some(0)).contains("`a.txt`"));
        assert!(problem("", None).contains("no path"));
        assert!(problem("out/", None).contains("`out/`"));
        assert!(problem("..", None).contains("`..`"));
        assert!(problem("-", Some(2)).contains("standard output"));
        assert_eq!(validate("-", Some(1)), Ok(()));
        assert_eq!(validate("out/a.txt", Some(7)), Ok(()));
    }

    #[test]
    fn temporary_files_are_hidden_and_known() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("counts.txt");
        let target = Target::of(path.to_str().unwrap(), None).unwrap();
        let part = target.create_part(3).unwrap();
        let name = part.path().file_name().unwrap().to_str().unwrap().to_owned();
        assert!(
            name.starts_with(".counts.txt.watershed-") && name.ends_with("-00003.tmp"),
            "{name}"
        );
        assert!(is_temporary(part.path()));
        assert!(!is_temporary(Path::new(".watershed-.txt")));
    }
}
