//! Paths in splits and parts, for `#[serde(with = "path_bytes")]`.
//!
//! serde writes a `PathBuf` as text and refuses one that is not UTF-8, which a directory may well
//! hold. As an `OsString` any path survives, between processes of one operating system.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(crate) fn serialize<S: Serializer>(path: &Path, to: S) -> Result<S::Ok, S::Error> {
    path.as_os_str().serialize(to)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<PathBuf, D::Error> {
    OsString::deserialize(from).map(PathBuf::from)
}
