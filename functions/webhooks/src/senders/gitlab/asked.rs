//! What people ask for at a merge request without words: a label, or the bot's account among its reviewers.

use super::About;
use super::events::{MERGE_REQUEST_LABELLED, REVIEW_REQUESTED};
use super::payload::{Label, Payload, User};
use crate::senders::delivery::{Bot, MOST_READ, Received};
use domain::same_name;
use serde_json::json;

/// The events of a merge request that changed.
pub(super) fn read(payload: &Payload, about: &About<'_>, bot: &Bot<'_>) -> Option<Vec<Received>> {
    let number = payload.object_attributes.as_ref()?.iid?;
    let on = format!("{}!{number}", about.repository);
    let changes = payload.changes.as_ref();
    let mut events = Vec::new();
    if let Some(changed) = changes.and_then(|changes| changes.labels.as_ref()) {
        let has = |label: &Label| changed.previous.iter().any(|before| before.title == label.title);
        for title in changed.current.iter().filter(|label| !has(label)).filter_map(|label| label.title.as_ref()) {
            let fields = json!({ "number": number, "pull_request": on, "label": title });
            let mut received = about.event(MERGE_REQUEST_LABELLED, Some(&on), fields);
            received.reply = None;
            events.push(received);
        }
    }
    let is_bot = |user: &User| {
        user.username.as_deref().zip(bot.account).is_some_and(|(name, own)| same_name(name, own))
    };
    if let Some(changed) = changes.and_then(|changes| changes.reviewers.as_ref())
        && changed.current.iter().any(is_bot)
        && !changed.previous.iter().any(is_bot)
    {
        let fields = json!({ "number": number, "pull_request": on });
        events.push(about.event(REVIEW_REQUESTED, Some(&on), fields));
    }
    events.truncate(MOST_READ);
    for (index, received) in events.iter_mut().enumerate().skip(1) {
        received.event.delivery = format!("{}/{index}", received.event.delivery);
    }
    Some(events)
}
