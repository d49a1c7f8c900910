//! The deliberate faults: that the list is what stands in the engine, and that each is caught.

#![allow(clippy::unwrap_used)] // what goes wrong here fails the test, as it should

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use model_tests::{behaviours::behaviour, faults::FAULTS, runners};

/// All Rust sources below a directory.
fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn the_list_is_what_stands_in_the_engine() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = Vec::new();
    ["sdk", "runners"].iter().for_each(|folder| sources(&root.join(folder), &mut files));
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for file in files {
        let text = fs::read_to_string(file).unwrap();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        for line in code {
            for rest in line.split("fault!(\"").skip(1) {
                *places.entry(rest.split('"').next().unwrap().to_owned()).or_default() += 1;
            }
        }
    }
    let listed: BTreeMap<String, usize> =
        FAULTS.iter().map(|fault| (fault.name.to_owned(), 1)).collect();
    assert_eq!(places, listed);
}

#[test]
fn every_fault_says_what_it_breaks_and_what_catches_it() {
    for pair in FAULTS.windows(2) {
        assert!(pair[0].name < pair[1].name, "{} is out of order or doubled", pair[1].name);
    }
    for fault in FAULTS {
        assert!(!fault.breaks.is_empty() && !fault.caught_by.is_empty(), "{}", fault.name);
        for id in fault.caught_by {
            assert!(behaviour(id).is_some(), "{}: there is no {id}", fault.name);
        }
        assert!(runners::lines().contains(&fault.on), "{}: there is no {}", fault.name, fault.on);
    }
}

#[cfg(feature = "faults")]
mod committed {
    use std::{iter, process::Command, sync::Mutex, thread};

    use model_tests::faults::Fault;

    use super::*;

    /// What a fault got past, if it did.
    fn escape(fault: &Fault) -> Option<String> {
        let output = Command::new(env!("CARGO_BIN_EXE_model-tests"))
            .args(["--fault", fault.name, "--format", "json"])
            .output()
            .unwrap();
        let out = String::from_utf8(output.stdout).unwrap();
        let rows = out.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let status: BTreeMap<String, serde_json::Value> = rows
            .map(|row| (row["id"].as_str().unwrap().to_owned(), row["status"].clone()))
            .collect();
        let missed: Vec<&str> =
            fault.caught_by.iter().copied().filter(|id| status[*id] != "failed").collect();
        (output.status.code() != Some(1) || !missed.is_empty()).then(|| {
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            format!("{}: on {} not caught by {missed:?} {told}", fault.name, fault.on)
        })
    }

    #[test]
    fn every_fault_is_caught_by_each_id_that_must() {
        // Each is committed by a process of its own, so as many at a time as there are cores.
        let left = Mutex::new(FAULTS.iter());
        let next = || iter::from_fn(|| left.lock().unwrap().next());
        let escapes = || next().filter_map(escape).collect::<Vec<_>>();
        let at_once = thread::available_parallelism().unwrap().get();
        let escaped: Vec<String> = thread::scope(|scope| {
            let threads: Vec<_> = (0..at_once).map(|_| scope.spawn(escapes)).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        assert!(escaped.is_empty(), "\n{}", escaped.join("\n"));
    }
}

#[cfg(not(feature = "faults"))]
#[test]
fn without_the_feature_a_fault_is_refused() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_model-tests"))
        .args(["--fault", FAULTS[0].name])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("--features faults"), "{told}");
}
