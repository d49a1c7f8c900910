//! What stands around every answer: who may ask, and what a browser may do with it.

use std::net::IpAddr;

use axum::{
    extract::{Request, State},
    http::{HeaderValue, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

/// By this a client knows that it has reached a page of this kind.
pub(super) const SERVER: &str = concat!("watershed/", env!("CARGO_PKG_VERSION"));

/// What a browser may do with everything but the page itself: nothing.
const NOTHING: &str =
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// Whether only programs of this machine can reach the page.
#[derive(Clone, Copy)]
pub(super) struct IsLocal(pub(super) bool);

pub(super) async fn guard(
    State(IsLocal(is_local)): State<IsLocal>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = match !is_local || is_for_this_machine(&request) {
        true => next.run(request).await,
        false => (
            StatusCode::FORBIDDEN,
            "this page is for this machine alone: ask for it as localhost or 127.0.0.1, or start the job \
             with --ui HOST:PORT\n",
        )
            .into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::SERVER, HeaderValue::from_static(SERVER));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(NOTHING));
    response
}

/// A web site may give its own name the address of this machine, to have its visitor's browser read the
/// page for it. Then the request has the site's name.
fn is_for_this_machine(request: &Request) -> bool {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    // A request may name its host twice; then both must be this machine.
    let in_line = request.uri().host();
    host.is_some_and(is_loopback) && in_line.is_none_or(is_loopback)
}

fn is_loopback(authority: &str) -> bool {
    let Ok(uri) = authority.parse::<Uri>() else { return false };
    let Some(host) = uri.authority().map(|authority| authority.host()) else { return false };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_let_in() {
        for host in ["localhost", "LocalHost:7000", "127.0.0.1:1", "127.9.9.9", "[::1]:80", "[::1]"]
        {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "",
            "example.org",
            "localhost.example.org:7000",
            "10.0.0.1",
            "127.0.0.1.example.org",
            "::1:80:",
            "0.0.0.0:7000",
            "[fe80::1]:80",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
