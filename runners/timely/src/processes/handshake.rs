//! Both ends of a new link prove the secret and compare the fingerprints of their graphs.
//!
//! ```text
//!   caller                                   answerer
//!     magic, kind, index, nonce      ──▶
//!                                    ◀──     magic, nonce, fingerprint, proof
//!     fingerprint, proof             ──▶
//!                                    ◀──     welcome
//! ```
//! A proof is the keyed BLAKE3 hash, under the job's secret, of who speaks and all that both sides
//! said; so it can be made by neither a stranger nor a replay. The caller gives its own even where the
//! answerer's is wrong, so that both can tell why they part. All reads have a fixed size, and all must
//! be done by a deadline: a stranger cannot make either side wait long or allocate.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    time::Instant,
};

use super::socket::{Timed, prepare};

const MAGIC: [u8; 8] = *b"WTRSHD\x00\x02";
const WELCOME: u8 = 1;

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LinkKind {
    Control,
    Data,
}

/// What both sides must agree on.
#[derive(Clone)]
pub(super) struct Identity {
    /// The key of the job: a hash of its secret.
    key: [u8; 32],
    /// Says which graph this process runs, and how.
    fingerprint: [u8; 32],
}

impl Identity {
    pub(super) fn new(secret: &str, fingerprint: [u8; 32]) -> Self {
        Identity { key: *blake3::hash(secret.as_bytes()).as_bytes(), fingerprint }
    }

    fn proof(&self, speaker: &[u8], said: &[&[u8]]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(speaker);
        said.iter().for_each(|part| {
            hasher.update(part);
        });
        *hasher.finalize().as_bytes()
    }
}

/// Why a link was refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error("it is not a Watershed process of this version")]
    Stranger,
    #[error("it does not know the job's secret; give all processes the same WATERSHED_SECRET")]
    Secret,
    #[error(
        "it runs another pipeline, or the same with other options; start the same program with the \
         same arguments everywhere"
    )]
    AnotherGraph,
    #[error("it does not answer: {0}")]
    Silent(#[from] io::Error),
}

fn nonce() -> Result<[u8; 16], Refused> {
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(nonce)
}

fn read<const N: usize>(socket: &mut impl Read) -> Result<[u8; N], Refused> {
    let mut bytes = [0; N];
    socket.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// The caller's side.
pub(super) fn call(
    socket: &TcpStream,
    identity: &Identity,
    kind: LinkKind,
    index: usize,
    until: Instant,
) -> Result<(), Refused> {
    prepare(socket, None)?;
    let socket = &mut Timed { socket, until };
    let mine = nonce()?;
    let hello = hello(kind, index);
    socket.write_all(&[&MAGIC[..], &hello, &mine].concat())?;

    if read::<8>(socket)? != MAGIC {
        return Err(Refused::Stranger);
    }
    let theirs = read::<16>(socket)?;
    let fingerprint = read::<32>(socket)?;
    let proof = read::<32>(socket)?;
    let said: [&[u8]; 4] = [&hello, &mine, &theirs, &identity.fingerprint];
    let my_proof = identity.proof(b"caller", &said);
    socket.write_all(&[identity.fingerprint, my_proof].concat())?;
    let said: [&[u8]; 4] = [&hello, &mine, &theirs, &fingerprint];
    if !same(&proof, &identity.proof(b"answerer", &said)) {
        return Err(Refused::Secret);
    }
    if fingerprint != identity.fingerprint {
        return Err(Refused::AnotherGraph);
    }
    match read::<1>(socket)? {
        [WELCOME] => Ok(()),
        _ => Err(Refused::Stranger),
    }
}

/// The answerer's side: what kind of link it is, and who calls.
pub(super) fn answer(
    socket: &TcpStream,
    identity: &Identity,
    until: Instant,
) -> Result<(LinkKind, usize), Refused> {
    prepare(socket, None)?;
    let socket = &mut Timed { socket, until };
    if read::<8>(socket)? != MAGIC {
        return Err(Refused::Stranger);
    }
    let hello = read::<9>(socket)?;
    let theirs = read::<16>(socket)?;
    let mine = nonce()?;
    let said: [&[u8]; 4] = [&hello, &theirs, &mine, &identity.fingerprint];
    let proof = identity.proof(b"answerer", &said);
    socket.write_all(&[&MAGIC[..], &mine, &identity.fingerprint, &proof].concat())?;

    let fingerprint = read::<32>(socket)?;
    let proof = read::<32>(socket)?;
    let said: [&[u8]; 4] = [&hello, &theirs, &mine, &fingerprint];
    if !same(&proof, &identity.proof(b"caller", &said)) {
        return Err(Refused::Secret);
    }
    if fingerprint != identity.fingerprint {
        return Err(Refused::AnotherGraph);
    }
    socket.write_all(&[WELCOME])?;
    let kind = match hello[0] {
        0 => LinkKind::Control,
        1 => LinkKind::Data,
        _ => return Err(Refused::Stranger),
    };
    let mut index = [0; 8];
    index.copy_from_slice(&hello[1..]);
    Ok((kind, usize::try_from(u64::from_le_bytes(index)).unwrap_or(usize::MAX)))
}

fn hello(kind: LinkKind, index: usize) -> [u8; 9] {
    let mut hello = [0; 9];
    hello[0] = u8::from(kind == LinkKind::Data);
    hello[1..].copy_from_slice(&(index as u64).to_le_bytes());
    hello
}

/// Whether two proofs are equal, in a time that does not tell where they differ.
fn same(a: &[u8; 32], b: &[u8; 32]) -> bool {
    blake3::Hash::from_bytes(*a) == blake3::Hash::from_bytes(*b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{net::TcpListener, time::Duration};

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(10)
    }

    /// What both sides say when they meet with these secrets and fingerprints.
    fn meet(
        (secret, graph): (&str, u8),
        (other_secret, other_graph): (&str, u8),
    ) -> (Result<(), Refused>, Result<(LinkKind, usize), Refused>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let caller = Identity::new(secret, [graph; 32]);
        let answerer = Identity::new(other_secret, [other_graph; 32]);
        let calling = std::thread::spawn(move || {
            let socket = TcpStream::connect(address).unwrap();
            call(&socket, &caller, LinkKind::Data, 3, soon())
        });
        let socket = listener.accept().unwrap().0;
        let answered = answer(&socket, &answerer, soon());
        drop(socket);
        (calling.join().unwrap(), answered)
    }

    #[test]
    fn those_who_share_secret_and_graph_meet() {
        let (called, answered) = meet(("s", 1), ("s", 1));
        called.unwrap();
        assert_eq!(answered.unwrap(), (LinkKind::Data, 3));
    }

    #[test]
    fn a_wrong_secret_is_refused_by_both() {
        let (called, answered) = meet(("s", 1), ("t", 1));
        assert!(matches!(called, Err(Refused::Secret)), "{called:?}");
        assert!(matches!(answered, Err(Refused::Secret)), "{answered:?}");
    }

    #[test]
    fn another_graph_is_refused_by_both_by_name() {
        let (called, answered) = meet(("s", 1), ("s", 2));
        assert!(matches!(called, Err(Refused::AnotherGraph)), "{called:?}");
        assert!(matches!(answered, Err(Refused::AnotherGraph)), "{answered:?}");
    }

    #[test]
    fn bytes_that_are_not_ours_are_refused() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let stranger = std::thread::spawn(move || {
            let mut socket = TcpStream::connect(address).unwrap();
            socket.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        });
        let socket = listener.accept().unwrap().0;
        let answered = answer(&socket, &Identity::new("s", [0; 32]), soon());
        assert!(matches!(answered, Err(Refused::Stranger)), "{answered:?}");
        stranger.join().unwrap();
    }

    #[test]
    fn one_that_says_nothing_is_not_waited_for_long() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let silent = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let socket = listener.accept().unwrap().0;
        let until = Instant::now() + Duration::from_millis(50);
        let identity = Identity::new("s", [0; 32]);
        let answered = answer(&socket, &identity, until);
        assert!(matches!(answered, Err(Refused::Silent(_))), "{answered:?}");
        let called = call(&silent, &identity, LinkKind::Control, 1, until);
        assert!(matches!(called, Err(Refused::Silent(_))), "{called:?}");
    }
}
