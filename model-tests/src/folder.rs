//! Folders for the files of cases.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
};

use tempfile::TempDir;

/// The variable of the environment with the folder that all processes of a case share.
pub(crate) const SHARED_FOLDER: &str = "WATERSHED_CASE_FOLDER";

/// A folder for files, empty at first, that is gone at the end. In a case that several processes run
/// in step it is the same for all of them.
pub(crate) struct Folder {
    path: PathBuf,
    /// Removes it; what is shared is removed by whoever gave it.
    _own: Option<TempDir>,
}

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        if let Some(shared) = std::env::var_os(SHARED_FOLDER) {
            // All processes ask for their folders in the same order.
            let name = format!("files-{}", COUNT.fetch_add(1, SeqCst));
            let path = Path::new(&shared).join(name);
            // Another one may have made it.
            let made = std::fs::create_dir(&path);
            assert!(path.is_dir(), "{}: {made:?}", path.display());
            return Folder { path, _own: None };
        }
        let own = tempfile::tempdir().unwrap();
        Folder { path: own.path().to_owned(), _own: Some(own) }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}
