//! The runners that are tested here, with how many workers and processes: the lines of the matrix.

use std::sync::Arc;

use watershed::{DirectRunner, RunOptions, Runner, TimelyRunner};

use crate::{Bench, LineName};

/// A runner, and how many workers and processes share the jobs with which it is tested.
#[derive(Clone, Copy)]
pub struct KnownRunner {
    /// Its name.
    pub name: &'static str,
    /// Workers in each process, and processes. Each pair is a line of the matrix.
    pub sizes: &'static [(usize, usize)],
    make: fn() -> Arc<dyn Runner>,
}

/// All runners that are tested here.
pub const RUNNERS: &[KnownRunner] = &[
    KnownRunner { name: "direct", sizes: &[(1, 1)], make: || Arc::new(DirectRunner) },
    KnownRunner {
        name: "timely",
        sizes: &[(1, 1), (2, 1), (4, 1), (1, 2)],
        make: || Arc::new(TimelyRunner),
    },
];

/// The line of the matrix of this runner, number of workers in each process, and number of processes.
///
/// # Errors
/// When there is none; names those that there are.
pub fn bench(runner: &str, workers: usize, processes: usize) -> Result<Bench, String> {
    let Some(known) = RUNNERS.iter().find(|known| known.name == runner) else {
        let names: Vec<&str> = RUNNERS.iter().map(|known| known.name).collect();
        return Err(format!("there is no runner `{runner}`; known are: {}", names.join(", ")));
    };
    if !known.sizes.contains(&(workers, processes)) {
        let sizes: Vec<String> = known.sizes.iter().map(|size| flags(*size)).collect();
        return Err(format!(
            "the {runner} runner is not tested with {}; give one of: {}",
            flags((workers, processes)),
            sizes.join(", ")
        ));
    }
    let mut options = RunOptions::default();
    (options.workers, options.processes) = (workers, processes);
    Ok(Bench::new((known.make)(), options))
}

fn flags((workers, processes): (usize, usize)) -> String {
    match processes {
        1 => format!("--workers {workers}"),
        _ => format!("--workers {workers} --processes {processes}"),
    }
}

/// All lines of the matrix.
pub fn lines() -> Vec<LineName> {
    let lines = RUNNERS.iter().flat_map(|known| {
        let name = |(workers, processes)| LineName { runner: known.name, workers, processes };
        known.sizes.iter().copied().map(name)
    });
    lines.collect()
}

/// All lines of the matrix, to be run.
pub fn benches() -> Vec<Bench> {
    let lines = lines().into_iter();
    lines.filter_map(|line| bench(line.runner, line.workers, line.processes).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_runner_has_its_own_name_and_at_least_one_line() {
        for known in RUNNERS {
            let (workers, processes) = known.sizes[0];
            assert_eq!(bench(known.name, workers, processes).unwrap().runner(), known.name);
        }
        assert!(benches().iter().map(Bench::line).eq(lines()));
    }

    #[test]
    fn what_is_unknown_is_told_with_what_is_known() {
        assert!(bench("spark", 1, 1).err().unwrap().contains("direct"));
        assert!(
            bench("direct", 7, 1).err().unwrap().contains("--workers 7; give one of: --workers 1")
        );
        let told = bench("timely", 3, 2).err().unwrap();
        assert!(told.contains("with --workers 3 --processes 2; give one of: "), "{told}");
        assert!(told.ends_with(", --workers 1 --processes 2"), "{told}");
    }
}
