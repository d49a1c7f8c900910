//! Who a process of a job is, and how it finds the others.

use std::{collections::BTreeSet, env, net::TcpListener};

use watershed_runner_core::{RunError, RunOptions};

use super::launch::{self, Launch};
use crate::runner::problem;

/// The variable of the environment with the secret of a job.
const SECRET: &str = "WATERSHED_SECRET";

/// Who this process is and how it finds the others.
pub(crate) struct Place {
    pub(crate) index: usize,
    /// How many processes the job has.
    pub(crate) count: usize,
    pub(super) secret: String,
    /// Where the coordinator listens.
    pub(super) coordinator: String,
    /// Where this process listens, and what the others know it by.
    pub(super) listener: TcpListener,
    pub(super) address: String,
    /// Whether it was launched by the coordinator, which therefore listens already.
    pub(super) is_launched: bool,
}

/// Sees that what the options say of processes can be.
///
/// # Errors
/// What is wrong with them.
pub(crate) fn check(options: &RunOptions) -> Result<(), RunError> {
    let count = options.hosts.len();
    if count == 0 {
        return match options.process_index {
            Some(_) => {
                Err(problem("was given --process-index without --hosts: give both or neither"))
            }
            None => Ok(()),
        };
    }
    if options.processes != 1 && options.processes != count {
        return Err(problem(format!(
            "was given {count} --hosts and --processes {}: leave --processes away, each host is a \
             process",
            options.processes
        )));
    }
    if options.hosts.iter().collect::<BTreeSet<_>>().len() < count {
        return Err(problem("was given the same address twice in --hosts"));
    }
    if options.process_index.is_none_or(|index| index >= count) {
        let last = count - 1;
        return Err(problem(format!(
            "needs --process-index from 0 to {last}, one for each of --hosts"
        )));
    }
    Ok(())
}

impl Place {
    /// This process's place in a job of several. The first of those that start themselves starts the
    /// others.
    ///
    /// # Errors
    /// When it cannot listen, when there is no secret, or when the others cannot be started.
    pub(crate) fn of(options: &RunOptions) -> Result<Place, RunError> {
        match options.process_index {
            Some(index) => Place::among_hosts(index, &options.hosts),
            None => Place::in_family(options.processes),
        }
    }

    fn among_hosts(index: usize, hosts: &[String]) -> Result<Place, RunError> {
        let Some(secret) = env::var(SECRET).ok().filter(|secret| !secret.is_empty()) else {
            return Err(problem(format!(
                "needs a secret that all processes of the job share: set {SECRET} to the same long \
                 random text everywhere"
            )));
        };
        let address = hosts[index].clone();
        let listener = bind(&address)?;
        let (count, coordinator) = (hosts.len(), hosts[0].clone());
        Ok(Place { index, count, secret, coordinator, listener, address, is_launched: false })
    }

    fn in_family(count: usize) -> Result<Place, RunError> {
        match launch::launch(count)? {
            Launch::Coordinator { listener, secret } => {
                let (coordinator, address) = (String::new(), String::new());
                let is_launched = false;
                Ok(Place { index: 0, count, secret, coordinator, listener, address, is_launched })
            }
            Launch::Launched { index, .. } if index >= count => Err(problem(format!(
                "is process {index} and has only {count}: what it was launched with has changed"
            ))),
            Launch::Launched { index, coordinator, secret } => {
                let listener = bind("127.0.0.1:0")?;
                let address = listener
                    .local_addr()
                    .map_err(|error| problem(format!("cannot listen on this machine: {error}")))?;
                let (address, is_launched) = (address.to_string(), true);
                Ok(Place { index, count, secret, coordinator, listener, address, is_launched })
            }
        }
    }
}

fn bind(address: &str) -> Result<TcpListener, RunError> {
    TcpListener::bind(address).map_err(|error| {
        problem(format!(
            "cannot listen on {address}: {error}; choose another port in --hosts, or stop what uses it"
        ))
    })
}
