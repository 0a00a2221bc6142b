//! Requests on a merge request without words: a label, or the bot's account among its reviewers.

use super::events::{MERGE_REQUEST_LABELLED, REVIEW_REQUESTED};
use super::payload::{Changed, Label, Payload, User};
use crate::senders::delivery::{Bot, MOST_READ};
use domain::{EventName, same_name};
use serde_json::{Value, json};

/// Each event of a merge request that was created or changed, with its fields. `on` is the merge request: `group/project!7`.
pub(super) fn read(payload: &Payload, on: &str, number: u64, bot: &Bot<'_>) -> Vec<(EventName, Value)> {
    let is_new = payload.action() == "open";
    let changes = payload.changes.as_ref();
    let (had, has) = sides(is_new, &payload.labels, changes.and_then(|changes| changes.labels.as_ref()));
    let is_added = |label: &&Label| !had.iter().any(|before| before.title == label.title);
    let added = has.iter().filter(is_added).filter_map(|label| label.title.as_ref());
    let labelled = |label: &String| json!({ "number": number, "pull_request": on, "label": label });
    let mut events: Vec<(EventName, Value)> =
        added.take(MOST_READ).map(|label| (MERGE_REQUEST_LABELLED, labelled(label))).collect();
    let is_bot = |user: &&User| {
        user.username.as_deref().zip(bot.account).is_some_and(|(name, own)| same_name(name, own))
    };
    let (had, has) =
        sides(is_new, &payload.reviewers, changes.and_then(|changes| changes.reviewers.as_ref()));
    if let Some(reviewer) = has.iter().find(is_bot)
        && (!had.iter().any(|user| is_bot(&user)) || reviewer.re_requested == Some(true))
    {
        events.push((REVIEW_REQUESTED, json!({ "number": number, "pull_request": on })));
    }
    events
}

/// A list before and after. A merge request is created with all that it has, whatever is said of changes.
fn sides<'a, T>(is_new: bool, all: &'a [T], changed: Option<&'a Changed<T>>) -> (&'a [T], &'a [T]) {
    match changed {
        _ if is_new => (&[], all),
        Some(changed) => (&changed.previous, &changed.current),
        None => (&[], &[]),
    }
}
