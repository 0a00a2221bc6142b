//! How many requests a provider takes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Requests in a second, a minute or an hour, written `2/s`, `90/min`, `5000/h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Rate {
    requests: u32,
    period: Period,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Period {
    Second,
    Minute,
    Hour,
}

/// The part of a longer window's requests that may come at once: a twentieth.
const AT_ONCE: u32 = 20;

impl Rate {
    /// So many requests a second, at least one.
    pub const fn per_second(requests: u32) -> Self {
        Self { requests, period: Period::Second }
    }

    /// So many requests an hour, at least one.
    pub const fn per_hour(requests: u32) -> Self {
        Self { requests, period: Period::Hour }
    }

    /// How many requests may come at once after a pause: those of a second, or a small part of those of a longer window.
    pub fn burst(self) -> u32 {
        match self.period {
            Period::Second => self.requests.max(1),
            Period::Minute | Period::Hour => (self.requests / AT_ONCE).max(1),
        }
    }

    /// The time between two requests at an even pace. The burst is subtracted from a longer window, so that no window holds more
    /// than its requests.
    pub fn interval(self) -> Duration {
        let (seconds, at_once) = match self.period {
            Period::Second => (1, 0),
            Period::Minute => (60, self.burst()),
            Period::Hour => (3600, self.burst()),
        };
        Duration::from_secs(seconds) / self.requests.saturating_sub(at_once).max(1)
    }
}

impl TryFrom<String> for Rate {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let read = || {
            let (number, period) = text.split_once('/')?;
            let period = match period.trim() {
                "s" => Period::Second,
                "min" => Period::Minute,
                "h" => Period::Hour,
                _ => return None,
            };
            let requests = number.trim().parse().ok().filter(|requests| *requests > 0)?;
            Some(Self { requests, period })
        };
        read().ok_or_else(|| {
            format!(
                "`{text}` is not a rate; accepted: a whole number of requests in a second, a minute or an hour, \
                 as `2/s`, `90/min` or `5000/h`"
            )
        })
    }
}

impl From<Rate> for String {
    fn from(rate: Rate) -> Self {
        let period = match rate.period {
            Period::Second => "s",
            Period::Minute => "min",
            Period::Hour => "h",
        };
        format!("{}/{period}", rate.requests)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_read_as_it_is_written() {
        for text in ["2/s", "90/min", "5000/h"] {
            assert_eq!(String::from(Rate::try_from(text.to_owned()).unwrap()), text);
        }
        for text in ["", "2", "0/s", "-1/s", "2/d", "x/h", "2/s/s"] {
            let error = Rate::try_from(text.to_owned()).unwrap_err();
            assert!(error.contains("`5000/h`"), "{error}");
        }
    }

    #[test]
    fn no_window_holds_more_than_its_requests() {
        for text in ["1/min", "7/min", "90/min", "1/h", "5000/h", "15000/h"] {
            let rate = Rate::try_from(text.to_owned()).unwrap();
            let window: f64 = if text.ends_with('h') { 3600.0 } else { 60.0 };
            let evenly = (window / rate.interval().as_secs_f64()).floor();
            let most = f64::from(rate.burst()) + if rate.requests > 1 { evenly } else { 0.0 };
            assert!(most <= f64::from(rate.requests) + 0.5, "{text}: {most}");
        }
        let second = Rate::per_second(5);
        assert_eq!((second.burst(), second.interval()), (5, Duration::from_millis(200)));
    }
}
