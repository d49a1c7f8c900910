//! Which files a pattern means: one that exists, all in a directory, or those that match a glob.
//!
//! Names that begin with a dot are skipped, as a shell does, unless the pattern itself has a part that
//! begins with one. The sink's hidden part files are never read.

use std::{
    fs, io,
    path::{Component, Path, PathBuf},
};

use globset::GlobBuilder;
use walkdir::{DirEntry, WalkDir};

use crate::{error::TextError, target};

/// A file to read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    /// Its length, if it is a regular file: what is not (a pipe, a device) has none.
    pub(crate) bytes: Option<u64>,
}

/// Finds the files, sorted by path. Never empty.
pub(crate) fn find(pattern: &str) -> Result<Vec<Found>, TextError> {
    match fs::metadata(pattern) {
        Ok(at) if at.is_dir() => {
            let found = walk(Path::new(pattern), usize::MAX, false, |_| true)?;
            if found.is_empty() {
                return Err(TextError::EmptyDirectory { path: pattern.to_owned() });
            }
            Ok(found)
        }
        Ok(at) => {
            let bytes = at.is_file().then_some(at.len());
            Ok(vec![Found { path: PathBuf::from(pattern), bytes }])
        }
        Err(error) if !is_missing(&error) => {
            Err(TextError::CannotRead { path: pattern.to_owned(), source: error })
        }
        Err(_) => find_matches(pattern),
    }
}

/// Finds the files that are there now, which may be none.
pub(crate) fn find_now(pattern: &str) -> Result<Vec<Found>, TextError> {
    match find(pattern) {
        Err(
            TextError::Missing { .. }
            | TextError::EmptyDirectory { .. }
            | TextError::NothingMatches { .. },
        ) => Ok(Vec::new()),
        found => found,
    }
}

fn find_matches(pattern: &str) -> Result<Vec<Found>, TextError> {
    let (root, rest) = cut_at_first_wildcard(pattern);
    if rest.is_empty() {
        return Err(TextError::Missing { path: pattern.to_owned() });
    }
    let glob = GlobBuilder::new(rest)
        .literal_separator(true) // `*` stays within a directory
        .empty_alternates(true) // `*.txt{,.gz}`
        .build()
        .map_err(|error| TextError::BadPattern {
            pattern: pattern.to_owned(),
            reason: error.kind().to_string(),
        })?
        .compile_matcher();
    let with_hidden = rest.split(['/', '{', ',']).any(|part| part.starts_with('.'));
    let looked_in = if root.is_empty() { Path::new(".") } else { Path::new(root) };
    let exists = looked_in.is_dir();
    let found = match exists {
        true => walk(looked_in, depth(rest), with_hidden, |path| glob.is_match(path))?,
        false => Vec::new(),
    };
    if found.is_empty() {
        let (pattern, looked_in) = (pattern.to_owned(), looked_in.to_owned());
        return Err(TextError::NothingMatches { pattern, looked_in, exists });
    }
    Ok(found)
}

/// The longest directory without a wildcard, and the rest. No rest if there is no wildcard.
fn cut_at_first_wildcard(pattern: &str) -> (&str, &str) {
    let Some(wildcard) = pattern.find(['*', '?', '[', '{', '\\']) else {
        return (pattern, "");
    };
    match pattern[..wildcard].rfind('/') {
        Some(0) => ("/", pattern.trim_start_matches('/')),
        Some(slash) => (&pattern[..slash], pattern[slash..].trim_start_matches('/')),
        None => ("", pattern),
    }
}

/// How deep below its root a glob can match; braces that hold a slash are not counted out.
fn depth(glob: &str) -> usize {
    let braced = glob.split('{').skip(1).filter_map(|from| from.split('}').next());
    if glob.contains("**") || braced.into_iter().any(|alternatives| alternatives.contains('/')) {
        return usize::MAX;
    }
    glob.split('/').count()
}

/// Regular files under `root` whose path from there is accepted, sorted. Links are followed.
fn walk(
    root: &Path,
    depth: usize,
    with_hidden: bool,
    accepts: impl Fn(&Path) -> bool,
) -> Result<Vec<Found>, TextError> {
    let is_skipped = |path: &Path| is_hidden(path) && (!with_hidden || target::is_temporary(path));
    let entries = WalkDir::new(root)
        .follow_links(true)
        .max_depth(depth)
        .into_iter()
        .filter_entry(|entry: &DirEntry| entry.depth() == 0 || !is_skipped(entry.path()));
    let mut found = Vec::new();
    for entry in entries {
        let of_entry = entry.and_then(|entry| entry.metadata().map(|at| (entry, at)));
        let (entry, at) = match of_entry {
            Ok(of_entry) => of_entry,
            // A link to a directory that it is in: all there is to see was seen.
            Err(error) if error.loop_ancestor().is_some() => continue,
            Err(error) => {
                let path = error.path().unwrap_or(root).to_owned();
                let source = error.into_io_error().unwrap_or_else(|| io::ErrorKind::Other.into());
                let is_unwanted = || is_skipped(&path) || !accepts(below(&path, root));
                // What is gone since its directory was read was not there, even if another has come in its
                // place by now; the same of the root, which was there before. A broken link is there.
                let is_link = || path.symlink_metadata().is_ok_and(|at| at.is_symlink());
                if is_missing(&source) && (path == root || is_unwanted() || !is_link()) {
                    continue;
                }
                return Err(TextError::CannotList { path: path.display().to_string(), source });
            }
        };
        let below = below(entry.path(), root);
        if at.is_file() && accepts(below) {
            let path = if is_here(root) { below } else { entry.path() };
            found.push(Found { path: path.to_owned(), bytes: Some(at.len()) });
        }
    }
    found.sort();
    Ok(found)
}

fn below<'a>(path: &'a Path, root: &Path) -> &'a Path {
    path.strip_prefix(root).unwrap_or(path)
}

/// Whether the root is written as the working directory, which paths need not repeat.
fn is_here(root: &Path) -> bool {
    root.components().all(|part| part == Component::CurDir)
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

pub(crate) fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidFilename
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_walk_starts_at_the_longest_directory_without_a_wildcard() {
        assert_eq!(cut_at_first_wildcard("plays/*.txt"), ("plays", "*.txt"));
        assert_eq!(cut_at_first_wildcard("a//b/x[12]/*.txt"), ("a//b", "x[12]/*.txt"));
        assert_eq!(cut_at_first_wildcard("/var//**/*.log"), ("/var/", "**/*.log"));
        assert_eq!(cut_at_first_wildcard("/*.log"), ("/", "*.log"));
        assert_eq!(cut_at_first_wildcard("*.txt"), ("", "*.txt"));
        assert_eq!(cut_at_first_wildcard("a/b.txt"), ("a/b.txt", ""));
    }

    #[test]
    fn files_and_directories_that_go_and_come_while_one_looks_are_no_error() {
        let folder = tempfile::tempdir().unwrap();
        let logs = folder.path().join("logs");
        fs::create_dir_all(logs.join("deep")).unwrap();
        let patterns = [logs.to_str().unwrap().to_owned(), format!("{}/**/*.log", logs.display())];
        let rotates = std::thread::spawn(move || {
            let moved = logs.with_file_name("moved");
            let logs_again = || {
                fs::rename(&logs, &moved).unwrap();
                fs::rename(&moved, &logs).unwrap();
            };
            for _ in 0..2_000 {
                fs::write(logs.join("deep/a.log"), "").unwrap();
                fs::rename(logs.join("deep/a.log"), logs.join("deep/a.log.1")).unwrap();
                fs::write(logs.join("deep/a.log"), "").unwrap();
                fs::remove_dir_all(logs.join("deep")).unwrap();
                fs::create_dir(logs.join("deep")).unwrap();
                logs_again();
            }
        });
        while !rotates.is_finished() {
            for pattern in &patterns {
                find_now(pattern).unwrap();
            }
        }
        rotates.join().unwrap();
    }

    #[test]
    fn the_walk_is_no_deeper_than_the_glob() {
        assert_eq!(depth("*.txt"), 1);
        assert_eq!(depth("*/{a,b}/x"), 3);
        assert_eq!(depth("{a/b,c}/x"), usize::MAX);
        assert_eq!(depth("**/x"), usize::MAX);
    }
}
