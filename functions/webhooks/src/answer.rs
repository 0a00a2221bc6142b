//! The outcome of each event in a delivery, as JSON that senders show in their delivery logs.

use serde::Serialize;

/// The outcome of one event.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// The state machine was started.
    Started { workflow: String, execution: String },
    /// The execution is recorded, but starting it failed; the sweeper will start it.
    Pending { workflow: String, execution: String },
    /// The execution is recorded, and waits until others that are at work have ended.
    InLine { workflow: String, execution: String, before: usize },
    /// The same delivery came before.
    Duplicate { execution: String },
    /// Another execution is at work on the ticket.
    AlreadyAtWork { execution: String },
    /// The event is ignored.
    Ignored { reason: String },
    /// A workflow would have started, but was refused.
    Refused { reason: String },
    /// Somebody asked, and is answered.
    Answered,
    /// Recorded for later: a person's request, statistics, a waiting step, or an inquiry to a provider.
    Recorded,
    /// The sender only checked whether we respond.
    Pong,
}

impl Outcome {
    /// The name in answers and metrics.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Started { .. } => "started",
            Self::Pending { .. } => "pending",
            Self::InLine { .. } => "in_line",
            Self::Duplicate { .. } => "duplicate",
            Self::AlreadyAtWork { .. } => "already_at_work",
            Self::Ignored { .. } => "ignored",
            Self::Refused { .. } => "refused",
            Self::Answered => ANSWERED,
            Self::Recorded => "recorded",
            Self::Pong => "pong",
        }
    }

    /// Logs the outcome; the span names the delivery and its source.
    pub(crate) fn log(&self) {
        match self {
            Self::Started { workflow, execution } => tracing::info!(workflow, execution, "started"),
            Self::Pending { workflow, execution } => {
                tracing::warn!(workflow, execution, "recorded; the sweeper will start it");
            }
            Self::InLine { workflow, execution, before } => {
                tracing::info!(workflow, execution, before, "recorded; it waits in line");
            }
            Self::Duplicate { execution } => tracing::info!(execution, "duplicate delivery"),
            Self::AlreadyAtWork { execution } => {
                tracing::info!(execution, "the ticket is already being worked on")
            }
            Self::Ignored { reason } => tracing::info!(reason, "ignored"),
            Self::Refused { reason } => tracing::warn!(reason, "refused to start"),
            Self::Answered => tracing::info!("answered"),
            Self::Recorded => tracing::info!("recorded"),
            Self::Pong => tracing::info!("answered a ping"),
        }
    }
}

/// The name in metrics of a question that was answered and did not start anything.
pub(crate) const ANSWERED: &str = "answered";

#[cfg(test)]
mod tests {
    use super::*;
    use observability::series::DELIVERY_OUTCOMES;

    #[test]
    fn an_outcome_has_one_name() {
        let text = || "x".to_owned();
        for outcome in [
            Outcome::Started { workflow: text(), execution: text() },
            Outcome::Pending { workflow: text(), execution: text() },
            Outcome::InLine { workflow: text(), execution: text(), before: 1 },
            Outcome::Duplicate { execution: text() },
            Outcome::AlreadyAtWork { execution: text() },
            Outcome::Ignored { reason: text() },
            Outcome::Refused { reason: text() },
            Outcome::Answered,
            Outcome::Recorded,
            Outcome::Pong,
        ] {
            assert_eq!(serde_json::to_value(&outcome).unwrap()["result"], outcome.name());
            assert!(DELIVERY_OUTCOMES.contains(&outcome.name()), "{} has no series", outcome.name());
        }
    }
}
