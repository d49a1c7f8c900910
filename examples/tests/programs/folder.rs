//! A temporary folder with the files of one test.

use std::{
    fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

/// A folder `in` for inputs, `out` for outputs, and `tmp` for what programs keep meanwhile.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        let folder = Folder(tempfile::tempdir().unwrap());
        ["in", "out", "tmp"].iter().for_each(|name| fs::create_dir(folder.path(name)).unwrap());
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The folder of temporary files, to be handed to a program as `TMPDIR`.
    pub(crate) fn tmp(&self) -> PathBuf {
        self.path("tmp")
    }

    /// Writes an input and returns its path.
    pub(crate) fn input(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path("in").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        text(&path)
    }

    /// The path of an input that may not exist.
    pub(crate) fn input_path(&self, name: &str) -> String {
        text(&self.path("in").join(name))
    }

    /// The path of an output.
    pub(crate) fn output(&self, name: &str) -> String {
        text(&self.path("out").join(name))
    }

    /// The content of an output.
    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path("out").join(name)).unwrap()
    }

    /// What lies in the folder of outputs, hidden files and all.
    pub(crate) fn outputs(&self) -> Vec<String> {
        names(&self.path("out"))
    }

    /// Sees that a run has left nothing behind: no output, no part of one, no temporary file.
    pub(crate) fn assert_nothing_is_left(&self) {
        assert_eq!(self.outputs(), [""; 0], "left in the folder of outputs");
        assert_eq!(names(&self.tmp()), [""; 0], "left in the folder of temporary files");
    }
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}
