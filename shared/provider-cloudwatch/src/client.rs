//! The clients of both services.

use crate::settings::Settings;
use aws_account::{Account, address, region};
use domain::{ActionError, ErrorKind};
use http_client::{Answer, Auth, Client, Failure, Options};
use serde_json::Value;
use std::sync::Arc;

/// What addresses and signatures call EventBridge.
const EVENTBRIDGE: &str = "events";

/// CloudWatch and EventBridge.
#[derive(Debug, Clone)]
pub struct CloudWatch {
    pub(crate) metrics: Client,
    pub(crate) events: Client,
    pub(crate) settings: Settings,
}

impl CloudWatch {
    /// Does not connect yet. `section` names the settings in errors.
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
}

/// Reads the kind of error from an answer: throttling may come with status 400.
fn judge(status: u16, body: &Value) -> Option<ErrorKind> {
    let kind = body["__type"].as_str().unwrap_or_default();
    let is_throttled = kind.contains("Throttl") || kind.contains("RequestLimitExceeded");
    (status == 400 && is_throttled).then_some(ErrorKind::Throttled)
}
