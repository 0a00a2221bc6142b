//! Requests on a merge request without words: a label, or the bot's account among its reviewers.

use super::events::{MERGE_REQUEST_LABELLED, REVIEW_REQUESTED};
use super::payload::{Label, Payload, User};
use crate::senders::delivery::{Bot, MOST_READ};
use domain::{EventName, same_name};
use serde_json::{Value, json};

/// Each event of a merge request that changed, with its fields. `on` is the merge request: `group/project!7`.
pub(super) fn read(payload: &Payload, on: &str, number: u64, bot: &Bot<'_>) -> Vec<(EventName, Value)> {
    let Some(changes) = &payload.changes else { return Vec::new() };
    let mut events = Vec::new();
    if let Some(changed) = &changes.labels {
        let had = |label: &Label| changed.previous.iter().any(|before| before.title == label.title);
        let added =
            changed.current.iter().filter(|label| !had(label)).filter_map(|label| label.title.as_ref());
        let labelled = |label: &String| json!({ "number": number, "pull_request": on, "label": label });
        events.extend(added.take(MOST_READ).map(|label| (MERGE_REQUEST_LABELLED, labelled(label))));
    }
    let is_bot = |user: &User| {
        user.username.as_deref().zip(bot.account).is_some_and(|(name, own)| same_name(name, own))
    };
    if let Some(changed) = &changes.reviewers
        && changed.current.iter().any(is_bot)
        && !changed.previous.iter().any(is_bot)
    {
        events.push((REVIEW_REQUESTED, json!({ "number": number, "pull_request": on })));
    }
    events
}
