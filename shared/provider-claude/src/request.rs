//! What is sent.

use crate::schema::accepted_schema;
use domain::plugins::{ModelRequest, PromptBlock};
use serde_json::{Value, json};

/// The API accepts no more: <https://platform.claude.com/docs/en/build-with-claude/prompt-caching>.
const MOST_BREAKPOINTS: usize = 4;

/// What the service adds to a request by itself: the frame of the conversation, and, with a schema, the words that explain
/// the form to the model. The schema is counted a
/// second time besides.
const ADDED_BY_THE_SERVICE: u64 = 2_000;

/// The body of `POST /v1/messages`.
pub(crate) fn body(request: &ModelRequest) -> Value {
    // The last breakpoints cover the longest prefixes.
    let marked =
        request.system.iter().chain(&request.prompt).filter(|block| block.cache && !block.text.is_empty());
    let mut dropped = marked.count().saturating_sub(MOST_BREAKPOINTS);
    let mut body = json!({"model": request.model, "max_tokens": request.max_output_tokens});
    let system = blocks(&request.system, &mut dropped);
    if !system.is_empty() {
        body["system"] = system.into();
    }
    body["messages"] = json!([{"role": "user", "content": blocks(&request.prompt, &mut dropped)}]);
    if let Some(schema) = &request.reply_schema {
        body["output_config"] = json!({"format": {"type": "json_schema", "schema": accepted_schema(schema)}});
    }
    body
}

/// The body of `POST /v1/messages/count_tokens`: the same request, without what no prompt is made of.
pub(crate) fn counted_body(request: &ModelRequest) -> Value {
    let mut counted = body(request);
    if let Some(fields) = counted.as_object_mut() {
        fields.remove("max_tokens");
    }
    counted
}

fn blocks(blocks: &[PromptBlock], dropped: &mut usize) -> Vec<Value> {
    let mut sent = Vec::new();
    // The API refuses empty text.
    for block in blocks.iter().filter(|block| !block.text.is_empty()) {
        let mut value = json!({"type": "text", "text": block.text});
        match (block.cache, *dropped) {
            (true, 0) => value["cache_control"] = json!({"type": "ephemeral"}),
            (true, _) => *dropped -= 1,
            (false, _) => {}
        }
        sent.push(value);
    }
    sent
}

/// A token is never less than a byte of the text, and the body is no shorter than the text in it, so the body's bytes bound
/// the tokens of what we send.
pub(crate) fn tokens_at_most(request: &ModelRequest) -> u64 {
    let bytes = |value: &Value| u64::try_from(value.to_string().len()).unwrap_or(u64::MAX);
    let schema = request.reply_schema.as_ref().map_or(0, bytes);
    bytes(&body(request)).saturating_add(schema).saturating_add(ADDED_BY_THE_SERVICE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(text: &str, cache: bool) -> PromptBlock {
        PromptBlock { text: text.into(), cache }
    }

    fn request(system: Vec<PromptBlock>, prompt: Vec<PromptBlock>) -> ModelRequest {
        ModelRequest {
            model: "claude-sonnet-5-5".into(),
            system,
            prompt,
            reply_schema: None,
            max_output_tokens: 100,
        }
    }

    #[test]
    fn the_form_of_a_request() {
        let mut asked = request(vec![block("Be brief.", true)], vec![block("", true), block("Hi", false)]);
        asked.reply_schema = Some(json!({"type": "object", "properties": {"a": {"type": "string"}}}));
        assert_eq!(
            body(&asked),
            json!({
                "model": "claude-sonnet-5-5", "max_tokens": 100,
                "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
                "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
                "output_config": {"format": {"type": "json_schema", "schema": {
                    "type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": false}}}})
        );
    }

    #[test]
    fn no_more_breakpoints_than_accepted() {
        let body = body(&request(vec![block("s", true); 2], vec![block("p", true); 4]));
        let cached = |blocks: &Value| -> Vec<bool> {
            blocks.as_array().unwrap().iter().map(|block| block.get("cache_control").is_some()).collect()
        };
        assert_eq!(cached(&body["system"]), [false, false]);
        assert_eq!(cached(&body["messages"][0]["content"]), [true; 4]);
    }

    #[test]
    fn the_bound_grows_with_every_part() {
        let small = request(vec![block("a", false)], vec![block("b", false)]);
        let mut large = small.clone();
        large.prompt[0].text = "\"ü\"\n".repeat(1000);
        // Even if every byte were a token of its own.
        assert!(tokens_at_most(&large) >= 5000);
        let with_schema = ModelRequest { reply_schema: Some(json!({"type": "object"})), ..small.clone() };
        assert!(tokens_at_most(&with_schema) > tokens_at_most(&small));
    }
}
