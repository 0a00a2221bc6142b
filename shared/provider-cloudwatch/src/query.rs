//! Questions about a metric: [`GetMetricData`](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html) for
//! each minute, put together here, so that the minutes may begin anywhere.

use crate::client::CloudWatch;
use domain::ActionError;
use domain::plugins::{self, MetricQuery, Statistic};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

pub(crate) const TARGET: &str = "GraniteServiceVersion20100801.GetMetricData";

/// More pages than this are a loop: a page has thousands of minutes.
const MOST_PAGES: usize = 100;

/// The dimensions of a series, as the service writes them.
pub(crate) fn dimensions(series: &plugins::Series) -> Value {
    series.dimensions().iter().map(|(name, value)| json!({"Name": name, "Value": value})).collect()
}

/// The parts of a query.
#[derive(Debug)]
pub(crate) struct Question {
    metric: Value,
    statistic: Statistic,
    start: Timestamp,
    end: Timestamp,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    metric_data_results: Vec<Series>,
    #[serde(default)]
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Series {
    id: String,
    values: Vec<f64>,
    #[serde(default)]
    status_code: Option<String>,
}

impl Question {
    /// A query at this time.
    pub(crate) fn of(namespace: &str, query: &MetricQuery, now: Timestamp) -> Self {
        let within = SignedDuration::try_from(query.within).unwrap_or(SignedDuration::ZERO);
        Self {
            metric: json!({
                "Namespace": namespace, "MetricName": query.series.name(), "Dimensions": dimensions(&query.series),
            }),
            statistic: query.statistic,
            start: now.checked_sub(within).unwrap_or(now),
            end: now,
        }
    }

    /// The statistics that are needed for each minute, since a mean of means is not a mean.
    fn statistics(&self) -> &'static [(&'static str, &'static str)] {
        match self.statistic {
            Statistic::Average => &[("sum", "Sum"), ("count", "SampleCount")],
            Statistic::Sum => &[("sum", "Sum")],
            Statistic::Minimum => &[("minimum", "Minimum")],
            Statistic::Maximum => &[("maximum", "Maximum")],
            Statistic::Count => &[("count", "SampleCount")],
        }
    }

    /// The body that asks for a page.
    pub(crate) fn body(&self, next: Option<&str>) -> Value {
        let query = |(id, statistic): &(&str, &str)| json!({"Id": id, "MetricStat": {"Metric": self.metric, "Period": 60, "Stat": statistic}});
        let queries: Vec<_> = self.statistics().iter().map(query).collect();
        // The last minute has begun and not ended.
        let end = self.end.as_second().saturating_add(1);
        let mut body =
            json!({"MetricDataQueries": queries, "StartTime": self.start.as_second(), "EndTime": end});
        if let Some(next) = next {
            body["NextToken"] = next.into();
        }
        body
    }

    fn answer(&self, values: impl Fn(&str) -> Vec<f64>) -> Option<f64> {
        let sum = |id: &str| {
            Some(values(id)).filter(|values| !values.is_empty()).map(|values| values.iter().sum::<f64>())
        };
        match self.statistic {
            Statistic::Average => {
                let count = sum("count").filter(|count| *count > 0.0)?;
                Some(sum("sum")? / count)
            }
            Statistic::Sum => sum("sum"),
            Statistic::Count => sum("count"),
            Statistic::Minimum => values("minimum").into_iter().reduce(f64::min),
            Statistic::Maximum => values("maximum").into_iter().reduce(f64::max),
        }
    }
}

impl CloudWatch {
    /// Reads every page, and puts the minutes together.
    ///
    /// # Errors
    /// Those of the service; `Unavailable` when it could not read the metric, or its pages do not end.
    pub(crate) async fn asked(&self, question: Question) -> Result<Option<f64>, ActionError> {
        let mut found: Vec<Series> = Vec::new();
        let mut next: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let answer = self.call(TARGET, &question.body(next.as_deref())).await?;
            let page: Page = answer.json()?;
            let failed = |series: &&Series| {
                matches!(series.status_code.as_deref(), Some("InternalError" | "Forbidden"))
            };
            if let Some(series) = page.metric_data_results.iter().find(failed) {
                let status = answer.quote(series.status_code.as_deref().unwrap_or_default());
                return Err(ActionError::unavailable(format!(
                    "CloudWatch could not read the metric: {status}"
                )));
            }
            found.extend(page.metric_data_results);
            next = page.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                let values = |id: &str| {
                    found
                        .iter()
                        .filter(|series| series.id == id)
                        .flat_map(|series| series.values.clone())
                        .collect::<Vec<f64>>()
                };
                return Ok(question.answer(values));
            }
        }
        Err(ActionError::unavailable(format!("CloudWatch gave more than {MOST_PAGES} pages of one metric")))
    }
}
