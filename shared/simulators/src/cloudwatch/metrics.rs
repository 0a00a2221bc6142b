//! `PutMetricData` and `GetMetricData`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{CloudWatch, Failure};

/// How far the time of a value may be from now, in seconds: two weeks back, two hours ahead.
const OLDEST: i64 = 14 * 24 * 60 * 60;
const NEWEST: i64 = 2 * 60 * 60;
/// How many values one answer holds: far fewer than the service's, so that pages are read.
const PAGE: usize = 100;

/// A series: namespace, name, dimensions.
type Key = (String, String, BTreeMap<String, String>);

/// Every value, with its second and unit.
#[derive(Debug, Default)]
pub(super) struct Metrics(BTreeMap<Key, Vec<(i64, f64, String)>>);

impl Metrics {
    /// Everything that was recorded.
    pub(super) fn json(&self) -> Value {
        let series = |((namespace, name, dimensions), values): (&Key, &Vec<(i64, f64, String)>)| {
            let values: Vec<_> = values
                .iter()
                .map(|(at, value, unit)| json!({"at": at, "value": value, "unit": unit}))
                .collect();
            json!({"namespace": namespace, "name": name, "dimensions": dimensions, "values": values})
        };
        self.0.iter().map(series).collect()
    }
}

fn key(namespace: &Value, metric: &Value) -> Key {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let dimensions = metric["Dimensions"].as_array().into_iter().flatten();
    let dimensions = dimensions.map(|one| (text(&one["Name"]), text(&one["Value"]))).collect();
    (text(namespace), text(&metric["MetricName"]), dimensions)
}

pub(super) fn put(cloudwatch: &CloudWatch, request: &Value) -> Result<Option<Value>, Failure> {
    let invalid = |message: String| Failure::new("InvalidParameterValueException", message);
    let namespace = &request["Namespace"];
    if namespace.as_str().is_none_or(|name| name.starts_with("AWS/")) {
        return Err(invalid("The value AWS/ for parameter Namespace is invalid.".to_owned()));
    }
    let now = (cloudwatch.0.clock)().as_second();
    let data = request["MetricData"].as_array().map(Vec::as_slice).unwrap_or_default();
    if data.is_empty() {
        return Err(Failure::new(
            "MissingRequiredParameterException",
            "The parameter MetricData is required.",
        ));
    }
    let mut state = cloudwatch.lock();
    for datum in data {
        let at = datum["Timestamp"].as_i64().unwrap_or(now);
        if at < now - OLDEST || at > now + NEWEST {
            return Err(invalid(
                "The parameter Timestamp must specify a time no more than two weeks in the past or two hours in the future."
                    .to_owned(),
            ));
        }
        let Some(value) = datum["Value"].as_f64().filter(|value| value.is_finite()) else {
            return Err(invalid("The parameter Value must be a number.".to_owned()));
        };
        let is_ascii = |one: &Value| {
            one["Value"].as_str().is_some_and(|value| value.is_ascii() && !value.trim().is_empty())
        };
        if !datum["Dimensions"].as_array().into_iter().flatten().all(is_ascii) {
            return Err(invalid("The value of a dimension must contain only ASCII characters, at least one of which is not whitespace.".to_owned()));
        }
        let unit = datum["Unit"].as_str().unwrap_or("None").to_owned();
        state.metrics.0.entry(key(namespace, datum)).or_default().push((at, value, unit));
    }
    Ok(None)
}

pub(super) fn get(cloudwatch: &CloudWatch, request: &Value) -> Result<Option<Value>, Failure> {
    let invalid = |message: &str| Failure::new("ValidationError", message);
    let time =
        |field: &str| request[field].as_i64().ok_or_else(|| invalid("StartTime and EndTime are required"));
    let (start, end) = (time("StartTime")?, time("EndTime")?);
    if start >= end {
        return Err(invalid("The parameter StartTime must be less than the parameter EndTime."));
    }
    let page: usize =
        request["NextToken"].as_str().map_or(Ok(0), str::parse::<usize>).map_err(|_| invalid("NextToken"))?;
    let state = cloudwatch.lock();
    let (mut results, mut is_last) = (Vec::new(), true);
    for query in request["MetricDataQueries"].as_array().into_iter().flatten() {
        let stat = &query["MetricStat"];
        let period = stat["Period"].as_i64().filter(|period| period % 60 == 0 && *period > 0);
        let period = period.ok_or_else(|| invalid("Period must be a multiple of 60"))?;
        let statistic = stat["Stat"].as_str().unwrap_or_default();
        let mut minutes: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
        let series = state.metrics.0.get(&key(&stat["Metric"]["Namespace"], &stat["Metric"]));
        for (at, value, _) in series.into_iter().flatten().filter(|(at, ..)| (start..end).contains(at)) {
            minutes.entry(at - at.rem_euclid(period)).or_default().push(*value);
        }
        let put_together = |values: &Vec<f64>| {
            let sum: f64 = values.iter().sum();
            match statistic {
                "Sum" => Some(sum),
                "SampleCount" => Some(values.len() as f64),
                "Average" => Some(sum / values.len() as f64),
                "Minimum" => values.iter().copied().reduce(f64::min),
                "Maximum" => values.iter().copied().reduce(f64::max),
                _ => None,
            }
        };
        let mut points = Vec::new();
        for (at, values) in minutes.iter().rev() {
            let value = put_together(values).ok_or_else(|| invalid("Stat is not supported"))?;
            points.push((*at, value));
        }
        let shown: Vec<_> = points.iter().skip(page * PAGE).take(PAGE).collect();
        let has_more = points.len() > (page + 1) * PAGE;
        is_last &= !has_more;
        results.push(json!({
            "Id": query["Id"], "Label": stat["Metric"]["MetricName"],
            "Timestamps": shown.iter().map(|(at, _)| at).collect::<Vec<_>>(),
            "Values": shown.iter().map(|(_, value)| value).collect::<Vec<_>>(),
            "StatusCode": if has_more { "PartialData" } else { "Complete" },
        }));
    }
    let mut answer = json!({"MetricDataResults": results, "Messages": []});
    if !is_last {
        answer["NextToken"] = (page + 1).to_string().into();
    }
    Ok(Some(answer))
}
