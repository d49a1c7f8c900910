//! Asking a job's page.

use std::time::Duration;

use ureq::{Agent, http::StatusCode};
use watershed::ui::{JobView, UiAddress, is_job_page};

/// How long the job may take to answer. It does so within a second, even if its workers do not.
const LIMIT: Duration = Duration::from_secs(10);

/// The status of a graph of very many steps is smaller.
const MOST_BYTES: u64 = 256 << 20;

/// `HOST:PORT`, a port alone, or the page's whole address as the job prints it.
pub(crate) fn parse_job(text: &str) -> Result<UiAddress, String> {
    let place = text.strip_prefix("http://").unwrap_or(text).trim_end_matches('/');
    match place.parse::<UiAddress>() {
        Ok(address) if address.port > 0 => Ok(address),
        _ => Err("the address of a job's page is meant, such as 127.0.0.1:7000".to_owned()),
    }
}

/// What the job says of a step.
pub(crate) fn explain(job: &UiAddress, step: &str, window: Option<&str>) -> Result<String, String> {
    let mut query = vec![("step", step)];
    query.extend(window.map(|window| ("window", window)));
    match get(job, "/explain", &query)? {
        (StatusCode::OK, text) => Ok(text),
        (_, text) => Err(text),
    }
}

/// Where the job stands.
pub(crate) fn status(job: &UiAddress) -> Result<JobView, String> {
    match get(job, "/status.json", &[])? {
        (StatusCode::OK, text) => serde_json::from_str(&text).map_err(|error| {
            format!(
                "the job at {job} answers in a form that this program does not know ({error}); build both \
                 with the same version of watershed"
            )
        }),
        (_, text) => Err(text),
    }
}

fn get(
    job: &UiAddress,
    path: &str,
    query: &[(&str, &str)],
) -> Result<(StatusCode, String), String> {
    let agent = Agent::config_builder()
        .timeout_global(Some(LIMIT))
        .http_status_as_error(false)
        .max_redirects(0)
        // A proxy of the environment is for the world outside, where no job runs.
        .proxy(None)
        .build()
        .new_agent();
    let request = agent.get(format!("http://{job}{path}")).query_pairs(query.iter().copied());
    let mut response = request.call().map_err(|error| unanswered(job, &error))?;
    let server = response.headers().get("server").and_then(|server| server.to_str().ok());
    if !server.is_some_and(is_job_page) {
        return Err(format!("what answers at {job} is no job's page; {}", where_to_look()));
    }
    let body = response.body_mut().with_config().limit(MOST_BYTES);
    let text = body.read_to_string().map_err(|error| unanswered(job, &error))?;
    Ok((response.status(), text))
}

fn unanswered(job: &UiAddress, error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => {
            format!("the job at {job} does not answer within {} s", LIMIT.as_secs())
        }
        ureq::Error::Protocol(_) | ureq::Error::Http(_) => {
            format!("what answers at {job} is no job's page ({error}); {}", where_to_look())
        }
        _ => format!(
            "no job answers at {job} ({error}): it has ended, or runs without --ui, or elsewhere; {}",
            where_to_look()
        ),
    }
}

fn where_to_look() -> &'static str {
    "a job that is started with --ui PORT prints the address of its page"
}
