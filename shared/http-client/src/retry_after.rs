//! When a provider says that a repeat can succeed.

use jiff::Timestamp;
use reqwest::header::HeaderMap;
use std::time::Duration;

/// No provider means more than a day; a larger number is a mistake that would park an execution forever.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The headers with the remaining requests of a limit and its reset time. Some services have several limits at once.
const LIMITS: &[(&str, &str)] = &[
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
    ("ratelimit-remaining", "ratelimit-reset"),
    ("x-ratelimit-requests-remaining", "x-ratelimit-requests-reset"),
    ("x-ratelimit-endpoint-requests-remaining", "x-ratelimit-endpoint-requests-reset"),
    ("x-ratelimit-complexity-remaining", "x-ratelimit-complexity-reset"),
];

/// A reset beyond this many seconds since 1970 is written in milliseconds.
const MILLISECONDS_FROM: f64 = 100_000_000_000.0;

/// A smaller reset is no time since 1970, but the seconds left, as in the draft of the headers
/// (<https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/>) and from proxies that stand before a service.
const SECONDS_LEFT_BELOW: f64 = 100_000_000.0;

/// The wait that an answer's headers ask for: `retry-after-ms`, `retry-after` in seconds or as a date
/// ([RFC 9110](https://www.rfc-editor.org/rfc/rfc9110#field.retry-after)), or, with no requests left,
/// `x-ratelimit-reset` and headers like it, in seconds or milliseconds since 1970, in seconds from now, or as a timestamp. At most a day.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let seconds = |number: f64| Duration::try_from_secs_f64(number).ok();
    let until = |then: Timestamp| Duration::try_from(then.duration_since(now)).unwrap_or_default();

    let milliseconds = || seconds(text("retry-after-ms")?.parse::<f64>().ok()? / 1000.0);
    let stated = || {
        let value = text("retry-after")?;
        match value.parse() {
            Ok(number) => seconds(number),
            Err(_) => jiff::fmt::rfc2822::parse(value).ok().map(|date| until(date.timestamp())),
        }
    };
    milliseconds().or_else(stated).map(|wait| wait.min(LONGEST)).or_else(|| until_reset(headers, now))
}

/// How long no requests are left according to the headers: the longest of the exhausted limits. At most a day.
pub(crate) fn until_reset(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let exhausted = LIMITS.iter().filter(|(left, _)| is_zero(headers, left));
    let resets =
        exhausted.filter_map(|(_, reset)| read_reset(headers.get(*reset)?.to_str().ok()?.trim(), now));
    let waits = resets.map(|then| Duration::try_from(then.duration_since(now)).unwrap_or_default());
    waits.max().map(|wait| wait.min(LONGEST))
}

fn read_reset(value: &str, now: Timestamp) -> Option<Timestamp> {
    let Ok(number) = value.parse::<f64>() else { return value.parse().ok() };
    let from = if number < SECONDS_LEFT_BELOW { now } else { Timestamp::UNIX_EPOCH };
    let seconds = if number >= MILLISECONDS_FROM { number / 1000.0 } else { number };
    from.checked_add(Duration::try_from_secs_f64(seconds).ok()?).ok()
}

/// Whether the headers say that no requests are left.
pub(crate) fn exhausted(headers: &HeaderMap) -> bool {
    LIMITS.iter().any(|(left, _)| is_zero(headers, left))
}

fn is_zero(headers: &HeaderMap, name: &str) -> bool {
    headers.get(name).is_some_and(|left| left == "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[(&'static str, &'static str)], expected: Option<u64>) {
        let now = "1994-11-06T08:49:30Z".parse().unwrap();
        let map: HeaderMap =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        assert_eq!(retry_after(&map, now), expected.map(Duration::from_millis), "{headers:?}");
    }

    #[test]
    fn every_form_of_every_provider() {
        check(&[], None);
        check(&[("retry-after", "7")], Some(7_000));
        check(&[("retry-after", "1.5")], Some(1_500));
        check(&[("retry-after-ms", "250"), ("retry-after", "7")], Some(250));
        check(&[("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")], Some(7_000));
        check(&[("retry-after", "Sun, 06 Nov 1994 08:49:00 GMT")], Some(0));
        check(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "784111777")], Some(7_000));
        check(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1994-11-06T08:50Z")], Some(30_000));
        check(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "784111770.25")], Some(250));
        check(&[("ratelimit-remaining", "0"), ("ratelimit-reset", "784111777")], Some(7_000));
        check(&[("ratelimit-remaining", "0"), ("ratelimit-reset", "7")], Some(7_000));
        check(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "0")], Some(0));
        check(&[("x-ratelimit-remaining", "9"), ("x-ratelimit-reset", "784111777")], None);
        let requests = ("x-ratelimit-requests-remaining", "0");
        check(&[requests, ("x-ratelimit-requests-reset", "784111777000")], Some(7_000));
        let complexity =
            [("x-ratelimit-complexity-remaining", "0"), ("x-ratelimit-complexity-reset", "784111779000")];
        check(
            &[requests, ("x-ratelimit-requests-reset", "784111777000"), complexity[0], complexity[1]],
            Some(9_000),
        );
        check(&[("x-ratelimit-complexity-remaining", "5"), complexity[1]], None);
        check(&[requests, ("x-ratelimit-requests-reset", "-1")], None);
        check(&[("retry-after", "-1")], None);
        check(&[("retry-after", "NaN")], None);
        check(&[("retry-after", "1e300")], None);
        check(&[("retry-after", "soon")], None);
        check(&[("retry-after", "99999999")], Some(86_400_000));
    }
}
