//! The two pages that sign a browser in. They hold nothing of anybody, load nothing from elsewhere, and run no script but their own.

use crate::api::Shared;
use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use domain::text::escaped_html;

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
    page(SIGNED_IN.replace("{{name}}", &escaped_html(name)).replace("{{proof}}", &escaped_html(proof)))
}

fn page(text: String) -> Response {
    let mut response = Html(text).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_text_on_the_page() {
        let page = SIGNED_IN.replace("{{name}}", &escaped_html("<b onload=\"x\">&"));
        assert!(page.contains("&lt;b onload=&quot;x&quot;&gt;&amp;"), "{page}");
    }
}
