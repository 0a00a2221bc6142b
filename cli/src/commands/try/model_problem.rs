//! Why a model cannot be asked at all: problems that do not pass on their own, with what to change.

use crate::commands::demo::model_settings;
use http_client::is_no_connection;
use providers::ProviderSpec;
use serde_json::Value;

/// Which model is asked, where, and with which key.
#[derive(Debug, Clone)]
pub(in crate::commands) struct ModelPlace {
    service: &'static str,
    /// The variable of the environment with the key.
    variable: &'static str,
    base_url: String,
    model: String,
}

impl ModelPlace {
    /// From the options, or otherwise from the provider's defaults.
    pub(in crate::commands) fn of(
        spec: &ProviderSpec,
        variable: &'static str,
        base_url: Option<&str>,
        model: Option<&str>,
    ) -> Self {
        let filled = spec.settings.filled(&model_settings(base_url, model));
        let text = |name: &str| filled.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        Self { service: spec.name, variable, base_url: text("base_url"), model: text("model") }
    }

    /// What is wrong and what to change, if another attempt would fail in the same way. `cause` is why a step failed.
    pub(in crate::commands) fn problem(&self, cause: &str) -> Option<String> {
        let said = cause.strip_prefix(self.service)?.strip_prefix(": ")?;
        let Self { variable, base_url, model, .. } = self;
        // The first number in parentheses is the status; the service's own words come after it.
        let status = said.split('(').skip(1).find_map(|rest| {
            let (code, _) = rest.split_once(')')?;
            code.parse::<u16>().ok()
        });
        let advice = match status {
            _ if is_no_connection(said) => format!(
                "nothing answers at {base_url}: correct --base-url, or check the network and the proxy (HTTPS_PROXY)"
            ),
            Some(300..=399) => format!("{base_url} is not the API's own address: correct --base-url"),
            Some(401) => format!("set {variable} to a key that {base_url} accepts, or correct --base-url"),
            Some(403) => format!(
                "{base_url} does not let the key in {variable} use `{model}`: set {variable} to another key, or name another model \
                 with --model"
            ),
            Some(404 | 405) => {
                format!(
                    "{base_url} has no model `{model}`: name another one with --model, or correct --base-url"
                )
            }
            _ => return None,
        };
        Some(format!("{cause}; {advice}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_pass_is_told_with_what_is_to_be_changed() {
        let place = ModelPlace {
            service: "Claude",
            variable: "ANTHROPIC_API_KEY",
            base_url: "https://ai.example".into(),
            model: "m-1".into(),
        };
        for (cause, words) in [
            (
                "Claude: POST /v1/messages: the credentials were not accepted (401): no",
                "set ANTHROPIC_API_KEY to",
            ),
            ("Claude: POST /v1/messages failed (403): no", "the key in ANTHROPIC_API_KEY use `m-1`"),
            (
                "Claude: POST /v1/messages failed (404): model: m-1",
                "has no model `m-1`: name another one with --model",
            ),
            (
                "Claude: POST /v1/messages was redirected to b (302), which is not followed",
                "correct --base-url",
            ),
            ("Claude: POST /v1/messages could not connect: refused", "nothing answers at https://ai.example"),
            ("Claude: POST /v1/messages failed (421): could not connect: refused", "nothing answers at"),
        ] {
            let told = place.problem(cause).unwrap();
            assert!(told.starts_with(cause) && told.contains(words), "{words} in {told}");
        }
        for cause in [
            "Claude: POST /v1/messages failed (500): broken",
            "Claude: POST /v1/messages failed (500): see (404)",
            "Claude: POST /v1/messages failed (429): too many",
            "Claude: POST /v1/messages failed (400): credit balance is too low",
            "GitHub: GET /repos failed (404): Not Found",
            "the model's reply is empty",
        ] {
            assert_eq!(place.problem(cause), None, "{cause}");
        }
    }
}
