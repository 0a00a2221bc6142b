//! Cookies, and what decides how they are sent.

use axum::http::{HeaderMap, HeaderValue, header};

/// The prefix of cookie names off this machine: browsers then accept the cookie only over TLS, and only from this host.
const OF_THIS_HOST: &str = "__Host-";

/// A cookie's name as it is sent.
fn sent_name(name: &str, is_local: bool) -> String {
    if is_local { name.to_owned() } else { format!("{OF_THIS_HOST}{name}") }
}

/// The value of a cookie, if there is exactly one of its name: of two, one may be another port's.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let name = sent_name(name, is_local(headers));
    let mut found = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().strip_prefix(name.as_str())?.strip_prefix('='));
    let value = found.next()?;
    found.next().is_none().then_some(value)
}

/// The header that sets a cookie for this many seconds. Scripts cannot read it. Off this machine, it is sent only over TLS, and no other host of the
/// same domain can set it.
pub(crate) fn set_cookie(
    name: &str,
    value: &str,
    seconds: i64,
    same_site: &str,
    is_local: bool,
) -> Option<HeaderValue> {
    let name = sent_name(name, is_local);
    // `__Host-` cookies apply to all paths.
    let place = if is_local { "Path=/api/v1" } else { "Path=/; Secure" };
    let text = format!("{name}={value}; HttpOnly; SameSite={same_site}; {place}; Max-Age={seconds}");
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
    ["127.0.0.1", "localhost", "[::1]"].iter().any(|local| name.eq_ignore_ascii_case(local))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_cookies_of_a_name_neither_counts() {
        let check = |values: &[&'static str], expected: Option<&str>| {
            let mut headers = HeaderMap::from_iter([(header::HOST, HeaderValue::from_static("localhost:1"))]);
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
    fn off_this_machine_a_cookie_is_of_its_host_alone() {
        let set = |is_local: bool| set_cookie("session", "a", 60, "Strict", is_local).unwrap();
        assert_eq!(set(true), "session=a; HttpOnly; SameSite=Strict; Path=/api/v1; Max-Age=60");
        assert_eq!(set(false), "__Host-session=a; HttpOnly; SameSite=Strict; Path=/; Secure; Max-Age=60");
        let read = |host: &'static str, sent: &'static str| {
            let headers = [(header::HOST, host), (header::COOKIE, sent)];
            let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
            cookie(&HeaderMap::from_iter(headers), "session").map(str::to_owned)
        };
        assert_eq!(read("tickets.example", "__Host-session=a").as_deref(), Some("a"));
        assert_eq!(read("tickets.example", "session=a"), None, "a neighbor may have set it");
        assert_eq!(read("127.0.0.1:1", "session=a").as_deref(), Some("a"));
    }
}
