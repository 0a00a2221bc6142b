//! `PUT /metrics/job/{job}/series/{series}`: a push replaces everything in its group.

use std::collections::BTreeMap;

use axum::extract::{Path, State as AxumState};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::{Key, Prometheus};

pub(super) async fn put(
    AxumState(prometheus): AxumState<Prometheus>,
    Path((job, series)): Path<(String, String)>,
    body: String,
) -> Response {
    let path = format!("/metrics/job/{job}/series/{series}");
    let mut values = match read(&body) {
        Ok(values) => values,
        Err(problem) => return prometheus.refuse(&path, format!("text format parsing error: {problem}")),
    };
    for ((_, labels), _) in &mut values {
        labels.insert("job".to_owned(), job.clone());
        labels.insert("series".to_owned(), series.clone());
        labels.entry("instance".to_owned()).or_default();
    }
    let now = (prometheus.0.clock)().as_second();
    let mut state = prometheus.lock();
    for (key, value) in &values {
        state.scraped.entry(key.clone()).or_default().push((now, *value));
    }
    state.groups.insert(format!("{job}/{series}"), values);
    StatusCode::OK.into_response()
}

/// Reads the parts in use of the [text format](https://prometheus.io/docs/instrumenting/exposition_formats/): gauges with a type.
fn read(text: &str) -> Result<Vec<(Key, f64)>, String> {
    let mut values = Vec::new();
    let mut kind = None;
    if !text.ends_with('\n') {
        return Err("unexpected end of input stream".to_owned());
    }
    for line in text.lines() {
        if let Some(declared) = line.strip_prefix("# TYPE ") {
            let (name, what) = declared.split_once(' ').ok_or("a type has no kind")?;
            if what != "gauge" {
                return Err(format!("unknown metric type {what:?}"));
            }
            kind = Some(name.to_owned());
            continue;
        }
        let (name, rest) = line.split_once('{').ok_or("a value has no labels")?;
        if kind.as_deref() != Some(name) || !is_name(name) {
            return Err(format!("{name:?} has no type or is not a name"));
        }
        let (labels, rest) = labels(rest)?;
        let value = rest.strip_prefix(' ').ok_or("a value does not follow a space")?;
        // A time would make the Pushgateway refuse all of it.
        let value: f64 = value.parse().map_err(|_| format!("expected float as value, got {value:?}"))?;
        values.push(((name.to_owned(), labels), value));
    }
    if values.is_empty() { Err("nothing is pushed".to_owned()) } else { Ok(values) }
}

pub(super) fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Reads labels up to the closing brace, and returns the rest.
pub(super) fn labels(text: &str) -> Result<(BTreeMap<String, String>, &str), String> {
    let mut labels = BTreeMap::new();
    let mut rest = text;
    loop {
        if let Some(after) = rest.strip_prefix('}') {
            return Ok((labels, after));
        }
        let (name, after) = rest.split_once("=\"").ok_or("a label has no value")?;
        if !is_name(name) {
            return Err(format!("{name:?} is not the name of a label"));
        }
        let (mut value, mut characters) = (String::new(), after.char_indices());
        let end = loop {
            match characters.next() {
                Some((at, '"')) => break at + 1,
                Some((_, '\\')) => match characters.next() {
                    Some((_, escaped @ ('\\' | '"'))) => value.push(escaped),
                    Some((_, 'n')) => value.push('\n'),
                    other => return Err(format!("invalid escape sequence {other:?}")),
                },
                Some((_, character)) => value.push(character),
                None => return Err("a value does not end".to_owned()),
            }
        };
        labels.insert(name.to_owned(), value);
        rest = after.get(end..).unwrap_or_default();
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_format_is_read_strictly() {
        let read_one = |text: &str| read(text).map(|values| values[0].clone());
        let ((name, labels), value) = read_one("# TYPE m gauge\nm{a=\"b\\\"}\\\\\",c=\"\"} 1.5\n").unwrap();
        assert_eq!(
            (name.as_str(), labels["a"].as_str(), labels["c"].as_str(), value),
            ("m", "b\"}\\", "", 1.5)
        );
        for (text, expected) in [
            ("m{} 1\n", "no type"),
            ("# TYPE m gauge\nm{} 1", "unexpected end"),
            ("# TYPE m gauge\nm{} 1 1700000000\n", "expected float"),
            ("# TYPE m gauge\nm{a=\"b} 1\n", "does not end"),
            ("# TYPE m counter\nm{} 1\n", "unknown metric type"),
            ("# TYPE m gauge\n", "nothing is pushed"),
        ] {
            let problem = read(text).unwrap_err();
            assert!(problem.contains(expected), "{expected}: {problem}");
        }
    }
}
