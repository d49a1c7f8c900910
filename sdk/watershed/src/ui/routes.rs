//! What is answered under which path.

use std::{
    hash::{BuildHasher, RandomState},
    sync::Arc,
};

use axum::{
    Router,
    extract::{Query, State},
    http::{HeaderValue, StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};
use serde::{Deserialize, Serialize};
use tokio::task;

use super::{
    GraphView, JobView,
    asked::Asked,
    guarded::{IsLocal, guard},
    metrics, view,
};

const PAGE: &str = include_str!("page.html");

/// How many windows of a step are looked at when one is asked for; there are seldom more open.
const ALL_WINDOWS: usize = 10_000;

pub(super) fn router(asked: Arc<Asked>, is_local: bool) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/graph.json", get(graph))
        .route("/status.json", get(status))
        .route("/metrics", get(scrape))
        .route("/explain", get(explain))
        .fallback(nothing_here)
        .with_state(asked)
        .layer(middleware::from_fn_with_state(IsLocal(is_local), guard))
}

/// The page. Its script and its style run because they carry a number that is new for each answer; what
/// somebody might smuggle into the page does not know it.
async fn page() -> Response {
    let nonce = format!("{:016x}{:016x}", random(), random());
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src data:; \
         connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    );
    let page = PAGE.replace("NONCE", &nonce);
    let mut response = ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response();
    if let Ok(policy) = HeaderValue::try_from(policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn random() -> u64 {
    RandomState::new().hash_one(0)
}

async fn graph(State(asked): State<Arc<Asked>>) -> Response {
    json(move || GraphView::of(asked.run(), asked.state().outline())).await
}

async fn status(State(asked): State<Arc<Asked>>) -> Response {
    match asked.status(view::WINDOWS + 1).await {
        Some(status) => json(move || JobView::of(asked.run(), &status)).await,
        None => ending(),
    }
}

async fn scrape(State(asked): State<Arc<Asked>>) -> Response {
    let Some(status) = asked.status(0).await else { return ending() };
    match task::spawn_blocking(move || metrics::exposition(status)).await {
        Ok(Ok(text)) => ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response(),
        _ => ending(),
    }
}

/// The question `/explain` takes.
#[derive(Deserialize)]
struct Question {
    step: Option<String>,
    window: Option<String>,
}

async fn explain(State(asked): State<Arc<Asked>>, Query(question): Query<Question>) -> Response {
    let filled = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    let Some(step) = filled(question.step) else {
        return text(
            StatusCode::BAD_REQUEST,
            "which step? Ask for /explain?step=NAME, and &window=WINDOW for one of its windows"
                .into(),
        );
    };
    let window = filled(question.window);
    let most_windows = if window.is_some() { ALL_WINDOWS } else { view::WINDOWS + 1 };
    let Some(status) = asked.status(most_windows).await else { return ending() };
    match task::spawn_blocking(move || status.explain(&step, window.as_deref())).await {
        Ok(Ok(explanation)) => text(StatusCode::OK, explanation.to_string()),
        Ok(Err(unknown)) => text(StatusCode::NOT_FOUND, unknown.to_string()),
        Err(_) => ending(),
    }
}

async fn nothing_here() -> Response {
    let paths =
        "nothing is here; there are /, /graph.json, /status.json, /metrics and /explain?step=NAME";
    text(StatusCode::NOT_FOUND, paths.into())
}

/// What is still asked when the server goes.
fn ending() -> Response {
    text(StatusCode::SERVICE_UNAVAILABLE, "the job has ended".into())
}

fn text(status: StatusCode, mut text: String) -> Response {
    if !text.ends_with('\n') {
        text.push('\n');
    }
    (status, text).into_response()
}

/// Made aside, so that a large graph keeps no other request waiting.
async fn json<T: Serialize>(view: impl FnOnce() -> T + Send + 'static) -> Response {
    match task::spawn_blocking(move || serde_json::to_vec(&view())).await {
        Ok(Ok(body)) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
        _ => ending(),
    }
}
