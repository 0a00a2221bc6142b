//! What is answered over HTTP: JSON for senders that show it only in their delivery logs, Block Kit for people in Slack.

use serde::Serialize;
use serde_json::{Value, json};

/// What became of one event.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// The state machine was started.
    Started { workflow: String, execution: String },
    /// The execution is recorded, but starting it failed: the sweeper starts it.
    Pending { workflow: String, execution: String },
    /// The same delivery came before.
    Duplicate { execution: String },
    /// Another execution is at work on the ticket.
    AlreadyAtWork { execution: String },
    /// Nothing is done about it.
    Ignored { reason: String },
    /// A workflow would have been started, but was refused.
    Refused { reason: String },
    /// Written down for later figures.
    Recorded,
    /// The sender only asked whether we are here.
    Pong,
}

impl Outcome {
    /// The name in answers and figures.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Started { .. } => "started",
            Self::Pending { .. } => "pending",
            Self::Duplicate { .. } => "duplicate",
            Self::AlreadyAtWork { .. } => "already_at_work",
            Self::Ignored { .. } => "ignored",
            Self::Refused { .. } => "refused",
            Self::Recorded => "recorded",
            Self::Pong => "pong",
        }
    }

    /// Logs what became of an event; the span names the delivery and its source.
    pub(crate) fn log(&self) {
        match self {
            Self::Started { workflow, execution } => tracing::info!(workflow, execution, "started"),
            Self::Pending { workflow, execution } => {
                tracing::warn!(workflow, execution, "recorded, to be started by the sweeper");
            }
            Self::Duplicate { execution } => tracing::info!(execution, "came before"),
            Self::AlreadyAtWork { execution } => tracing::info!(execution, "the ticket is already worked on"),
            Self::Ignored { reason } => tracing::info!(reason, "ignored"),
            Self::Refused { reason } => tracing::warn!(reason, "refused to start"),
            Self::Recorded => tracing::info!("recorded"),
            Self::Pong => tracing::info!("answered a ping"),
        }
    }
}

/// The name in figures of a question that was answered and started nothing.
pub(crate) const ANSWERED: &str = "answered";

/// The most characters that Slack takes in one section:
/// <https://docs.slack.dev/reference/block-kit/blocks/section-block/>.
const SECTION_LIMIT: usize = 3000;

/// An answer to a slash command in Block Kit, shown to the person alone or to the channel:
/// <https://docs.slack.dev/interactivity/implementing-slash-commands/#responding_immediate_response>.
#[derive(Debug, PartialEq)]
pub(crate) struct SlackAnswer {
    in_channel: bool,
    sections: Vec<String>,
}

impl SlackAnswer {
    /// An answer that only the person who asked sees. `text` is Slack's mrkdwn; data in it must be [`escape`]d.
    pub(crate) fn to_person(text: impl Into<String>) -> Self {
        Self { in_channel: false, sections: vec![text.into()] }
    }

    /// An answer that everybody in the channel sees.
    pub(crate) fn to_channel(text: impl Into<String>) -> Self {
        Self { in_channel: true, sections: vec![text.into()] }
    }

    /// Adds a section below.
    pub(crate) fn section(mut self, text: impl Into<String>) -> Self {
        self.sections.push(text.into());
        self
    }

    pub(crate) fn into_json(self) -> Value {
        let blocks: Vec<_> = self
            .sections
            .iter()
            .map(|text| {
                let text: String = text.chars().take(SECTION_LIMIT).collect();
                json!({ "type": "section", "text": { "type": "mrkdwn", "text": text } })
            })
            .collect();
        json!({
            "response_type": if self.in_channel { "in_channel" } else { "ephemeral" },
            // What notifications and screen readers say.
            "text": self.sections.first(),
            "blocks": blocks,
        })
    }
}

/// Makes data harmless inside Slack's mrkdwn, so that it cannot mention, link or notify:
/// <https://docs.slack.dev/messaging/formatting-message-text/#escaping>.
pub(crate) fn escape(data: &str) -> String {
    data.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_has_one_name() {
        let text = || "x".to_owned();
        for outcome in [
            Outcome::Started { workflow: text(), execution: text() },
            Outcome::Pending { workflow: text(), execution: text() },
            Outcome::Duplicate { execution: text() },
            Outcome::AlreadyAtWork { execution: text() },
            Outcome::Ignored { reason: text() },
            Outcome::Refused { reason: text() },
            Outcome::Recorded,
            Outcome::Pong,
        ] {
            assert_eq!(serde_json::to_value(&outcome).unwrap()["result"], outcome.name());
        }
    }

    #[test]
    fn a_long_section_is_cut_to_what_slack_takes() {
        let answer = SlackAnswer::to_person("ä".repeat(5000)).section("more").into_json();
        assert_eq!(answer["response_type"], "ephemeral");
        assert_eq!(answer["blocks"][0]["text"]["text"].as_str().unwrap().chars().count(), SECTION_LIMIT);
        assert_eq!(answer["blocks"][1]["text"]["text"], "more");
    }

    #[test]
    fn data_cannot_notify_a_channel() {
        assert_eq!(escape("<!channel> & co"), "&lt;!channel&gt; &amp; co");
    }
}
