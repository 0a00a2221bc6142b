//! Cookies, and what decides how they are sent.

use axum::http::{HeaderMap, HeaderValue, header};

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
}
