//! A page, first its place and then a job to show there.

use std::{
    fmt, io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    thread::JoinHandle,
};

use tokio::sync::watch;
use watershed_runner_core::JobState;

use super::{UiAddress, asked::Asked, routes, server};

/// A place for the page of a job that has not begun. Who looks early waits until it is served.
#[derive(Debug)]
pub struct JobPage {
    listener: TcpListener,
    address: SocketAddr,
}

/// The page of a job, shown until this is dropped.
#[derive(Debug)]
pub struct Shown {
    address: SocketAddr,
    /// Its end is the server's.
    lasts: Option<watch::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Why a page cannot be shown at an address.
#[derive(Debug)]
pub struct PageError {
    address: UiAddress,
    error: io::Error,
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let UiAddress { host, port } = &self.address;
        write!(f, "the job's page cannot be shown at {}: ", self.address)?;
        match self.error.kind() {
            io::ErrorKind::AddrInUse => write!(
                f,
                "port {port} is in use; choose another one with --ui, or 0, and the system chooses"
            ),
            io::ErrorKind::PermissionDenied => write!(
                f,
                "port {port} may not be used by this user; choose one above 1023 with --ui, or 0, and the \
                 system chooses"
            ),
            _ => write!(
                f,
                "{}; `{host}` must be a name or an address of this machine, or --ui a port alone",
                self.error
            ),
        }
    }
}

impl std::error::Error for PageError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

impl JobPage {
    /// Takes the port.
    ///
    /// # Errors
    /// When it is in use, or the host is not this machine.
    pub fn bind(address: &UiAddress) -> Result<Self, PageError> {
        let bind = || {
            let listener = TcpListener::bind((address.host.as_str(), address.port))?;
            listener.set_nonblocking(true)?;
            let address = listener.local_addr()?;
            Ok(JobPage { listener, address })
        };
        bind().map_err(|error| PageError { address: address.clone(), error })
    }

    /// Shows a job's page, on a thread of its own.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn serve(self, job: Arc<JobState>) -> io::Result<Shown> {
        let JobPage { listener, address } = self;
        let (lasts, ended) = watch::channel(());
        let router = routes::router(Asked::new(job), address.ip().is_loopback());
        let serve = move || {
            if let Err(error) = server::serve(listener, router, ended) {
                eprintln!("the job's page cannot be shown any more: {error}");
            }
        };
        let thread = std::thread::Builder::new().name("watershed-page".into()).spawn(serve)?;
        Ok(Shown { address, lasts: Some(lasts), thread: Some(thread) })
    }
}

impl Shown {
    /// Where the page is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What a browser is told.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }
}

impl Drop for Shown {
    /// Waits a moment for answers that are on their way, and no longer.
    fn drop(&mut self) {
        self.lasts = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
