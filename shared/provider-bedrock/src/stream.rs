//! A reply as it comes, in [AWS's event stream](https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html).

use crate::reply::{Output, Reply, ReportedUsage, Said};
use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder};
use aws_smithy_eventstream::smithy::parse_response_headers;
use aws_smithy_types::event_stream::Message;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::BytesMut;
use domain::plugins::{ModelReply, Usage};
use domain::{ActionError, ErrorKind};
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A reply in transit.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    decoder: MessageFrameDecoder,
    buffer: BytesMut,
    blocks: BTreeMap<u64, Block>,
    has_begun: bool,
    stop_reason: Option<String>,
    usage: Option<ReportedUsage>,
    /// Why it can no longer become a reply.
    problem: Option<ActionError>,
}

/// A block in transit, by the kind of its content.
#[derive(Debug, Default)]
struct Block {
    text: Option<String>,
    tool: Option<ToolStart>,
    /// The input of a call of a tool, whose JSON comes in pieces.
    input: String,
    reasoning: Option<String>,
    signature: Option<String>,
    redacted: Option<Vec<u8>>,
    /// Whether it is of a kind that cannot be put together here.
    is_unknown: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToolStart {
    tool_use_id: String,
    name: String,
    #[serde(default, rename = "type")]
    kind: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Started {
    content_block_index: u64,
    start: Start,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Start {
    #[serde(default)]
    tool_use: Option<ToolStart>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Grown {
    content_block_index: u64,
    delta: Delta,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Delta {
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    tool_use: Option<Input>,
    #[serde(default)]
    reasoning_content: Option<Reasoning>,
}

#[derive(Debug, Deserialize)]
struct Input {
    input: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reasoning {
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    signature: Option<String>,
    #[serde(default)]
    redacted_content: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stopped {
    stop_reason: String,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    usage: ReportedUsage,
}

impl Stream {
    /// Takes in more bytes. Returns the usage when the service reports it, which is at the end.
    pub(crate) fn hear(&mut self, bytes: &[u8]) -> Option<Usage> {
        let before = self.reported();
        self.buffer.extend_from_slice(bytes);
        while self.problem.is_none() {
            match self.decoder.decode_frame(&mut self.buffer) {
                Ok(DecodedFrame::Complete(message)) => self.happened(&message),
                Ok(DecodedFrame::Incomplete) => break,
                Err(error) => self.fail(format!("sent a frame that cannot be read: {error}")),
            }
        }
        self.reported().filter(|usage| Some(*usage) != before)
    }

    /// The usage that was reported.
    pub(crate) fn reported(&self) -> Option<Usage> {
        self.usage.as_ref().map(ReportedUsage::to_usage)
    }

    fn happened(&mut self, message: &Message) {
        let headers = match parse_response_headers(message) {
            Ok(headers) => headers,
            Err(error) => return self.fail(format!("sent an event that cannot be read: {error}")),
        };
        let (kind, payload) = (headers.smithy_type.as_str(), message.payload());
        if headers.message_type.as_str() == "exception" {
            return self.broke_off(kind, payload);
        }
        if let Err(error) = self.event(kind, payload) {
            self.fail(format!("sent an event that cannot be read: {error}"));
        }
    }

    fn event(&mut self, kind: &str, payload: &[u8]) -> Result<(), serde_json::Error> {
        match kind {
            "messageStart" => self.has_begun = true,
            "contentBlockStart" => {
                let Started { content_block_index, start } = serde_json::from_slice(payload)?;
                let is_unknown = start.tool_use.is_none();
                let block = Block { tool: start.tool_use, is_unknown, ..Block::default() };
                self.blocks.insert(content_block_index, block);
            }
            "contentBlockDelta" => {
                let Grown { content_block_index, delta } = serde_json::from_slice(payload)?;
                // Only calls of tools are announced.
                self.blocks.entry(content_block_index).or_default().grow(delta);
            }
            "messageStop" => self.stop_reason = Some(serde_json::from_slice::<Stopped>(payload)?.stop_reason),
            "metadata" => self.usage = Some(serde_json::from_slice::<Metadata>(payload)?.usage),
            _ => {}
        }
        Ok(())
    }

    /// The service ends its answer with an error. One that says that it was asked too often, before it said anything, costs nothing.
    fn broke_off(&mut self, kind: &str, payload: &[u8]) {
        let said: Value = serde_json::from_slice(payload).unwrap_or_default();
        let words = said["message"].as_str().or(said["originalMessage"].as_str());
        let words = words.unwrap_or("no reason was given");
        let message = format!("Bedrock broke off its reply: {kind}: {words}");
        let is_free =
            !self.has_begun && matches!(kind, "throttlingException" | "serviceUnavailableException");
        let kind = if is_free { ErrorKind::Throttled } else { ErrorKind::Unavailable };
        self.problem.get_or_insert(ActionError { kind, message, retry_after: None });
    }

    fn fail(&mut self, problem: String) {
        self.problem.get_or_insert(ActionError::unavailable(format!("Bedrock {problem}")));
    }

    /// The reply of the model that was asked, once the answer is over. Errors quote in full; the caller shortens them.
    ///
    /// # Errors
    /// `Unavailable` when the service broke it off or it cannot be read; `Throttled` when the service refused it before it began.
    pub(crate) fn finish(self, model: &str, request_id: Option<String>) -> Result<ModelReply, ActionError> {
        let unusable = |problem: String| ActionError::unavailable(format!("Bedrock {problem}"));
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        let (Some(stop_reason), Some(usage)) = (self.stop_reason, self.usage) else {
            return Err(unusable("ended its answer before its reply".to_owned()));
        };
        // A refusal and a full context window cut a reply off as its limit of tokens does.
        let is_cut = !matches!(stop_reason.as_str(), "end_turn" | "stop_sequence" | "tool_use");
        let mut content = Vec::new();
        let mut blocks = self.blocks.into_values().peekable();
        while let Some(block) = blocks.next() {
            // What was cut off may be the beginning of a call or of a thought even if it can be read. A text is used as far as it goes.
            if is_cut && blocks.peek().is_none() && !block.is_text() {
                break;
            }
            match block.into_json() {
                Ok(Some(json)) => content.push(json),
                Ok(None) => return Err(unusable("sent a block of an unknown kind".to_owned())),
                Err(error) => return Err(unusable(format!("called a tool with invalid JSON: {error}"))),
            }
        }
        let reply = Reply { output: Output { message: Said { content } }, stop_reason, usage };
        let unreadable = |error| unusable(format!("sent something that cannot be read: {error}"));
        reply.into_model_reply(model, request_id).map_err(unreadable)
    }
}

impl Block {
    fn grow(&mut self, delta: Delta) {
        let Delta { text, tool_use, reasoning_content } = delta;
        self.is_unknown |= text.is_none() && tool_use.is_none() && reasoning_content.is_none();
        let append = |to: &mut Option<String>, more: Option<String>| {
            if let Some(more) = more {
                to.get_or_insert_default().push_str(&more);
            }
        };
        append(&mut self.text, text);
        self.input.extend(tool_use.map(|more| more.input));
        if let Some(Reasoning { text, signature, redacted_content }) = reasoning_content {
            append(&mut self.reasoning, text);
            append(&mut self.signature, signature);
            if let Some(more) = redacted_content {
                match STANDARD.decode(more) {
                    Ok(more) => self.redacted.get_or_insert_default().extend(more),
                    Err(_) => self.is_unknown = true,
                }
            }
        }
    }

    fn is_text(&self) -> bool {
        self.text.is_some()
    }

    /// The block as `Converse` writes it; `None` for one of another kind.
    fn into_json(self) -> Result<Option<Box<RawValue>>, serde_json::Error> {
        let json = if self.is_unknown {
            return Ok(None);
        } else if let Some(ToolStart { tool_use_id, name, kind }) = self.tool {
            let input = if self.input.is_empty() { json!({}) } else { serde_json::from_str(&self.input)? };
            let mut call = json!({"toolUseId": tool_use_id, "name": name, "input": input});
            if let Some(kind) = kind {
                call["type"] = kind.into();
            }
            json!({ "toolUse": call })
        } else if let Some(redacted) = self.redacted {
            json!({"reasoningContent": {"redactedContent": STANDARD.encode(redacted)}})
        } else if self.reasoning.is_some() || self.signature.is_some() {
            let mut reasoning = json!({"text": self.reasoning.unwrap_or_default()});
            if let Some(signature) = self.signature {
                reasoning["signature"] = signature.into();
            }
            json!({"reasoningContent": {"reasoningText": reasoning}})
        } else {
            json!({"text": self.text.unwrap_or_default()})
        };
        to_raw_value(&json).map(Some)
    }
}

#[cfg(test)]
mod tests;
