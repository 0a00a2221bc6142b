//! `retry_count:` and `retry:`.

use crate::model::Retry;
use crate::reader::fields::{Fields, boolean, duration, whole_number};
use crate::reader::state::Reader;
use crate::yaml::Data;

/// The number of retries and their delays, if the step has any.
pub(super) fn retry(fields: &Fields<'_>, reader: &mut Reader<'_, '_>) -> Option<Retry> {
    let count =
        fields.get("retry_count").and_then(|node| whole_number(node, "`retry_count`", (0, 100), reader));
    let Some(node) = fields.get("retry") else {
        return count.map(|retries| Retry { retries, ..Retry::default() });
    };
    let keys = ["max_attempts", "base_delay", "max_delay", "backoff", "jitter"];
    let long = Fields::of(node, "`retry`", &keys, reader)?;
    let mut retry = Retry { retries: count.unwrap_or(Retry::default().retries), ..Retry::default() };
    if let Some(node) = long.get("max_attempts") {
        let tries = whole_number(node, "`max_attempts`", (1, 101), reader);
        if let (Some(retries), Some(tries)) = (count, tries)
            && retries + 1 != tries
        {
            reader
                .problems
                .error(
                    fields.key_span("retry_count"),
                    "`retry_count` and `max_attempts` say different things",
                )
                .help("`retry_count: 2` is `max_attempts: 3`: the first counts retries, the second tries");
        }
        retry.retries = tries.map_or(retry.retries, |tries| tries - 1);
    }
    if let Some(node) = long.get("base_delay") {
        let delay = duration(node, "`base_delay`", reader);
        retry.base_delay_seconds = delay.map_or(retry.base_delay_seconds, |delay| delay.value);
    }
    if let Some(node) = long.get("max_delay") {
        let delay = duration(node, "`max_delay`", reader);
        retry.max_delay_seconds = delay.map_or(retry.max_delay_seconds, |delay| delay.value);
    }
    if retry.max_delay_seconds <= retry.base_delay_seconds {
        retry.max_delay_seconds = retry.max_delay_seconds.max(retry.base_delay_seconds + 1);
        if let Some(node) = long.get("max_delay") {
            reader.problems.error(node.span, "`max_delay` must be longer than `base_delay`");
        }
    }
    if let Some(node) = long.get("backoff") {
        let factor = match &node.data {
            Data::Number(number) => number.value.as_ref().ok().and_then(serde_json::Number::as_f64),
            _ => None,
        };
        match factor.filter(|factor| (1.0..=10.0).contains(factor)) {
            Some(factor) => retry.backoff = factor,
            None => {
                reader.problems.error(node.span, "`backoff` is a number from 1 to 10");
            }
        }
    }
    if let Some(node) = long.get("jitter") {
        retry.jitter = boolean(node, "`jitter`", reader).unwrap_or(retry.jitter);
    }
    Some(retry)
}
