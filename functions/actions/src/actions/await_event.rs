//! `await_event`: parks an execution on a task token until something happens outside.

use crate::action::{Action, Done, NoOutput};
use crate::context::Context;
use crate::spec::ActionSpec;
use domain::event::Confirmation;
use domain::routes::Routes;
use domain::{ActionError, CommitSha, EventKey, EventName};
use records::{Moves, NewInquiry, Partition, Topic};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The step's inputs: `event` with `match`, or `any`.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The awaited event: `github.checks_completed`.
    #[serde(default)]
    pub event: Option<EventName>,
    /// Which one, by its identifying fields: `{repository, sha}` for checks, `{task_id}` for a ticket,
    /// `{repository, number}` for comments and reviews, `{channel, thread}` for mentions in a chat.
    #[serde(rename = "match", default)]
    pub matches: Option<Map<String, Value>>,
    /// Several events; the first one counts.
    #[serde(default)]
    pub any: Vec<Awaited>,
}

/// One of several awaited events.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Awaited {
    /// The awaited event.
    pub event: EventName,
    /// Which one, by its identifying fields.
    #[serde(rename = "match")]
    pub matches: Map<String, Value>,
}

/// What later steps can read: the fields of the event, and its name as `event`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Output(pub Map<String, Value>);

/// Records that the execution waits. An event with that key since the execution's start is found when the waiter is handled; if a
/// provider knows whether it happened, the provider is asked.
///
/// # Errors
/// `Rejected` if nothing can wait for the kind, or an identifying field is missing; `Unavailable` if the current routes
/// were stored before they described events; the errors of [`Park::wait`](crate::park::Park::wait).
pub struct AwaitEvent;

impl Action for AwaitEvent {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_records("await_event").parking().writing(&[Partition::Inquiry]);

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let awaited = input.awaited()?;
        let routes = context.table().routes(context.clock().now()).await?;
        if routes.events.is_empty() {
            return Err(ActionError::unavailable(
                "the routes in force do not say which events there are; deploy them",
            )
            .into());
        }
        let found: Vec<(Awaited, EventKey, Option<Confirmation>)> = awaited
            .into_iter()
            .map(|awaited| key_of(&routes, &awaited).map(|(key, by)| (awaited, key, by)))
            .collect::<Result<_, _>>()?;
        let question = question(found.iter().map(|(awaited, ..)| awaited));
        for (_, key, _) in &found {
            let topic = Topic::Event(key.clone());
            context.park().wait(&topic, question.clone(), Vec::new(), Moves::default()).await?;
        }
        for (Awaited { event, matches }, key, by) in found {
            if by != Some(Confirmation::Checks) {
                continue;
            }
            // It may be so already, and then no delivery will say so.
            let inquiry = NewInquiry { kind: event, fields: matches, by: None, reported: false };
            let asked = context.table().inquire(&key, &inquiry, context.clock().now()).await;
            asked.map_err(ActionError::from)?;
        }
        Err(NoOutput::Parked)
    }
}

impl Input {
    /// The awaited events, at least one.
    fn awaited(self) -> Result<Vec<Awaited>, ActionError> {
        match (self.event, self.matches, self.any) {
            (Some(event), Some(matches), any) if any.is_empty() => Ok(vec![Awaited { event, matches }]),
            (None, None, any) if !any.is_empty() => Ok(any),
            _ => Err(ActionError::rejected(
                "a wait for events has either `event` with `match`, or `any` with at least one event",
            )),
        }
    }
}

/// By which key an event is found, and who confirms that it happened.
fn key_of(routes: &Routes, awaited: &Awaited) -> Result<(EventKey, Option<Confirmation>), ActionError> {
    let Awaited { event, matches } = awaited;
    let cannot_wait = || {
        let accepted = routes.events.iter().filter(|spec| !spec.match_fields.is_empty());
        let accepted: Vec<_> = accepted.map(|spec| spec.name.as_str()).collect();
        ActionError::rejected(format!("no step can wait for {event}; accepted: {}", accepted.join(", ")))
    };
    let spec = routes.events.find(event.as_str()).ok_or_else(cannot_wait)?;
    let key = EventKey::new(spec, matches)
        .map_err(|field| {
            let accepted = spec.match_fields.join(", ");
            ActionError::rejected(format!("`match` of {event} lacks `{field}`; accepted: {accepted}"))
        })?
        .ok_or_else(cannot_wait)?;
    Ok((key, spec.confirmed_by))
}

/// What people read while a step waits.
fn question<'a>(awaited: impl Iterator<Item = &'a Awaited>) -> String {
    let mut events: Vec<String> = awaited.map(in_words).collect();
    let last = events.pop().unwrap_or_default();
    match events.is_empty() {
        true => format!("It waits for: {last}."),
        false => format!("It waits for one of: {} or {last}.", events.join(", ")),
    }
}

/// An event as people say it: `checks completed (acme/shop, 0a1b2c3)`.
fn in_words(Awaited { event, matches }: &Awaited) -> String {
    let shown = |value: &Value| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let short = value.parse::<CommitSha>().ok().and_then(|_| value.get(..7).map(str::to_owned));
        short.unwrap_or(value)
    };
    let which: Vec<_> = matches.values().map(shown).collect();
    format!("{} ({})", event.as_str().replace(['.', '_'], " "), which.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn people_read_what_a_step_waits_for() {
        let awaited = |event: &str, matches: Value| -> Awaited {
            serde_json::from_value(json!({ "event": event, "match": matches })).unwrap()
        };
        let words = awaited("words.waiting", json!({"task_id": "acme/shop#7"}));
        assert_eq!(question([&words].into_iter()), "It waits for: words waiting (acme/shop#7).");
        let sha = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567";
        let checks = awaited("checks.completed", json!({"repository": "acme/shop", "sha": sha}));
        let closed = awaited("pull_request.closed", json!({"number": 8}));
        assert_eq!(
            question([&checks, &words, &closed].into_iter()),
            "It waits for one of: checks completed (acme/shop, 0a1b2c3), words waiting (acme/shop#7) or pull request closed (8)."
        );
    }
}
