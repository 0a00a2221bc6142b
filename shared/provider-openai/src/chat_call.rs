//! Calls of functions in the Chat Completions API, and what compatible servers write differently from OpenAI: words as a list of parts, arguments
//! as JSON instead of a text, and `null` where OpenAI writes nothing.

use crate::reply::input;
use domain::plugins::ToolCall;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

/// A call of a function, complete or so far.
#[derive(Debug, Default, Clone, Deserialize)]
pub(crate) struct Call {
    #[serde(default, deserialize_with = "read_text")]
    pub(crate) id: String,
    pub(crate) function: Function,
    /// What the server adds, which is sent back as it came: Gemini refuses a conversation whose calls lack their signatures, which are in it
    /// (<https://ai.google.dev/gemini-api/docs/thought-signatures>).
    #[serde(default)]
    pub(crate) extra_content: Option<Value>,
}

#[derive(Debug, Default, Clone, Deserialize)]
pub(crate) struct Function {
    #[serde(default, deserialize_with = "read_text")]
    pub(crate) name: String,
    #[serde(default, deserialize_with = "read_arguments")]
    pub(crate) arguments: String,
}

impl Call {
    /// The call as a part of the model's message.
    pub(crate) fn sent_back(&self) -> Value {
        let Function { name, arguments } = &self.function;
        let function = json!({ "name": name, "arguments": accepted(arguments) });
        let mut call = json!({ "id": self.id, "type": "function", "function": function });
        if let Some(extra) = &self.extra_content {
            call["extra_content"] = extra.clone();
        }
        call
    }

    pub(crate) fn into_tool_call(self) -> ToolCall {
        let Function { name, arguments } = self.function;
        ToolCall { id: self.id, name, input: input(arguments) }
    }
}

/// The arguments as every server accepts them in a conversation: some refuse those that are no JSON object, so that the model could not read what
/// was wrong with them.
fn accepted(arguments: &str) -> String {
    match input(arguments.to_owned()) {
        Value::Object(_) if arguments.trim().is_empty() => "{}".to_owned(),
        Value::Object(_) => arguments.to_owned(),
        invalid => json!({ "invalid_arguments": invalid }).to_string(),
    }
}

/// Reads words, which Mistral's reasoning models write as a list of parts: <https://docs.mistral.ai/inference/conversations/reasoning>. Thoughts
/// among them are not words.
pub(crate) fn read_words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(words) => Some(words),
        Value::Array(parts) => Some(parts.iter().filter_map(|part| part["text"].as_str()).collect()),
        _ => None,
    })
}

/// Reads arguments, which are JSON in a text, or from some servers the JSON itself.
pub(crate) fn read_arguments<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(arguments) => arguments,
        Value::Null => String::new(),
        arguments => arguments.to_string(),
    })
}

fn read_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_read_in_every_form_and_sent_back_as_an_object() {
        for (written, called, sent_back) in [
            (json!("{\"a\":1e2}"), json!({"a": 100.0}), "{\"a\":1e2}"),
            (json!({"a": 1}), json!({"a": 1}), "{\"a\":1}"),
            (json!(""), json!({}), "{}"),
            (Value::Null, json!({}), "{}"),
            (json!("{\"a"), json!("{\"a"), "{\"invalid_arguments\":\"{\\\"a\"}"),
            (json!("[1]"), json!([1]), "{\"invalid_arguments\":[1]}"),
        ] {
            let call = json!({"id": "c", "function": {"name": "f", "arguments": written}});
            let call: Call = serde_json::from_value(call).unwrap();
            assert_eq!(call.sent_back()["function"]["arguments"], sent_back, "{written}");
            assert_eq!(call.into_tool_call().input, called, "{written}");
        }
    }

    #[test]
    fn null_is_nothing() {
        let call = json!({"id": null, "function": {"name": null}, "extra_content": null});
        let call: Call = serde_json::from_value(call).unwrap();
        assert_eq!((call.id.as_str(), call.function.name.as_str(), call.extra_content), ("", "", None));
    }
}
