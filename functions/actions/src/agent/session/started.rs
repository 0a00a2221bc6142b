//! The request that started a session's work, made by somebody who may start it.

use crate::context::Context;
use domain::ActionError;
use domain::event::SAID_IN;
use domain::execution::{ExecutionInput, execution_of};
use serde_json::Value;

/// The field of a chat's event with the channel.
const CHANNEL: &str = "channel";

/// What started the run that a session belongs to, as far as it is known.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Started {
    /// Every text of its inputs and of its event, one after the other.
    pub(super) words: String,
    /// The channel of a chat in which it was asked for.
    pub(super) channel: Option<String>,
}

impl Started {
    /// Reads it. A run without a record has no request.
    ///
    /// # Errors
    /// When the table does not answer.
    pub(super) async fn read(context: &Context<'_>) -> Result<Self, ActionError> {
        let execution = context.table().execution(execution_of(&context.scope().run)).await?;
        Ok(execution.map(|execution| Self::of(&execution.input)).unwrap_or_default())
    }

    fn of(input: &ExecutionInput) -> Self {
        let mut words = Vec::new();
        for value in input.inputs.values().chain(input.event.values()) {
            collect(value, &mut words);
        }
        let said_in = input.event.get(SAID_IN).or_else(|| input.event.get(CHANNEL)).and_then(Value::as_str);
        Self { words: words.join("\n"), channel: said_in.map(str::to_owned) }
    }
}

/// Adds the texts of a value.
fn collect<'v>(value: &'v Value, texts: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => texts.push(text),
        Value::Array(values) => values.iter().for_each(|value| collect(value, texts)),
        Value::Object(fields) => fields.values().for_each(|value| collect(value, texts)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn all_texts_of_what_started_the_work_count_wherever_they_are() {
        let input: ExecutionInput = serde_json::from_value(json!({
            "inputs": {"comments": "See one", "number": 7, "more": [{"of": "two"}, null]},
            "event": {"text": "three", "said_in": "C1", "channel": "C2"},
            "project": "SHOP", "actor": null,
        }))
        .unwrap();
        let started = Started::of(&input);
        assert_eq!(
            started,
            Started { words: "See one\ntwo\nthree\nC1\nC2".into(), channel: Some("C1".into()) }
        );
        let mention: ExecutionInput = serde_json::from_value(
            json!({"inputs": {"channel": "C3"}, "event": {"channel": "C2"}, "project": null, "actor": null}),
        )
        .unwrap();
        assert_eq!(Started::of(&mention).channel.as_deref(), Some("C2"), "an input is what anybody types");
        let captured: ExecutionInput = serde_json::from_value(
            json!({"inputs": {}, "event": {"said_in": null, "channel": "C2"}, "project": null, "actor": null}),
        )
        .unwrap();
        assert_eq!(Started::of(&captured).channel, None, "the channel is a word of a command");
    }
}
