//! Putting an output together from the workers' parts, so that doing it twice is doing it once.
//!
//! ```text
//!   parts of a shard: one      → give it the shard's name
//!                     several  → copy them into one new hidden file, give that the name
//!                     none     → make an empty one, give that the name
//! ```
//! Everything that can fail for want of space happens before the first name is given. What remains is
//! renaming, which a file system does one file at a time: a machine that dies in between leaves some
//! shards new and some not, and the repeated commit goes on from there. Parts that were copied are
//! removed last. So if a part is gone, its shard must be complete, and its length tells whether it is.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use crate::{
    TextPart,
    compression::{Encoder, Format},
    error::TextError,
    target::{Files, Target},
};

/// A shard that is complete and lacks only its name.
enum Staged {
    /// It has its name already.
    Done,
    Part(PathBuf),
    New(NamedTempFile),
}

pub(crate) fn to_files(
    target: &Target,
    files: &Files,
    shards: Option<usize>,
    format: Format,
    prepared: Vec<TextPart>,
) -> Result<(), TextError> {
    let cannot_write = |error| target.cannot_write(error);
    let of = shards.or(prepared.first().map(|part| part.of)).unwrap_or(1);
    let mut by_shard: BTreeMap<usize, Vec<TextPart>> = (0..of).map(|i| (i, Vec::new())).collect();
    for part in prepared {
        by_shard.entry(part.shard).or_default().push(part);
    }
    let mut staged = Vec::with_capacity(of);
    for (shard, parts) in &mut by_shard {
        parts.sort_by_key(|part| part.worker);
        let name = files.shard(*shard, of);
        if name.is_dir() {
            return Err(TextError::IsDirectory { path: name.display().to_string() });
        }
        staged.push((stage(target, *shard, &name, format, parts)?, name));
    }
    for (shard, name) in staged {
        match shard {
            Staged::Done => {}
            Staged::Part(path) => fs::rename(path, name).map_err(cannot_write)?,
            Staged::New(file) => {
                file.persist(name).map_err(|error| cannot_write(error.error))?;
            }
        }
    }
    // The names are durable only when the directory is; elsewhere than on Unix it cannot be opened.
    #[cfg(unix)]
    File::open(&files.directory)
        .and_then(|directory| directory.sync_all())
        .map_err(cannot_write)?;
    by_shard.values().flatten().for_each(TextPart::remove);
    Ok(())
}

/// Completes a shard.
fn stage(
    target: &Target,
    shard: usize,
    name: &Path,
    format: Format,
    parts: &[TextPart],
) -> Result<Staged, TextError> {
    let cannot_write = |error| target.cannot_write(error);
    if let Some(gone) = find_missing(target, parts)? {
        let bytes = parts.iter().map(|part| part.bytes).sum::<u64>();
        let is_done = fs::metadata(name).is_ok_and(|at| at.is_file() && at.len() == bytes);
        return if is_done { Ok(Staged::Done) } else { Err(target.missing_part(&gone.path)) };
    }
    if let [part] = parts {
        return Ok(Staged::Part(part.path.clone()));
    }
    let mut file = target.create_part(shard)?;
    let mut fill = || {
        match parts {
            [] => {
                Encoder::new(format, &mut file)?.finish()?;
            }
            parts => copy(parts, file.as_file_mut())?,
        }
        file.as_file().sync_all()
    };
    fill().map_err(cannot_write)?;
    Ok(Staged::New(file))
}

/// The first part that is not there any more.
fn find_missing<'a>(
    target: &Target,
    parts: &'a [TextPart],
) -> Result<Option<&'a TextPart>, TextError> {
    for part in parts {
        match fs::metadata(&part.path) {
            Ok(at) if at.len() == part.bytes => {}
            Ok(_) => return Err(target.missing_part(&part.path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Some(part)),
            Err(source) => {
                return Err(TextError::CannotRead {
                    path: part.path.display().to_string(),
                    source,
                });
            }
        }
    }
    Ok(None)
}

fn copy(parts: &[TextPart], to: &mut impl Write) -> io::Result<()> {
    for part in parts {
        io::copy(&mut File::open(&part.path)?, to)?;
    }
    to.flush()
}

/// Writes all to standard output. If its reader has gone, it had enough.
pub(crate) fn to_stdout(target: &Target, prepared: Vec<TextPart>) -> Result<(), TextError> {
    once(target, prepared, |parts| match copy(parts, &mut io::stdout().lock()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    })
}

/// Writes all into something that exists.
pub(crate) fn to_stream(
    target: &Target,
    path: &Path,
    prepared: Vec<TextPart>,
) -> Result<(), TextError> {
    once(target, prepared, |parts| copy(parts, &mut OpenOptions::new().write(true).open(path)?))
}

/// A stream cannot be asked what was written to it: that no part is left means that all were.
fn once(
    target: &Target,
    mut parts: Vec<TextPart>,
    write: impl FnOnce(&[TextPart]) -> io::Result<()>,
) -> Result<(), TextError> {
    parts.sort_by_key(|part| part.worker);
    let is_done = !parts.is_empty() && !parts.iter().any(|part| part.path.exists());
    if is_done {
        return Ok(());
    }
    if let Some(gone) = find_missing(target, &parts)? {
        return Err(target.missing_part(&gone.path));
    }
    write(&parts).map_err(|error| target.cannot_write(error))?;
    parts.iter().for_each(TextPart::remove);
    Ok(())
}
