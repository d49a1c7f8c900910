//! The runners that are tested here, and with how many workers: the lines of the matrix.

use std::sync::Arc;

use watershed::{DirectRunner, RunOptions, Runner, TimelyRunner};

use crate::Bench;

/// A runner, and the numbers of workers with which it is tested.
#[derive(Clone, Copy)]
pub struct KnownRunner {
    /// Its name.
    pub name: &'static str,
    /// Each is a line of the matrix.
    pub workers: &'static [usize],
    make: fn() -> Arc<dyn Runner>,
}

/// All runners that are tested here.
pub const RUNNERS: &[KnownRunner] = &[
    KnownRunner { name: "direct", workers: &[1], make: || Arc::new(DirectRunner) },
    KnownRunner { name: "timely", workers: &[1, 2, 4], make: || Arc::new(TimelyRunner) },
];

/// The line of the matrix of this runner and number of workers.
///
/// # Errors
/// When there is none; names those that there are.
pub fn bench(runner: &str, workers: usize) -> Result<Bench, String> {
    let Some(known) = RUNNERS.iter().find(|known| known.name == runner) else {
        let names: Vec<&str> = RUNNERS.iter().map(|known| known.name).collect();
        return Err(format!("there is no runner `{runner}`; known are: {}", names.join(", ")));
    };
    if !known.workers.contains(&workers) {
        let numbers: Vec<String> = known.workers.iter().map(usize::to_string).collect();
        return Err(format!(
            "the {runner} runner is not tested with --workers {workers}; give one of: {}",
            numbers.join(", ")
        ));
    }
    let mut options = RunOptions::default();
    options.workers = workers;
    Ok(Bench::new((known.make)(), options))
}

/// All lines of the matrix.
pub fn benches() -> Vec<Bench> {
    let lines = RUNNERS.iter().flat_map(|known| known.workers.iter().map(|n| (known.name, *n)));
    lines.filter_map(|(runner, workers)| bench(runner, workers).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_runner_has_its_own_name_and_at_least_one_line() {
        for known in RUNNERS {
            assert!(!known.workers.is_empty(), "{}", known.name);
            assert_eq!(bench(known.name, known.workers[0]).unwrap().runner(), known.name);
        }
    }

    #[test]
    fn what_is_unknown_is_told_with_what_is_known() {
        assert!(bench("spark", 1).err().unwrap().contains("direct"));
        assert!(bench("direct", 7).err().unwrap().contains("one of: 1"));
    }
}
