//! The two pages that sign a browser in. They hold nothing of anybody, load nothing from elsewhere, and run no script but their own.

use crate::api::Shared;
use axum::Router;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;

const SIGN_IN: &str = include_str!("../pages/sign-in.html");
const SIGNED_IN: &str = include_str!("../pages/signed-in.html");
const SCRIPT: &str = include_str!("../pages/sign-in.js");

/// Nothing but the script and requests of this origin.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// `/sign-in`, where links lead, and its script.
pub(crate) fn routes() -> Router<Shared> {
    let script = || async { ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], SCRIPT) };
    Router::new()
        .route("/sign-in", get(|| async { page(SIGN_IN.to_owned()) }))
        .route("/sign-in.js", get(script))
}

/// The page after signing in elsewhere: it keeps the proof for this origin.
pub(crate) fn signed_in(name: &str, proof: &str) -> Response {
    page(SIGNED_IN.replace("{{name}}", &escaped(name)).replace("{{proof}}", &escaped(proof)))
}

fn page(text: String) -> Response {
    let mut response = Html(text).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    response
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The value of a cookie, if there is exactly one of its name: of two, one may be another port's.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut found = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='));
    let value = found.next()?;
    found.next().is_none().then_some(value)
}

/// The header that sets a cookie for so many seconds. Scripts cannot read it. Off this machine it is sent encrypted alone.
pub(crate) fn set_cookie(
    name: &str,
    value: &str,
    seconds: i64,
    same_site: &str,
    is_local: bool,
) -> Option<HeaderValue> {
    let secure = if is_local { "" } else { "; Secure" };
    let text =
        format!("{name}={value}; HttpOnly; SameSite={same_site}; Path=/api/v1; Max-Age={seconds}{secure}");
    let mut header = HeaderValue::from_str(&text).ok()?;
    header.set_sensitive(true);
    Some(header)
}

/// The host that the request is for, which the listener has checked.
pub(crate) fn host(headers: &HeaderMap) -> &str {
    headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default()
}

/// Whether it is for a host of this machine, which no other reads along with.
pub(crate) fn is_local(headers: &HeaderMap) -> bool {
    let host = host(headers);
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    matches!(name, "127.0.0.1" | "localhost" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_cookies_of_a_name_neither_counts() {
        let check = |values: &[&'static str], expected: Option<&str>| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::COOKIE, HeaderValue::from_static(value));
            }
            assert_eq!(cookie(&headers, "session"), expected, "{values:?}");
        };
        check(&["theme=dark; session=a.b.c"], Some("a.b.c"));
        check(&["session=a", "session=b"], None);
        check(&["session=a; session=b"], None);
        check(&["xsession=a; sessions=b"], None);
    }

    #[test]
    fn a_name_is_text_on_the_page() {
        let page = SIGNED_IN.replace("{{name}}", &escaped("<b onload=\"x\">&"));
        assert!(page.contains("&lt;b onload=&quot;x&quot;&gt;&amp;"), "{page}");
    }
}
