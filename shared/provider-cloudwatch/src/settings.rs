//! The settings of its section under `plugins`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of CloudWatch under `plugins`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Written")]
pub struct Settings {
    /// The region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The address of metrics, if it is not the region's public one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// The address of events, if it is neither the region's public one nor that of metrics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events_url: Option<String>,
    /// Where metrics are kept.
    pub namespace: String,
    /// Where events are sent to.
    pub event_bus: String,
    /// What events say that they come from.
    pub source: String,
}

/// Settings of CloudWatch under `plugins`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Written {
    /// The region: `eu-central-1`. Default: that of the deployment, or `AWS_REGION` of `serve`.
    #[serde(default)]
    region: Option<String>,
    /// The address of CloudWatch, such as that of a VPC endpoint. Default: the region's public endpoint.
    #[serde(default)]
    base_url: Option<String>,
    /// The address of EventBridge. Default: `base_url` where it is set, else the region's public endpoint.
    #[serde(default)]
    events_url: Option<String>,
    /// The namespace of the metrics. Default: `Team`. In an AWS account, functions may write only to the namespace that the deployment names.
    #[serde(default = "namespace")]
    namespace: String,
    /// The event bus, by its name. Default: `default`.
    #[serde(default = "event_bus")]
    event_bus: String,
    /// The source of the events. Default: `ticketsmith`.
    #[serde(default = "source")]
    source: String,
}

impl TryFrom<Written> for Settings {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written { region, base_url, events_url, namespace, event_bus, source } = written;
        let is_legal = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || ".-_/#:".contains(c));
        let fits = |text: &str| (1..=255).contains(&text.len()) && is_legal(text);
        if !fits(&namespace) || namespace.starts_with("AWS/") || namespace.starts_with(':') {
            return Err(format!(
                "namespace `{namespace}` is not accepted; accepted: 1 to 255 letters, digits and `.-_/#:`, not beginning with `AWS/` or `:`"
            ));
        }
        if !fits(&source) || source.starts_with("aws.") {
            return Err(format!(
                "source `{source}` is not accepted; accepted: 1 to 255 letters, digits and `.-_/#:`, not beginning with `aws.`"
            ));
        }
        if !fits(&event_bus) || event_bus.contains([':', '#']) {
            return Err(format!(
                "event_bus `{event_bus}` is not accepted; accepted: the name of an event bus in the account, not its ARN"
            ));
        }
        Ok(Self { region, base_url, events_url, namespace, event_bus, source })
    }
}

fn namespace() -> String {
    "Team".into()
}
fn event_bus() -> String {
    "default".into()
}
fn source() -> String {
    "ticketsmith".into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(settings: Value) -> Result<Settings, String> {
        serde_json::from_value(settings).map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_has_to_be_set_and_what_aws_keeps_for_itself_is_refused() {
        let settings = read(json!({})).unwrap();
        assert_eq!((settings.namespace.as_str(), settings.event_bus.as_str()), ("Team", "default"));
        assert_eq!(read(serde_json::to_value(&settings).unwrap()).unwrap(), settings);
        for (wrong, expected) in [
            (json!({"namespace": "AWS/Lambda"}), "namespace `AWS/Lambda`"),
            (json!({"namespace": ""}), "1 to 255"),
            (json!({"source": "aws.ec2"}), "source `aws.ec2`"),
            (json!({"event_bus": "arn:aws:events:x"}), "not its ARN"),
            (json!({"namespce": "x"}), "unknown field"),
        ] {
            let error = read(wrong).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
