//! All links of a job.

use std::{
    net::TcpStream,
    sync::Arc,
    time::{Duration, Instant},
};

use watershed_runner_core::RunError;

use super::{
    control::Control,
    data_link::DataLink,
    door::{Door, Guest},
    handshake::{self, Identity, LinkKind, Refused},
    launch,
    message::{self, Message},
    place::Place,
    socket::{self, Timed, WORD_LIMIT},
};
use crate::{runner::problem, shared::Shared};

/// How long the coordinator still waits for the right process when one came with a wrong secret.
const AFTER_WRONG_SECRET: Duration = Duration::from_secs(2);

/// How often it is seen whether waiting is still worth it.
const TICK: Duration = Duration::from_millis(20);

/// Links up with the other processes of the job: control links to the coordinator, data links between
/// all. The data links are returned, with `None` at this process's own place.
///
/// # Errors
/// When the others cannot be found in time, do not know the secret, or run another graph; and when the
/// run is over before they were found.
pub(crate) fn join(
    place: &Place,
    fingerprint: [u8; 32],
    control: &Arc<Control>,
    shared: &Arc<Shared>,
) -> Result<Vec<Option<DataLink>>, RunError> {
    let identity = Identity::new(&place.secret, fingerprint);
    let listener = place.listener.try_clone();
    let door = listener.and_then(|listener| Door::open(listener, &identity));
    let door = door.map_err(|error| problem(format!("cannot listen: {error}")))?;
    let joining = Joining {
        place,
        control,
        shared,
        identity,
        door,
        deadline: Instant::now() + shared.options.join_limit,
        addresses: vec![String::new(); place.count],
        data: (0..place.count).map(|_| None).collect(),
        refused: None,
    };
    match place.index {
        0 => joining.coordinate(),
        _ => joining.follow(),
    }
}

/// A process that is linking up.
struct Joining<'a> {
    place: &'a Place,
    control: &'a Arc<Control>,
    shared: &'a Arc<Shared>,
    identity: Identity,
    door: Door,
    deadline: Instant,
    /// Where the others take data links.
    addresses: Vec<String>,
    data: Vec<Option<TcpStream>>,
    /// Why the last that came was sent away, told if nobody else comes.
    refused: Option<String>,
}

impl Joining<'_> {
    fn coordinate(mut self) -> Result<Vec<Option<DataLink>>, RunError> {
        self.gather(LinkKind::Control)?;
        self.control.tell_all(&Message::Peers(self.addresses.clone()));
        self.gather(LinkKind::Data)?;
        self.data_links()
    }

    fn follow(mut self) -> Result<Vec<Option<DataLink>>, RunError> {
        let socket = self.call(0, &self.place.coordinator, LinkKind::Control)?;
        let until = Instant::now() + WORD_LIMIT;
        message::write(
            &mut Timed { socket: &socket, until },
            &Message::Here(self.place.address.clone()),
        )
        .map_err(|error| problem(format!("lost process 0 ({error}) while starting")))?;
        self.control.link(0, socket)?;
        // The coordinator ends the wait for the others, or is lost itself.
        match self.control.next(|| self.shared.is_over()) {
            Some((_, Message::Peers(addresses))) if addresses.len() == self.place.count => {
                self.addresses = addresses;
            }
            Some(_) if !self.shared.is_over() => {
                return Err(problem("was told nonsense by process 0 while starting"));
            }
            Some(_) | None => return Err(stopped()),
        }
        self.addresses[0].clone_from(&self.place.coordinator);
        for peer in 0..self.place.index {
            self.data[peer] = Some(self.call(peer, &self.addresses[peer], LinkKind::Data)?);
        }
        self.gather(LinkKind::Data)?;
        self.data_links()
    }

    /// The processes behind this one of which a link is missing.
    fn missing(&self, kind: LinkKind) -> Vec<usize> {
        let is_there = |peer: usize| match kind {
            LinkKind::Control => self.control.is_linked(peer),
            LinkKind::Data => self.data[peer].is_some(),
        };
        (self.place.index + 1..self.place.count).filter(|peer| !is_there(*peer)).collect()
    }

    /// Takes in what comes until no link of this kind is missing. Strangers are sent away.
    fn gather(&mut self, kind: LinkKind) -> Result<(), RunError> {
        loop {
            let missing = self.missing(kind);
            if missing.is_empty() {
                return Ok(());
            }
            match self.door.next(TICK) {
                Some(Ok(guest)) => self.take_in(guest)?,
                Some(Err(refused)) => self.refuse(refused)?,
                None if self.shared.is_over() => return Err(stopped()),
                None if Instant::now() > self.deadline => return Err(self.in_vain(&missing, None)),
                None => {
                    if let Some(ended) = launch::ended_child() {
                        return Err(self.in_vain(&missing, Some(&ended)));
                    }
                }
            }
        }
    }

    fn take_in(&mut self, guest: Guest) -> Result<(), RunError> {
        let Guest { kind, index, socket, address } = guest;
        let is_expected = match kind {
            LinkKind::Control => self.place.index == 0,
            LinkKind::Data => true,
        };
        if !is_expected || !self.missing(kind).contains(&index) {
            let whole = self.place.count;
            self.refused = Some(format!("it says that it is process {index} of {whole}"));
            return Ok(());
        }
        match kind {
            LinkKind::Control => {
                self.addresses[index] = address;
                self.control.link(index, socket)
            }
            LinkKind::Data => {
                self.data[index] = Some(socket);
                Ok(())
            }
        }
    }

    fn refuse(&mut self, refused: Refused) -> Result<(), RunError> {
        match refused {
            // A process of ours with another graph will not come back.
            Refused::AnotherGraph => {
                return Err(problem(format!("refuses a process: {refused}")));
            }
            // Probably one of ours with a mistake, but whoever knows no secret may not end the job at
            // once.
            Refused::Secret => {
                self.deadline = self.deadline.min(Instant::now() + AFTER_WRONG_SECRET);
            }
            Refused::Stranger | Refused::Silent(_) => {}
        }
        self.refused = Some(refused.to_string());
        Ok(())
    }

    fn in_vain(&mut self, missing: &[usize], ended: Option<&str>) -> RunError {
        let missing: Vec<_> = missing.iter().map(ToString::to_string).collect();
        let who = match missing.as_slice() {
            [one] => format!("process {one}"),
            several => format!("processes {}", several.join(", ")),
        };
        let refused = self.refused.take();
        let refused =
            refused.map_or(String::new(), |why| format!("; the last that came was refused: {why}"));
        problem(match ended {
            Some(ended) => format!("lost process {ended} before it came{refused}"),
            None => {
                format!("waited in vain for {who}: is it running, and does it know this address?")
                    + &refused
            }
        })
    }

    fn call(&self, peer: usize, address: &str, kind: LinkKind) -> Result<TcpStream, RunError> {
        let stop = || self.shared.is_over();
        let is_listening = self.place.is_launched || peer > 0;
        let socket =
            socket::connect(address, self.deadline, is_listening, &stop).map_err(|error| {
                problem(format!(
                    "cannot reach process {peer} at {address}: {error}; is it running?"
                ))
            })?;
        // A launched process may have come to its next pipeline before the one that launched it.
        let is_early = self.place.is_launched && kind == LinkKind::Control;
        let until = match is_early {
            true => self.deadline,
            false => self.deadline.min(Instant::now() + WORD_LIMIT),
        };
        handshake::call(&socket, &self.identity, kind, self.place.index, until).map_err(
            |error| match error {
                Refused::Silent(_) | Refused::Stranger => {
                    problem(format!("does not find process {peer} at {address}: {error}"))
                }
                error => problem(format!("refuses process {peer} at {address}: {error}")),
            },
        )?;
        Ok(socket)
    }

    fn data_links(self) -> Result<Vec<Option<DataLink>>, RunError> {
        let workers = self.shared.options.workers;
        let here = self.place.index * workers..(self.place.index + 1) * workers;
        let links = self.data.into_iter().enumerate().map(|(peer, socket)| {
            let Some(socket) = socket else { return Ok(None) };
            // Silence on a data link is no sign of death; the control links notice that.
            socket::prepare(&socket, None).map_err(|error| {
                problem(format!("cannot use its link to process {peer}: {error}"))
            })?;
            Ok(Some(DataLink::new(socket, peer, here.clone(), self.shared.clone())))
        });
        links.collect()
    }
}

/// The run was over before all were there; what ended it is known already and is told in place of this.
fn stopped() -> RunError {
    problem("was stopped while starting")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    use watershed_core::Pipeline;
    use watershed_runner_core::{JobState, Plan, PlanOptions, RunOptions};

    /// A process of a job of three, which tries to join it on a thread.
    struct Process {
        shared: Arc<Shared>,
        control: Arc<Control>,
        joining: std::thread::JoinHandle<Result<(), RunError>>,
    }

    fn process(index: usize, listener: TcpListener, coordinator: &str) -> Process {
        let graph = Arc::new(Pipeline::new().build().unwrap());
        let plan = Plan::of(&graph, PlanOptions::for_workers(3));
        let mut options = RunOptions::default();
        options.join_limit = Duration::from_secs(600);
        let shared = Arc::new(Shared::new(graph, plan, options, Arc::new(JobState::default())));
        let control = Control::start(index, 3, &shared).unwrap();
        let place = Place {
            index,
            count: 3,
            secret: "s".into(),
            coordinator: coordinator.into(),
            address: listener.local_addr().unwrap().to_string(),
            listener,
            is_launched: false,
        };
        let (joins, seen) = (control.clone(), shared.clone());
        let joining = std::thread::spawn(move || join(&place, [0; 32], &joins, &seen).map(|_| ()));
        Process { shared, control, joining }
    }

    /// The coordinator and process 1 of a job of which process 2 does not come.
    fn two_of_three() -> (Process, Process) {
        let listen = || TcpListener::bind("127.0.0.1:0").unwrap();
        let listener = listen();
        let address = listener.local_addr().unwrap().to_string();
        let (first, second) = (process(0, listener, &address), process(1, listen(), &address));
        let started = Instant::now();
        while !(first.control.is_linked(1) && second.control.is_linked(0)) {
            assert!(started.elapsed() < 10 * WORD_LIMIT, "they do not find each other");
            std::thread::park_timeout(Duration::from_millis(5));
        }
        (first, second)
    }

    #[test]
    fn a_failure_while_others_are_awaited_is_told_at_once() {
        for place in [0, 1] {
            let (first, second) = two_of_three();
            let (failing, other) = if place == 0 { (first, second) } else { (second, first) };
            failing.shared.fail(problem("has had enough"));
            failing.control.tell_end();
            other.joining.join().unwrap().unwrap_err();
            failing.joining.join().unwrap().unwrap_err();
            let told = other.shared.take_failure().unwrap().to_string();
            assert!(told.ends_with("has had enough"), "{told}");
        }
    }

    #[test]
    fn a_process_that_is_lost_while_others_are_awaited_is_missed_at_once() {
        let (first, second) = two_of_three();
        second.control.close();
        first.joining.join().unwrap().unwrap_err();
        let told = first.shared.take_failure().unwrap().to_string();
        assert!(told.contains("lost process 1"), "{told}");
    }

    #[test]
    fn waiting_for_others_can_be_cancelled() {
        let (first, second) = two_of_three();
        second.shared.job.cancel();
        second.control.tell_end();
        first.joining.join().unwrap().unwrap_err();
        second.joining.join().unwrap().unwrap_err();
        assert!(first.shared.job.is_cancelled() && first.shared.take_failure().is_none());
    }
}
