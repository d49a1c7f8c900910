//! How much memory the program has, every ten seconds.

use std::{
    fs,
    sync::mpsc::{RecvTimeoutError, Sender, channel},
    thread::JoinHandle,
    time::{Duration, Instant},
};

const EVERY: Duration = Duration::from_secs(10);

/// What was taken in until then is still growing into its room.
const SETTLED: Duration = Duration::from_secs(60);

/// Looks at the memory as long as this is there, and tells it on standard error.
pub(crate) struct Watch {
    stop: Sender<()>,
    looks: JoinHandle<Option<(u64, u64)>>,
}

impl Watch {
    pub(crate) fn start() -> Self {
        let (stop, stopped) = channel();
        let looks = std::thread::spawn(move || {
            let started = Instant::now();
            let mut range: Option<(u64, u64)> = None;
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(EVERY) {
                let (Some(now), elapsed) = (resident(), started.elapsed()) else { continue };
                eprintln!("{:>5} s: {} KiB", elapsed.as_secs(), now);
                if elapsed > SETTLED {
                    let (least, most) = range.unwrap_or((now, now));
                    range = Some((least.min(now), most.max(now)));
                }
            }
            range
        });
        Watch { stop, looks }
    }

    /// The least and the most after the first minute, in KiB, if it came so far.
    pub(crate) fn stop(self) -> Option<(u64, u64)> {
        drop(self.stop);
        self.looks.join().ok().flatten()
    }
}

/// The memory that is in use now, in KiB, where the system tells.
fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}
