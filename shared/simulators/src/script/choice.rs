//! Chooses the reply to a request, and checks that the request is the one it was written for.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::reply::{Content, Expectation, Reply, Turn};

/// The parts of a request that a script reads.
#[derive(Debug)]
pub(crate) struct Asked<'r> {
    /// Identifies the request, byte for byte.
    pub(crate) digest: [u8; 32],
    /// All its text: system prompt and messages.
    pub(crate) words: String,
    /// How many replies of the model it already holds.
    pub(crate) turn: usize,
    pub(crate) model: &'r str,
    /// The names of the tools that it offers.
    pub(crate) tools: Vec<&'r str>,
    /// The JSON Schema that the reply must follow; null without one.
    pub(crate) schema: &'r Value,
    /// The most tokens that the reply may have.
    pub(crate) most_tokens: u64,
}

/// The turn that answers a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chosen<'s> {
    pub(crate) turn: &'s Turn,
    index: usize,
    number: usize,
    is_repeated: bool,
}

/// How much of a script is left.
#[derive(Debug, Default)]
pub(crate) struct Script {
    /// How often each reply may still be used.
    left: Vec<u32>,
    /// Which reply answered a request, and which of its turns, by the request's digest.
    given: BTreeMap<[u8; 32], (usize, usize)>,
}

impl Script {
    /// A script with all its replies unused.
    pub(crate) fn new(replies: &[Reply]) -> Self {
        Self { left: replies.iter().map(|reply| reply.times).collect(), given: BTreeMap::new() }
    }

    /// The turn that answers a request.
    ///
    /// # Errors
    /// In words: that no reply is left for it, or what it lacks.
    pub(crate) fn choose<'s>(&self, replies: &'s [Reply], asked: &Asked<'_>) -> Result<Chosen<'s>, String> {
        let known = self.given.get(&asked.digest).copied();
        let chosen = known.or_else(|| choose(replies, &self.left, asked));
        let found = chosen.and_then(|(index, number)| {
            let reply = replies.get(index)?;
            Some((
                reply,
                Chosen { turn: reply.turns.get(number)?, index, number, is_repeated: known.is_some() },
            ))
        });
        let Some((reply, chosen)) = found else {
            let begin: String = asked.words.chars().take(200).collect();
            return Err(format!("no reply of the world file is left for a request that begins: {begin}"));
        };
        let missing = missing(chosen.turn, asked);
        if missing.is_empty() {
            return Ok(chosen);
        }
        let index = chosen.index;
        let name = reply
            .r#for
            .as_ref()
            .map_or_else(|| format!("number {}", index + 1), |name| format!("for {name:?}"));
        let name = if reply.is_conversation { format!("{name}, turn {},", chosen.number + 1) } else { name };
        Err(format!("the reply {name} expects {}", missing.join("; ")))
    }

    /// Uses the turn up, unless the same request was answered before. A cut-off reply can be requested once more, with more tokens.
    pub(crate) fn use_up(&mut self, asked: &Asked<'_>, chosen: Chosen<'_>, is_cut: bool) {
        let Chosen { index, number, is_repeated, .. } = chosen;
        if is_repeated {
            return;
        }
        self.given.insert(asked.digest, (index, number));
        if let Some(left) = self.left.get_mut(index).filter(|_| number == 0 && !is_cut) {
            *left = left.saturating_sub(1);
        }
    }

    /// How often each reply may still be used, in the script's order, with its `for`.
    pub(crate) fn left(&self, replies: &[Reply]) -> Value {
        replies
            .iter()
            .zip(&self.left)
            .map(|(reply, left)| json!({"for": reply.r#for, "left": left}))
            .collect()
    }
}

/// The reply to a request and which of its turns: the first reply with a use left whose `for` occurs in it. A conversation that has begun
/// goes on.
fn choose(replies: &[Reply], left: &[u32], asked: &Asked<'_>) -> Option<(usize, usize)> {
    let turn = |reply: &Reply| if reply.is_conversation { asked.turn } else { 0 };
    let is_it = |(reply, left): (&Reply, &u32)| {
        let turn = turn(reply);
        turn < reply.turns.len()
            && (*left > 0 || turn > 0)
            && reply.r#for.as_ref().is_none_or(|keyword| asked.words.contains(keyword))
    };
    let index = replies.iter().zip(left).position(is_it)?;
    Some((index, replies.get(index).map(turn)?))
}

/// Everything that the request lacks for a turn, in words.
fn missing(reply: &Turn, asked: &Asked<'_>) -> Vec<String> {
    let Expectation { model, contains, lacks, tools, json_schema, max_tokens } = &reply.expect;
    let mut missing = Vec::new();
    if let Some(model) = model.as_ref().filter(|model| asked.model != **model) {
        missing.push(format!("model `{model}` (it has {:?})", asked.model));
    }
    let words = &asked.words;
    missing.extend(
        contains.iter().filter(|text| !words.contains(*text)).map(|text| format!("the text {text:?}")),
    );
    missing.extend(
        lacks
            .iter()
            .filter(|text| words.contains(*text))
            .map(|text| format!("the absence of the text {text:?}")),
    );
    let called = reply.content.iter().filter_map(|content| match content {
        Content::ToolUse { name, .. } => Some(name),
        Content::Text(_) | Content::Json(_) | Content::Thinking(_) => None,
    });
    // A model at times calls a tool that it was not offered, but only if it was offered others.
    let uncallable = called.filter(|_| asked.tools.is_empty());
    let absent = tools.iter().filter(|name| !asked.tools.contains(&name.as_str()));
    missing.extend(absent.chain(uncallable).map(|name| format!("the tool `{name}`")));
    if let Some(wanted) = json_schema.filter(|wanted| *wanted != asked.schema.is_object()) {
        missing.push(format!("{} schema of the reply", if wanted { "a" } else { "no" }));
    }
    if let Some([least, greatest]) = max_tokens {
        let given = asked.most_tokens;
        if !(*least..=*greatest).contains(&given) {
            missing.push(format!("max_tokens from {least} to {greatest} (it has {given})"));
        }
    }
    if asked.schema.is_object() {
        for content in &reply.content {
            if let Content::Json(value) = content {
                missing.extend(unfit(asked.schema, value).map(|problem| {
                    format!("a schema that this reply satisfies (the world file's reply does not fit it: {problem})")
                }));
            }
        }
    }
    missing
}

/// Why a value does not satisfy a schema.
fn unfit(schema: &Value, value: &Value) -> Option<String> {
    match jsonschema::validator_for(schema) {
        Err(error) => Some(format!("the schema is invalid: {error}")),
        Ok(validator) => {
            validator.iter_errors(value).next().map(|error| format!("{error} at {}", error.instance_path()))
        }
    }
}
