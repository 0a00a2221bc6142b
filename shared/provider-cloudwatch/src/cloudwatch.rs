//! The plugin itself.

use crate::query::Question;
use crate::settings::Settings;
use async_trait::async_trait;
use aws_account::{Account, address, region};
use domain::plugins::{Mark, Metric, MetricQuery, Monitoring, MonitoringEvent, Series, Statistic, Unit};
use domain::{ActionError, ErrorKind, PermissionProblem};
use http_client::{Answer, Auth, Client, Failure, Options};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// The largest event, in bytes: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html>. The limit is 256 KiB for an
/// entry with everything that it names.
const LARGEST_DETAIL: usize = 250 * 1024;

/// What addresses and signatures call EventBridge.
const EVENTBRIDGE: &str = "events";

/// The longest kind of an event, in characters.
const LONGEST_KIND: usize = 128;

/// CloudWatch and EventBridge.
#[derive(Debug, Clone)]
pub struct CloudWatch {
    pub(crate) metrics: Client,
    events: Client,
    pub(crate) settings: Settings,
}

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

impl CloudWatch {
    /// Connects nothing yet. `section` is where the settings are, for errors.
    ///
    /// # Errors
    /// `Rejected` when an address or the region cannot be used.
    pub fn new(section: &str, settings: Settings, options: &Options) -> Result<Self, ActionError> {
        let region = region(section, settings.region.as_deref())?;
        let client = |service: &'static str, base_url: String| {
            // The client checks the address first, so that nothing is signed for a wrong one.
            let client = Client::new("CloudWatch", &base_url, Auth::None, options)?;
            let account = Account::new(service, region.clone(), &base_url, Arc::clone(client.clock()));
            let auth = Auth::Signed(Arc::new(account));
            Ok::<_, ActionError>(Client::new("CloudWatch", &base_url, auth, options)?.judged_by(judge))
        };
        let base_url = settings.base_url.clone();
        let events_url = settings.events_url.clone().or_else(|| base_url.clone());
        let metrics = client("monitoring", base_url.unwrap_or_else(|| address("monitoring", &region)))?;
        let events = client(EVENTBRIDGE, events_url.unwrap_or_else(|| address(EVENTBRIDGE, &region)))?;
        Ok(Self { metrics, events, settings })
    }

    /// Calls an operation of CloudWatch.
    pub(crate) async fn call(&self, target: &'static str, body: &Value) -> Result<Answer, Failure> {
        let request =
            self.metrics.post("/", &[]).json(body).header("content-type", "application/x-amz-json-1.0");
        request.header("x-amz-target", target).without_redirects().send().await
    }

    /// Asks whether the credentials are valid and may read metrics, which costs nothing worth mentioning. Whether they may write cannot be
    /// asked.
    ///
    /// # Errors
    /// `Rejected` when the credentials are not accepted; those of the connection.
    pub async fn permission_problems(&self) -> Result<Vec<PermissionProblem>, ActionError> {
        let series = Series::new("doctor".to_owned(), Default::default())?;
        let query = MetricQuery { series, statistic: Statistic::Count, within: Duration::from_secs(60) };
        let question = Question::of(&self.settings.namespace, &query, self.metrics.clock().now());
        match self.call(crate::query::TARGET, &question.body(None)).await {
            Ok(_) => Ok(Vec::new()),
            Err(failure) if failure.body.to_string().contains("not authorized") => {
                Ok(vec![PermissionProblem::missing(
                    "cloudwatch:GetMetricData".to_owned(),
                    "query_metric fails",
                    "allow it, and cloudwatch:PutMetricData for the namespace and events:PutEvents on the event bus"
                        .to_owned(),
                )])
            }
            Err(failure) => Err(failure.into()),
        }
    }
}

/// What the services mean by an answer: they say that requests come too often with 400, too.
fn judge(status: u16, body: &Value) -> Option<ErrorKind> {
    let kind = body["__type"].as_str().unwrap_or_default();
    let is_throttled = kind.contains("Throttl") || kind.contains("RequestLimitExceeded");
    (status == 400 && is_throttled).then_some(ErrorKind::Throttled)
}

/// The dimensions of a series, as the service writes them.
pub(crate) fn dimensions(series: &Series) -> Value {
    series.dimensions().iter().map(|(name, value)| json!({"Name": name, "Value": value})).collect()
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
