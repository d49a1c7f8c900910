//! Starting the other processes on this machine, by itself.
//!
//! The other processes are the same program with the same arguments; an environment variable tells
//! each which it is and where the coordinator listens. They run the whole program, as the first does,
//! and so build the same pipelines in the same order; what they print on standard output is not
//! shown, since the first prints the same. A thread for each waits for its end, so that no process
//! stays behind dead; and one whose coordinator is gone finds nobody listening and ends.

use std::{
    env,
    net::TcpListener,
    process::{Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use watershed_runner_core::RunError;

use crate::runner::problem;

const INDEX: &str = "WATERSHED_LAUNCHED_INDEX";
const COORDINATOR: &str = "WATERSHED_LAUNCHED_BY";
const SECRET: &str = "WATERSHED_LAUNCHED_SECRET";

/// What this process knows of its launch.
pub(super) enum Launch {
    /// It launched the others, and listens here.
    Coordinator { listener: TcpListener, secret: String },
    /// It was launched.
    Launched { index: usize, coordinator: String, secret: String },
}

/// Whether this process is one that another has launched to share its jobs.
pub fn is_launched_child() -> bool {
    env::var_os(INDEX).is_some()
}

struct Family {
    listener: TcpListener,
    secret: String,
    processes: usize,
    /// The launched processes that have ended.
    ended: Arc<Mutex<Vec<(usize, ExitStatus)>>>,
}

static FAMILY: OnceLock<Family> = OnceLock::new();

/// The launch of this process; the first call of the first process launches the others, once for all
/// the pipelines that the program runs.
pub(super) fn launch(processes: usize) -> Result<Launch, RunError> {
    if let (Ok(index), Ok(coordinator), Ok(secret)) =
        (env::var(INDEX), env::var(COORDINATOR), env::var(SECRET))
    {
        let index = index.parse().map_err(|_| problem(format!("has {INDEX}={index}")))?;
        return Ok(Launch::Launched { index, coordinator, secret });
    }
    if FAMILY.get().is_none() {
        let family = start(processes)?;
        if FAMILY.set(family).is_err() {
            return Err(problem("was started by two threads at once with several processes"));
        }
    }
    let Some(family) = FAMILY.get() else { unreachable!("it was set just now") };
    if family.processes != processes {
        return Err(problem(format!(
            "has {} processes since the first pipeline and cannot change to {processes}",
            family.processes
        )));
    }
    let listener = family.listener.try_clone();
    let listener = listener.map_err(|error| problem(format!("cannot listen: {error}")))?;
    Ok(Launch::Coordinator { listener, secret: family.secret.clone() })
}

/// Which launched process has ended, if one has, and how.
pub(super) fn ended_child() -> Option<String> {
    let ended = FAMILY.get()?.ended.lock().unwrap_or_else(PoisonError::into_inner);
    ended.first().map(|(index, status)| format!("{index}, which ended with {status},"))
}

fn start(processes: usize) -> Result<Family, RunError> {
    let listener = TcpListener::bind("127.0.0.1:0")
        .map_err(|error| problem(format!("cannot listen on this machine: {error}")))?;
    let address = listener
        .local_addr()
        .map_err(|error| problem(format!("cannot listen on this machine: {error}")))?;
    let mut random = [0u8; 32];
    getrandom::fill(&mut random)
        .map_err(|error| problem(format!("got no randomness from the system: {error}")))?;
    let secret: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let program = env::current_exe()
        .map_err(|error| problem(format!("does not find its own program: {error}")))?;
    let ended = Arc::new(Mutex::new(Vec::new()));
    let family = Family { listener, secret, processes, ended: ended.clone() };
    for index in 1..processes {
        let mut child = Command::new(&program)
            .args(env::args_os().skip(1))
            .env(INDEX, index.to_string())
            .env(COORDINATOR, address.to_string())
            .env(SECRET, &family.secret)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| problem(format!("could not start process {index}: {error}")))?;
        let ended = ended.clone();
        let reap = move || {
            if let Ok(status) = child.wait() {
                ended.lock().unwrap_or_else(PoisonError::into_inner).push((index, status));
            }
        };
        std::thread::Builder::new()
            .name(format!("watershed-process-{index}"))
            .spawn(reap)
            .map_err(|error| problem(format!("could not start a thread: {error}")))?;
    }
    Ok(family)
}
