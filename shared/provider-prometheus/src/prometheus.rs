//! The plugin itself.

use crate::settings::Settings;
use async_trait::async_trait;
use domain::ActionError;
use domain::plugins::{Mark, Metric, MetricQuery, Monitoring, MonitoringEvent, Series, Statistic};
use http_client::{Auth, Client, Options};
use serde::Deserialize;
use serde::de::IgnoredAny;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// The reason that there are no events.
pub(crate) const NO_EVENTS: &str = "Prometheus keeps numbers over time, and no events";

/// Labels that Prometheus and the Pushgateway give every value.
const THEIRS: [&str; 3] = ["instance", "job", "series"];

/// Prometheus and its Pushgateway.
#[derive(Debug, Clone)]
pub struct Prometheus {
    prometheus: Client,
    pushgateway: Client,
    job: String,
}

/// The answer of `GET /api/v1/query` to a question whose answer is a vector.
#[derive(Debug, Deserialize)]
struct Answered {
    data: Data,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    result: Vec<Sample>,
}

/// A time and a value, which is text since it may be `NaN`.
#[derive(Debug, Deserialize)]
struct Sample {
    value: (IgnoredAny, String),
}

impl Prometheus {
    /// Does not connect yet.
    ///
    /// # Errors
    /// `Rejected` when an address cannot be used.
    pub fn new(settings: Settings, options: &Options) -> Result<Self, ActionError> {
        let Settings { base_url, pushgateway_url, job } = settings;
        let prometheus = Client::new("Prometheus", &base_url, Auth::None, options)?;
        let pushgateway_url = pushgateway_url.unwrap_or(base_url);
        let pushgateway = Client::new("Prometheus", &pushgateway_url, Auth::None, options)?;
        Ok(Self { prometheus, pushgateway, job })
    }

    /// Asks a question whose answer is known, which costs nothing.
    ///
    /// # Errors
    /// When Prometheus does not answer, or something else does.
    pub async fn answers(&self) -> Result<(), ActionError> {
        let series = Series::new("up".to_owned(), Default::default())?;
        let query = MetricQuery { series, statistic: Statistic::Count, within: Duration::from_secs(60) };
        self.query_metric(&query).await.map(drop)
    }
}

/// The labels of a series, as both the text format and the query language write them.
fn labels(series: &Series) -> String {
    let label = |(name, value): (&String, &String)| {
        format!("{name}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
    };
    series.dimensions().iter().map(label).collect::<Vec<_>>().join(",")
}

/// The labels that identify the series of a job: pushing a value replaces only earlier values of the same series.
fn group(series: &Series) -> String {
    let mut digest = hex::encode(Sha256::digest(format!("{}{{{}}}", series.name(), labels(series))));
    digest.truncate(16);
    digest
}

/// The question in Prometheus's query language.
fn expression(query: &MetricQuery) -> String {
    let (outer, inner) = match query.statistic {
        Statistic::Average => ("avg", "avg"),
        Statistic::Sum => ("sum", "sum"),
        Statistic::Minimum => ("min", "min"),
        Statistic::Maximum => ("max", "max"),
        Statistic::Count => ("sum", "count"),
    };
    let (name, labels) = (query.series.name(), labels(&query.series));
    let minutes = query.within.as_secs().div_ceil(60).max(1);
    format!("{outer}({inner}_over_time({name}{{{labels}}}[{minutes}m]))")
}

#[async_trait]
impl Monitoring for Prometheus {
    async fn emit_metric(&self, metric: &Metric) -> Result<(), ActionError> {
        let series = &metric.series;
        if let Some(theirs) = THEIRS.iter().find(|name| series.dimensions().contains_key(**name)) {
            return Err(ActionError::rejected(format!(
                "Prometheus gives every value the label `{theirs}` itself, so it cannot be a dimension; choose another name"
            )));
        }
        let (name, value) = (series.name(), metric.value);
        let text = format!("# TYPE {name} gauge\n{name}{{{}}} {value}\n", labels(series));
        let path = "/metrics/job/{job}/series/{series}";
        let request = self.pushgateway.put(path, &[&self.job, &group(series)]).text(text);
        let answer = request.without_redirects().send().await?;
        // It says nothing; what answers with a page is another service.
        if answer.size() > 0 {
            answer.json::<IgnoredAny>()?;
        }
        Ok(())
    }

    fn replaces_repeats(&self) -> bool {
        true
    }

    async fn emit_event(&self, _: &MonitoringEvent, _: &Mark) -> Result<String, ActionError> {
        Err(ActionError::rejected(format!("emit_event is not possible: {NO_EVENTS}")))
    }

    async fn query_metric(&self, query: &MetricQuery) -> Result<Option<f64>, ActionError> {
        let answer =
            self.prometheus.get("/api/v1/query", &[]).query("query", expression(query)).send().await?;
        let samples = answer.json::<Answered>()?.data.result;
        let Some(Sample { value: (_, value) }) = samples.into_iter().next() else { return Ok(None) };
        let value: f64 = value.parse().map_err(|_| {
            ActionError::internal(format!(
                "Prometheus returned `{}` where a number was expected",
                answer.quote(&value)
            ))
        })?;
        Ok(value.is_finite().then_some(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(dimensions: &[(&str, &str)]) -> Series {
        let dimensions = dimensions.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Series::new("deploys_total".to_owned(), dimensions.collect()).unwrap()
    }

    #[test]
    fn questions_are_in_the_query_language_and_nothing_escapes_its_quotes() {
        let query = |statistic, seconds| MetricQuery {
            series: series(&[("team", "a\"} or vector(1) # \\")]),
            statistic,
            within: Duration::from_secs(seconds),
        };
        assert_eq!(
            expression(&query(Statistic::Average, 3600)),
            r#"avg(avg_over_time(deploys_total{team="a\"} or vector(1) # \\"}[60m]))"#
        );
        assert!(expression(&query(Statistic::Count, 61)).starts_with("sum(count_over_time(deploys_total{"));
        assert!(expression(&query(Statistic::Count, 61)).ends_with("[2m]))"));
    }

    #[test]
    fn each_series_is_a_group_of_its_own() {
        let groups = [series(&[]), series(&[("a", "b")]), series(&[("a", "c")])].map(|series| group(&series));
        assert!(groups[0] != groups[1] && groups[1] != groups[2] && groups[0].len() == 16);
    }
}
