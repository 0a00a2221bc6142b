//! `GET /api/v1/query`, for the expressions in use: one statistic over the time up to now of one selector.

use axum::Json;
use axum::extract::{Query, State as AxumState};
use axum::response::{IntoResponse, Response};
use regex::Regex;
use serde::Deserialize;
use serde_json::json;

use super::Prometheus;
use super::push::{is_name, labels};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    query: String,
}

pub(super) async fn query(
    AxumState(prometheus): AxumState<Prometheus>,
    Query(asked): Query<Asked>,
) -> Response {
    match answer(&prometheus, &asked.query) {
        Ok(value) => {
            let now = (prometheus.0.clock)().as_second();
            let result: Vec<_> =
                value.iter().map(|value| json!({"metric": {}, "value": [now, value.to_string()]})).collect();
            Json(json!({"status": "success", "data": {"resultType": "vector", "result": result}}))
                .into_response()
        }
        Err(problem) => prometheus.refuse("/api/v1/query", format!("invalid parameter \"query\": {problem}")),
    }
}

fn answer(prometheus: &Prometheus, expression: &str) -> Result<Option<f64>, String> {
    let form = Regex::new(
        r"^(avg|sum|min|max)\((avg|sum|min|max|count)_over_time\(([^{]*)\{(.*)\[([1-9][0-9]*)m\]\)\)$",
    )
    .map_err(|error| error.to_string())?;
    let found = form.captures(expression).ok_or("parse error: unexpected expression")?;
    let [outer, inner, name, selector, minutes] = found.extract().1;
    let (wanted, rest) = labels(selector)?;
    if !is_name(name) || !rest.is_empty() {
        return Err("parse error: unexpected selector".to_owned());
    }
    let now = (prometheus.0.clock)().as_second();
    let minutes: i64 = minutes.parse().map_err(|_| "parse error: duration out of range".to_owned())?;
    let since = now.saturating_sub(minutes.saturating_mul(60));
    let state = prometheus.lock();
    let is_wanted = |known: &std::collections::BTreeMap<String, String>| {
        wanted.iter().all(|(name, value)| known.get(name).map(String::as_str).unwrap_or_default() == value)
    };
    let series = state.scraped.iter().filter(|((known, labels), _)| known == name && is_wanted(labels));
    let statistics: Vec<f64> = series
        .filter_map(|(_, samples)| {
            let values = samples.iter().filter(|(at, _)| *at > since).map(|(_, value)| *value);
            put_together(inner, &values.collect::<Vec<_>>())
        })
        .collect();
    Ok(put_together(outer, &statistics))
}

fn put_together(how: &str, values: &[f64]) -> Option<f64> {
    let (sum, count) = (values.iter().sum::<f64>(), values.len() as f64);
    if values.is_empty() {
        return None;
    }
    match how {
        "sum" => Some(sum),
        "count" => Some(count),
        "avg" => Some(sum / count),
        "min" => values.iter().copied().reduce(f64::min),
        _ => values.iter().copied().reduce(f64::max),
    }
}
