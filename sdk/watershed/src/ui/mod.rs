//! The page of a running job.
//!
//! ```text
//!   browser, Prometheus, `watershed explain`
//!        │  HTTP on loopback
//!        ▼
//!   server ─▶ guarded ─▶ routes ─▶ asked ─▶ JobState::status
//!                          │
//!                          ├─▶ view      JSON, for page.html
//!                          ├─▶ metrics   for Prometheus
//!                          └─▶ explain   words
//! ```
//! It runs on a thread of its own and only asks the job where it stands, a few times a second at most and
//! only while somebody looks. A program gets it with `--ui`, as [`PipelineOptions`](crate::PipelineOptions)
//! says; one that starts its job by itself binds a [`JobPage`] and serves it.
//!
//! ```
//! use watershed::{prelude::*, ui::{JobPage, UiAddress}};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let pipeline = Pipeline::new();
//! pipeline.create([1, 2, 3]).map(|n| n + 1).for_each(|_| {});
//! let page = JobPage::bind(&UiAddress::local(0))?;
//! let job = pipeline.start(&PipelineOptions::default())?;
//! let shown = page.serve(job.state())?;
//! println!("look at {}", shown.url());
//! job.wait()?;
//! # Ok(())
//! # }
//! ```

mod address;
mod asked;
mod guarded;
mod held;
mod metrics;
mod page;
mod routes;
mod run;
mod server;
mod view;

pub use address::{UiAddress, UiAddressParseError};
pub use page::{JobPage, PageError, Shown};
pub(crate) use run::{bind, show};
pub use view::{GraphView, HolderView, InstantView, JobView, StepView, WindowView};

/// Whether an answer with this `Server` header comes from the page of a job.
pub fn is_job_page(server: &str) -> bool {
    server.starts_with("watershed/")
}
