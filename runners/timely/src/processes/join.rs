//! All links of a job.

use std::{
    env, io,
    net::{TcpListener, TcpStream},
    sync::Arc,
    time::Instant,
};

use watershed_runner_core::{RunError, RunOptions};

use super::{
    control::{self, Control, Message},
    data_link::DataLink,
    handshake::{self, Identity, LinkKind, Refused},
    launch::{self, Launch},
    socket::{self, JOIN_LIMIT},
};
use crate::shared::Shared;

/// A process with all its links.
pub(crate) struct Joined {
    pub(crate) control: Arc<Control>,
    /// A data link to every other process; `None` at this one's own place.
    pub(crate) data: Vec<Option<DataLink>>,
}

fn problem(problem: impl Into<String>) -> RunError {
    RunError::Runner { runner: "timely".into(), problem: problem.into() }
}

/// Who this process is and how it finds the others.
struct Place {
    index: usize,
    count: usize,
    secret: String,
    /// Where the coordinator listens.
    coordinator: String,
    /// Where this process listens.
    listener: TcpListener,
}

/// Finds the other processes of the job and links up with them.
///
/// # Errors
/// When they cannot be found in time, do not know the secret, or run another graph.
pub(crate) fn join(
    options: &RunOptions,
    fingerprint: [u8; 32],
    shared: &Arc<Shared>,
) -> Result<Joined, RunError> {
    let place = place(options)?;
    let identity = Identity::new(&place.secret, fingerprint);
    let deadline = Instant::now() + JOIN_LIMIT;
    if place.index == 0 {
        coordinate(&place, &identity, deadline, shared)
    } else {
        follow(&place, &identity, deadline, shared)
    }
}

fn bind(address: &str) -> Result<TcpListener, RunError> {
    TcpListener::bind(address).map_err(|error| {
        problem(format!(
            "cannot listen on {address}: {error}; choose another port in --hosts, or stop what uses it"
        ))
    })
}

fn place(options: &RunOptions) -> Result<Place, RunError> {
    if options.hosts.is_empty() {
        if options.process_index.is_some() {
            return Err(problem("was given --process-index without --hosts: give both or neither"));
        }
        let count = options.processes;
        return match launch::launch(count)? {
            Launch::Coordinator { listener, secret } => {
                Ok(Place { index: 0, count, secret, coordinator: String::new(), listener })
            }
            Launch::Launched { index, coordinator, secret } => {
                let listener = bind("127.0.0.1:0")?;
                Ok(Place { index, count, secret, coordinator, listener })
            }
        };
    }
    let count = options.hosts.len();
    let Some(index) = options.process_index.filter(|index| *index < count) else {
        let last = count - 1;
        return Err(problem(format!(
            "needs --process-index from 0 to {last}, one for each of --hosts"
        )));
    };
    let secret = env::var("WATERSHED_SECRET").ok().filter(|secret| !secret.is_empty());
    let Some(secret) = secret else {
        return Err(problem(
            "needs a secret that all processes of the job share: set WATERSHED_SECRET to the same long \
             random text everywhere",
        ));
    };
    let coordinator = options.hosts[0].clone();
    Ok(Place { index, count, secret, coordinator, listener: bind(&options.hosts[index])? })
}

fn coordinate(
    place: &Place,
    identity: &Identity,
    deadline: Instant,
    shared: &Arc<Shared>,
) -> Result<Joined, RunError> {
    let mut others: Vec<Option<(TcpStream, String)>> = (0..place.count).map(|_| None).collect();
    let mut refused = None;
    while others.iter().skip(1).any(Option::is_none) {
        let (index, mut socket) =
            accept(place, identity, LinkKind::Control, deadline, &mut refused)?;
        if index == 0 || index >= place.count || others[index].is_some() {
            refused = Some(format!("a process says that it is {index}, of {}", place.count));
            continue;
        }
        match control::read(&mut socket) {
            Ok(Message::Here(address)) => others[index] = Some((socket, address)),
            Ok(_) | Err(_) => refused = Some(format!("process {index} broke off")),
        }
    }
    let addresses: Vec<String> = others
        .iter()
        .map(|other| other.as_ref().map_or(String::new(), |(_, address)| address.clone()))
        .collect();
    let mut sockets = Vec::new();
    for (index, other) in others.into_iter().enumerate() {
        let Some((mut socket, _)) = other else { continue };
        control::write(&mut socket, &Message::Peers(addresses.clone()))
            .map_err(|error| problem(format!("lost process {index} ({error}) while starting")))?;
        sockets.push((index, socket));
    }
    let data = accept_data(place, identity, deadline, shared)?;
    let control = Control::start(0, sockets, shared)
        .map_err(|error| problem(format!("cannot use its links: {error}")))?;
    Ok(Joined { control, data })
}

fn follow(
    place: &Place,
    identity: &Identity,
    deadline: Instant,
    shared: &Arc<Shared>,
) -> Result<Joined, RunError> {
    let mut coordinator =
        call(place, identity, 0, &place.coordinator, LinkKind::Control, deadline)?;
    let lost = |error: io::Error| problem(format!("lost process 0 ({error}) while starting"));
    let here = place.listener.local_addr().map_err(lost)?.to_string();
    control::write(&mut coordinator, &Message::Here(here)).map_err(lost)?;
    let limit = deadline.saturating_duration_since(Instant::now()).max(socket::WORD_LIMIT);
    coordinator.set_read_timeout(Some(limit)).map_err(lost)?;
    let addresses = match control::read(&mut coordinator).map_err(lost)? {
        Message::Peers(addresses) if addresses.len() == place.count => addresses,
        _ => return Err(problem("was told nonsense by process 0 while starting")),
    };
    let mut links: Vec<Option<DataLink>> = (0..place.count).map(|_| None).collect();
    for peer in 0..place.index {
        let address = if peer == 0 { &place.coordinator } else { &addresses[peer] };
        let socket = call(place, identity, peer, address, LinkKind::Data, deadline)?;
        links[peer] = Some(data_link(socket, peer, shared)?);
    }
    let accepted = accept_data(place, identity, deadline, shared)?;
    for (link, accepted) in std::iter::zip(&mut links, accepted) {
        *link = link.take().or(accepted);
    }
    let control = Control::start(place.index, vec![(0, coordinator)], shared)
        .map_err(|error| problem(format!("cannot use its links: {error}")))?;
    Ok(Joined { control, data: links })
}

/// Data links from all processes behind this one.
fn accept_data(
    place: &Place,
    identity: &Identity,
    deadline: Instant,
    shared: &Arc<Shared>,
) -> Result<Vec<Option<DataLink>>, RunError> {
    let mut links: Vec<Option<DataLink>> = (0..place.count).map(|_| None).collect();
    let mut refused = None;
    while links.iter().skip(place.index + 1).any(Option::is_none) {
        let (peer, socket) = accept(place, identity, LinkKind::Data, deadline, &mut refused)?;
        if peer <= place.index || peer >= place.count || links[peer].is_some() {
            refused = Some(format!("a process says that it is {peer}, of {}", place.count));
            continue;
        }
        links[peer] = Some(data_link(socket, peer, shared)?);
    }
    Ok(links)
}

fn data_link(socket: TcpStream, peer: usize, shared: &Arc<Shared>) -> Result<DataLink, RunError> {
    // Silence on a data link is no sign of death; the control links notice that.
    socket::prepare(&socket, None)
        .map_err(|error| problem(format!("cannot use its link to process {peer}: {error}")))?;
    Ok(DataLink::new(socket, peer, shared.clone()))
}

/// Accepts until a process has proven itself. Strangers are sent away; what the last one did is told
/// if nobody else comes.
fn accept(
    place: &Place,
    identity: &Identity,
    wanted: LinkKind,
    deadline: Instant,
    refused: &mut Option<String>,
) -> Result<(usize, TcpStream), RunError> {
    loop {
        let accepted = socket::accept(&place.listener, deadline, &mut launch::ended_child);
        let mut socket = accepted.map_err(|error| {
            let last = refused.take();
            let why = last
                .map_or(String::new(), |why| format!("; the last that came was refused: {why}"));
            problem(format!("waited in vain for the other processes ({error}){why}"))
        })?;
        match handshake::answer(&mut socket, identity) {
            Ok((kind, index)) if kind == wanted => return Ok((index, socket)),
            Ok(_) => *refused = Some("it wanted another kind of link".into()),
            // A process of ours with another graph will not come back.
            Err(error @ Refused::AnotherGraph) => {
                return Err(problem(format!("refuses a process: {error}")));
            }
            Err(error) => *refused = Some(error.to_string()),
        }
    }
}

fn call(
    place: &Place,
    identity: &Identity,
    peer: usize,
    address: &str,
    kind: LinkKind,
    deadline: Instant,
) -> Result<TcpStream, RunError> {
    let mut socket = socket::connect(address, deadline).map_err(|error| {
        problem(format!("cannot reach process {peer} at {address}: {error}; is it running?"))
    })?;
    handshake::call(&mut socket, identity, kind, place.index)
        .map_err(|error| problem(format!("is refused by process {peer} at {address}: {error}")))?;
    Ok(socket)
}
