//! The plugin itself.

use crate::client::CloudWatch;
use crate::query::{Question, dimensions};
use async_trait::async_trait;
use domain::plugins::{Mark, Metric, MetricQuery, Monitoring, MonitoringEvent, Unit};
use domain::{ActionError, ErrorKind};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

/// The largest event, in bytes: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html>. The limit is 256 KiB for an
/// entry with everything that it names.
const LARGEST_DETAIL: usize = 250 * 1024;

/// The longest kind of an event, in characters.
const LONGEST_KIND: usize = 128;

/// The answer of `PutEvents`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Sent {
    entries: Vec<SentEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SentEntry {
    #[serde(default)]
    event_id: Option<String>,
    #[serde(default)]
    error_code: Option<String>,
    #[serde(default)]
    error_message: Option<String>,
}

fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::None => "None",
        Unit::Count => "Count",
        Unit::Seconds => "Seconds",
        Unit::Milliseconds => "Milliseconds",
        Unit::Bytes => "Bytes",
        Unit::Percent => "Percent",
    }
}

#[async_trait]
impl Monitoring for CloudWatch {
    async fn emit_metric(&self, metric: &Metric) -> Result<(), ActionError> {
        let datum = json!({
            "MetricName": metric.series.name(),
            "Dimensions": dimensions(&metric.series),
            "Timestamp": metric.at.as_second(),
            "Value": metric.value,
            "Unit": unit(metric.unit),
        });
        let body = json!({"Namespace": self.settings.namespace, "MetricData": [datum]});
        let answer = self.call("GraniteServiceVersion20100801.PutMetricData", &body).await?;
        // It says nothing; what answers with a page is another service.
        if answer.size() > 0 {
            answer.json::<IgnoredAny>()?;
        }
        Ok(())
    }

    fn replaces_repeats(&self) -> bool {
        false
    }

    async fn emit_event(&self, event: &MonitoringEvent, mark: &Mark) -> Result<String, ActionError> {
        let mut detail = event.detail.clone();
        detail.insert("idempotency_key".to_owned(), mark.digest().into());
        let detail = Value::from(detail).to_string();
        if detail.len() > LARGEST_DETAIL {
            return Err(ActionError::rejected(format!(
                "the event's detail has {} bytes; CloudWatch accepts at most {LARGEST_DETAIL}",
                detail.len()
            )));
        }
        if !(1..=LONGEST_KIND).contains(&event.name.chars().count()) {
            return Err(ActionError::rejected(format!(
                "the event's name has {} characters; CloudWatch accepts 1 to {LONGEST_KIND}",
                event.name.chars().count()
            )));
        }
        let entry = json!({
            "Time": event.at.as_second(),
            "Source": self.settings.source,
            "DetailType": event.name,
            "Detail": detail,
            "EventBusName": self.settings.event_bus,
        });
        let request = self.events.post("/", &[]).json(&json!({"Entries": [entry]}));
        let request = request.header("content-type", "application/x-amz-json-1.1");
        let answer = request.header("x-amz-target", "AWSEvents.PutEvents").without_redirects().send().await?;
        let entry = answer.json::<Sent>()?.entries.into_iter().next();
        match entry {
            Some(SentEntry { event_id: Some(id), error_code: None, .. }) => Ok(answer.quote(&id)),
            Some(SentEntry { error_code: Some(code), error_message, .. }) => {
                let said = answer.quote(&error_message.unwrap_or_default());
                let message = format!("CloudWatch did not take the event: {}: {said}", answer.quote(&code));
                let kind = match code.as_str() {
                    "ThrottlingException" => ErrorKind::Throttled,
                    "InternalFailure" | "InternalException" => ErrorKind::Unavailable,
                    _ => ErrorKind::Rejected,
                };
                Err(ActionError { kind, message, retry_after: None })
            }
            _ => Err(ActionError::unavailable("CloudWatch did not say whether it took the event")),
        }
    }

    async fn query_metric(&self, query: &MetricQuery) -> Result<Option<f64>, ActionError> {
        self.asked(Question::of(&self.settings.namespace, query, self.metrics.clock().now())).await
    }
}
