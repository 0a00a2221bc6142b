//! The answers of the Responses API.

use domain::ActionError;
use domain::plugins::{Content, ModelMessage, ModelReply, Part, Speaker, StopReason, ToolCall, Usage};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// The codes of errors that no waiting helps against: <https://platform.openai.com/docs/guides/error-codes>.
pub(crate) const OUT_OF_MONEY: [&str; 3] =
    ["insufficient_quota", "billing_hard_limit_reached", "billing_not_active"];

/// Whether the request with this error is refused however often it is sent: for money, for its length, or for what is in it.
fn is_refusal(code: &str) -> bool {
    OUT_OF_MONEY.contains(&code)
        || matches!(code, "context_length_exceeded" | "invalid_prompt")
        || (code.contains("image") && code != "failed_to_download_image")
}

/// The error of a reply that the service broke off with these words. The code of a gateway may be the status with which the service behind it
/// answered: <https://openrouter.ai/docs/api/reference/errors-and-debugging>.
pub(crate) fn broken_off(said: &str, code: &Value) -> ActionError {
    let message = format!("OpenAI broke off its reply: {said}");
    let status = code.as_u64().or_else(|| code.as_str()?.parse().ok());
    match (code.as_str(), status) {
        (Some("rate_limit_exceeded"), _) | (_, Some(429)) => ActionError::throttled(message, None),
        (Some(code), _) if is_refusal(code) => ActionError::rejected(message),
        (_, Some(408 | 409 | 412 | 425)) => ActionError::unavailable(message),
        (_, Some(400..=499)) => ActionError::rejected(message),
        _ => ActionError::unavailable(message),
    }
}

/// The error of a reply of which some output may have come: that may be billed, whatever the reason.
pub(crate) fn after_output(has_begun: bool, error: ActionError) -> ActionError {
    if has_begun { ActionError::unavailable(error.message) } else { error }
}

/// The error of a reply that did not come whole.
pub(crate) fn not_whole(problem: &str) -> ActionError {
    ActionError::unavailable(format!("OpenAI {problem}"))
}

/// The fields that are used of a response.
#[derive(Debug, Deserialize)]
pub(crate) struct Reply {
    model: String,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    incomplete_details: Option<Incomplete>,
    #[serde(default)]
    error: Option<Problem>,
    pub(crate) output: Vec<Box<RawValue>>,
    #[serde(default)]
    usage: Option<ReportedUsage>,
}

#[derive(Debug, Deserialize)]
struct Incomplete {
    #[serde(default)]
    reason: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Problem {
    #[serde(default)]
    code: Value,
    message: String,
}

/// The fields that are read of an item of the reply. Kinds other than messages and calls are only sent back.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Item {
    Message {
        content: Vec<Said>,
    },
    FunctionCall {
        call_id: String,
        name: String,
        arguments: String,
        #[serde(default)]
        status: Option<String>,
    },
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Said {
    OutputText {
        text: String,
    },
    Refusal {
        refusal: String,
    },
    #[serde(other)]
    Other,
}

/// The priced part of `usage`. Reasoning is part of the output.
#[derive(Debug, Default, Deserialize)]
#[serde(try_from = "WrittenUsage")]
pub(crate) struct ReportedUsage {
    input_tokens: u64,
    output_tokens: u64,
    input_tokens_details: Option<Details>,
}

/// `usage` by the names of both APIs. Some gateways write all of them, and 0 under those of the API that was not used.
#[derive(Debug, Deserialize)]
struct WrittenUsage {
    #[serde(default)]
    input_tokens: Option<u64>,
    #[serde(default)]
    prompt_tokens: Option<u64>,
    #[serde(default)]
    output_tokens: Option<u64>,
    #[serde(default)]
    completion_tokens: Option<u64>,
    #[serde(default)]
    input_tokens_details: Option<Details>,
    #[serde(default)]
    prompt_tokens_details: Option<Details>,
}

impl TryFrom<WrittenUsage> for ReportedUsage {
    type Error = &'static str;

    fn try_from(written: WrittenUsage) -> Result<Self, Self::Error> {
        let input = written.input_tokens.max(written.prompt_tokens);
        let output = written.output_tokens.max(written.completion_tokens);
        let (prompt, response) = (written.prompt_tokens_details, written.input_tokens_details);
        let input_tokens_details = match written.prompt_tokens > written.input_tokens {
            true => prompt.or(response),
            false => response.or(prompt),
        };
        Ok(Self {
            input_tokens: input.ok_or("usage has no input tokens")?,
            output_tokens: output.ok_or("usage has no output tokens")?,
            input_tokens_details,
        })
    }
}

/// Parts of the input tokens, which include them.
#[derive(Debug, Default, Deserialize)]
struct Details {
    #[serde(default)]
    cached_tokens: Option<u64>,
    #[serde(default)]
    cache_write_tokens: Option<u64>,
}

impl ReportedUsage {
    pub(crate) fn to_usage(&self) -> Usage {
        let details = self.input_tokens_details.as_ref();
        let of = |part: fn(&Details) -> Option<u64>| details.and_then(part).unwrap_or_default();
        let read = of(|details| details.cached_tokens).min(self.input_tokens);
        let rest = self.input_tokens - read;
        let written = of(|details| details.cache_write_tokens).min(rest);
        Usage {
            input_tokens: rest - written,
            cache_read_tokens: read,
            cache_write_5m_tokens: written,
            cache_write_1h_tokens: 0,
            output_tokens: self.output_tokens,
        }
    }
}

impl Reply {
    pub(crate) fn reported(&self) -> Option<Usage> {
        self.usage.as_ref().map(ReportedUsage::to_usage)
    }

    /// The reply, with every item kept as the service wrote it. Errors quote in full; the caller shortens them.
    ///
    /// # Errors
    /// `Throttled` when the service says that it comes too often, `Rejected` when a bill is not paid or the request is refused however often it
    /// is sent, each before any output; `Unavailable` when it broke off, or an item does not have the form of its kind.
    pub(crate) fn into_model_reply(self, request_id: Option<String>) -> Result<ModelReply, ActionError> {
        let status = self.status.as_deref();
        if let Some(problem) = self.error.filter(|_| status == Some("failed")) {
            return Err(after_output(!self.output.is_empty(), broken_off(&problem.message, &problem.code)));
        }
        let unreadable = |error: &dyn std::fmt::Display| {
            ActionError::unavailable(format!("OpenAI's reply cannot be read: {error}"))
        };
        let is_cut = status == Some("incomplete");
        let (mut text, mut calls, mut parts) = (String::new(), Vec::new(), Vec::new());
        let mut is_refused = false;
        // A reply must not end with reasoning: the service refuses it without the item that it led to.
        let mut end = 0;
        for item in self.output {
            match serde_json::from_str(item.get()).map_err(|error| unreadable(&error))? {
                Item::Message { content } => {
                    for said in content {
                        match said {
                            Said::OutputText { text: more } => text.push_str(&more),
                            Said::Refusal { refusal } => {
                                is_refused = true;
                                text.push_str(&refusal);
                            }
                            Said::Other => {}
                        }
                    }
                }
                // The call of a function that was cut off is not made.
                Item::FunctionCall { status, arguments, .. }
                    if is_cut
                        && (status.as_deref() != Some("completed")
                            || serde_json::from_str::<Value>(&arguments).is_err()) =>
                {
                    continue;
                }
                Item::FunctionCall { call_id, name, arguments, .. } => {
                    calls.push(ToolCall { id: call_id, name, input: input(arguments) });
                }
                Item::Other => {
                    parts.push(Part::new(Content::Opaque(item.get().to_owned())));
                    continue;
                }
            }
            parts.push(Part::new(Content::Opaque(item.get().to_owned())));
            end = parts.len();
        }
        if is_cut {
            parts.truncate(end);
        }
        let stop = match (status, self.incomplete_details.and_then(|details| details.reason).as_deref()) {
            (Some("incomplete"), Some("max_output_tokens")) => StopReason::Truncated,
            (Some("incomplete"), Some("content_filter")) => StopReason::Refused,
            (Some("incomplete"), reason) => StopReason::Other(reason.unwrap_or("incomplete").to_owned()),
            _ if is_refused => StopReason::Refused,
            (None | Some("completed"), _) if calls.is_empty() => StopReason::Complete,
            (None | Some("completed"), _) => StopReason::ToolCalls,
            (Some(other), _) => StopReason::Other(other.to_owned()),
        };
        Ok(ModelReply {
            message: ModelMessage { speaker: Speaker::Model, parts },
            text,
            calls,
            stop,
            usage: self.usage.unwrap_or_default().to_usage(),
            model: self.model,
            request_id,
        })
    }
}

/// The arguments of a call, which are JSON in a text. Invalid JSON stays a text, and the tool's schema refuses it.
pub(crate) fn input(arguments: String) -> Value {
    if arguments.trim().is_empty() {
        return Value::Object(serde_json::Map::new());
    }
    serde_json::from_str(&arguments).unwrap_or(Value::String(arguments))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ErrorKind;
    use serde_json::json;

    fn read(response: &str) -> Result<ModelReply, ActionError> {
        serde_json::from_str::<Reply>(response).unwrap().into_model_reply(None)
    }

    #[test]
    fn what_was_said_is_kept_byte_for_byte() {
        let items = [
            r#"{"id": "rs_1","type":"reasoning","summary":[],"encrypted_content":"g\u0041"}"#,
            r#"{"id":"msg_1","type":"message","role":"assistant","status":"completed","content":[{"type":"output_text","text":"I look."}]}"#,
            r#"{"id":"fc_1","type":"function_call","status":"completed","call_id":"call_1","name":"read_file","arguments":"{\"line\":1e2}"}"#,
            r#"{"type":"something_new","x":1}"#,
        ];
        let usage = r#"{"input_tokens":100,"input_tokens_details":{"cached_tokens":64,"cache_write_tokens":30},"output_tokens":9,"output_tokens_details":{"reasoning_tokens":5},"total_tokens":109}"#;
        let response = format!(
            r#"{{"model":"m","status":"completed","error":null,"output":[{}],"usage":{usage}}}"#,
            items.join(", ")
        );
        let reply = read(&response).unwrap();
        let expected = items.map(|item| Part::new(Content::Opaque(item.to_owned())));
        assert_eq!((reply.message.speaker, reply.message.parts), (Speaker::Model, expected.to_vec()));
        let call = ToolCall { id: "call_1".into(), name: "read_file".into(), input: json!({"line": 100.0}) };
        assert_eq!(
            (reply.text.as_str(), reply.calls, reply.stop),
            ("I look.", vec![call], StopReason::ToolCalls)
        );
        let usage = Usage {
            input_tokens: 6,
            cache_read_tokens: 64,
            cache_write_5m_tokens: 30,
            cache_write_1h_tokens: 0,
            output_tokens: 9,
        };
        assert_eq!(reply.usage, usage);
    }

    #[test]
    fn usage_has_the_names_of_either_api_or_of_both() {
        let read = |usage: Value| serde_json::from_value::<ReportedUsage>(usage);
        let both = json!({"prompt_tokens": 7, "completion_tokens": 9, "prompt_tokens_details": {"cached_tokens": 4},
                          "input_tokens": 0, "output_tokens": 0, "input_tokens_details": null});
        let zeros = json!({"prompt_tokens": 0, "completion_tokens": 0, "prompt_tokens_details": {"cached_tokens": 0},
                           "input_tokens": 7, "output_tokens": 9, "input_tokens_details": {"cached_tokens": 4}});
        for usage in [
            json!({"prompt_tokens": 7, "completion_tokens": 9, "prompt_tokens_details": {"cached_tokens": 4}}),
            json!({"input_tokens": 7, "output_tokens": 9, "input_tokens_details": {"cached_tokens": 4}}),
            both,
            zeros,
        ] {
            let usage = read(usage).unwrap().to_usage();
            assert_eq!((usage.input_tokens, usage.cache_read_tokens, usage.output_tokens), (3, 4, 9));
        }
        for (usage, lacks) in [
            (json!({"completion_tokens": 9}), "no input tokens"),
            (json!({"input_tokens": 7}), "no output tokens"),
        ] {
            assert!(read(usage).unwrap_err().to_string().contains(lacks));
        }
    }

    #[test]
    fn every_end_of_a_reply() {
        let of = |more: Value, item: Value| {
            let mut response = json!({"model": "m", "status": "completed", "output": [item],
                                      "usage": {"input_tokens": 1, "output_tokens": 2}});
            more.as_object().unwrap().iter().for_each(|(name, value)| response[name] = value.clone());
            read(&response.to_string())
        };
        let incomplete =
            |reason: &str| json!({"status": "incomplete", "incomplete_details": {"reason": reason}});
        let message = |part: Value| json!({"type": "message", "content": [part]});
        let text = || message(json!({"type": "output_text", "text": "par"}));
        let cut_call = json!({"type": "function_call", "status": "incomplete", "call_id": "c", "name": "f", "arguments": "{\"a"});
        assert_eq!(of(json!({}), text()).unwrap().stop, StopReason::Complete);
        let refused = of(json!({}), message(json!({"type": "refusal", "refusal": "No."}))).unwrap();
        assert_eq!((refused.stop, refused.text.as_str()), (StopReason::Refused, "No."));
        let cut = of(incomplete("max_output_tokens"), cut_call.clone()).unwrap();
        assert_eq!((cut.stop, cut.calls.len(), cut.message.parts.len()), (StopReason::Truncated, 0, 0));
        let reasoning = || json!({"type": "reasoning", "summary": []});
        let whole = json!({"type": "function_call", "status": "completed", "call_id": "c", "name": "f", "arguments": "{}"});
        let mut several = incomplete("max_output_tokens");
        several["output"] = json!([reasoning(), whole, reasoning(), cut_call]);
        let cut = of(several, text()).unwrap();
        assert_eq!((cut.calls.len(), cut.message.parts.len()), (1, 2), "reasoning about a call goes with it");
        assert_eq!(of(incomplete("content_filter"), text()).unwrap().stop, StopReason::Refused);
        assert_eq!(of(incomplete("x"), text()).unwrap().stop, StopReason::Other("x".into()));
        let failed = |code: &str| json!({"status": "failed", "error": {"code": code, "message": "Sorry"}});
        for (code, kind) in [
            ("server_error", ErrorKind::Unavailable),
            ("rate_limit_exceeded", ErrorKind::Throttled),
            ("insufficient_quota", ErrorKind::Rejected),
        ] {
            let begun = of(failed(code), text()).unwrap_err();
            assert_eq!(begun.kind, ErrorKind::Unavailable, "what came may be billed: {code}");
            let mut nothing = failed(code);
            nothing["output"] = json!([]);
            assert_eq!(of(nothing, text()).unwrap_err().kind, kind, "{code}");
        }
        for (code, kind) in [
            (json!(429), ErrorKind::Throttled),
            (json!("429"), ErrorKind::Throttled),
            (json!(400), ErrorKind::Rejected),
            (json!(402), ErrorKind::Rejected),
            (json!(408), ErrorKind::Unavailable),
            (json!(502), ErrorKind::Unavailable),
            (json!("server_error"), ErrorKind::Unavailable),
            (Value::Null, ErrorKind::Unavailable),
        ] {
            assert_eq!(broken_off("Sorry", &code).kind, kind, "{code}");
        }
        assert!(of(json!({}), json!({"type": "function_call"})).is_err());
        assert_eq!((input(" ".into()), input("{".into())), (json!({}), json!("{")));
    }
}
