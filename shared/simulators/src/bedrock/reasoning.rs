//! Reasoning of models that think by themselves is signed over everything before it: a block that comes back behind anything else, or
//! changed, is refused.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Failure;
use super::models::model;

/// The reasoning if the script has none.
pub(super) const THOUGHT: &str = "I look at what I know so far, and choose the next step.";

/// A block of reasoning for a reply to a request, after the blocks that the reply begins with.
pub(super) fn block(name: &str, request: &Value, before: &[Value], thought: &str) -> Value {
    let mut prefix = Prefix::of(name, request);
    for message in request["messages"].as_array().into_iter().flatten() {
        prefix.message(message);
    }
    prefix.role("assistant");
    before.iter().for_each(|block| prefix.block(block));
    json!({"reasoningContent": {"reasoningText": {"text": thought, "signature": prefix.sign(thought)}}})
}

/// Checks every block of reasoning in a request.
///
/// # Errors
/// The refusal, as the model's vendor words it.
pub(super) fn check(name: &str, request: &Value) -> Result<(), Failure> {
    if !model(name).binds_reasoning {
        return Ok(());
    }
    let mut prefix = Prefix::of(name, request);
    for (index, message) in request["messages"].as_array().into_iter().flatten().enumerate() {
        prefix.role(message["role"].as_str().unwrap_or_default());
        for (place, block) in message["content"].as_array().into_iter().flatten().enumerate() {
            let reasoning = &block["reasoningContent"]["reasoningText"];
            if let Some(text) = reasoning["text"].as_str()
                && reasoning["signature"].as_str() != Some(&prefix.sign(text))
            {
                return Err(Failure::validation(format!(
                    "messages.{index}.content.{place}: Invalid `signature` in `thinking` block"
                )));
            }
            prefix.block(block);
        }
    }
    Ok(())
}

/// Everything before a block.
struct Prefix(Sha256);

impl Prefix {
    fn of(name: &str, request: &Value) -> Self {
        let mut prefix = Self(Sha256::new_with_prefix(name));
        for part in [&request["toolConfig"]["tools"], &request["system"]] {
            prefix.role("part");
            part.as_array().into_iter().flatten().for_each(|block| prefix.block(block));
        }
        prefix
    }

    fn message(&mut self, message: &Value) {
        self.role(message["role"].as_str().unwrap_or_default());
        message["content"].as_array().into_iter().flatten().for_each(|block| self.block(block));
    }

    fn role(&mut self, role: &str) {
        self.0.update(format!("{role}\n"));
    }

    /// Marks for the cache are outside the binding.
    fn block(&mut self, block: &Value) {
        if block.get("cachePoint").is_none() {
            self.0.update(format!("{block}\n"));
        }
    }

    fn sign(&self, text: &str) -> String {
        STANDARD.encode(self.0.clone().chain_update(text).finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasoning_comes_back_behind_what_it_was_thought_behind() {
        let name = "global.anthropic.claude-sonnet-5-5";
        let mut request = json!({"messages": [{"role": "user", "content": [{"text": "Do it"}]}]});
        let thought = block(name, &request, &[], "hm");
        let messages = request["messages"].as_array_mut().unwrap();
        messages.push(json!({"role": "assistant", "content": [thought]}));
        assert!(check(name, &request).is_ok());
        let mark = json!({"cachePoint": {"type": "default"}});
        request["messages"][0]["content"].as_array_mut().unwrap().push(mark);
        assert!(check(name, &request).is_ok(), "marks are outside");
        request["messages"][0]["content"][0]["text"] = "Do it not".into();
        assert!(
            check(name, &request).unwrap_err().message.contains("messages.1.content.0: Invalid `signature`")
        );
        assert!(check("amazon.nova-pro-v1:0", &request).is_ok());
    }
}
