//! Reviews of pull requests: those that request changes, and those that speak to the bot.

use super::events::{COMMENTED, REVIEW_REQUESTED_CHANGES};
use super::{About, Payload, only};
use crate::mention::{Said, words_for_bot};
use crate::senders::delivery::{Bot, Meaning, Received};
use crate::spoken::Markup;
use domain::event::REVIEW;
use domain::plugins::Mark;
use domain::same_name;
use domain::stored::cut_inline;
use serde_json::json;

/// What a review means: its remarks on lines do not come with it.
pub(super) fn reviewed(payload: Payload, about: &About<'_>, bot: &Bot<'_>) -> Option<Meaning> {
    let review = payload.review?;
    let number = payload.pull_request?.number?;
    if !same_name(&review.state?, "changes_requested") {
        let text = review.body.unwrap_or_default();
        let said = Some(&text).filter(|text| !text.contains(Mark::BEGIN));
        let said = said.and_then(|text| words_for_bot(text, bot.mention, bot.command, Markup::Markdown));
        let Some(Said { words, is_addressed }) = said else {
            return Some(Meaning::Ignored("the review neither requests changes nor mentions the bot".into()));
        };
        let task_id = format!("{}#{number}", about.repository);
        let mut more = json!({ "task_id": task_id, "number": number, "is_pull_request": true, "text": cut_inline(words) });
        if let Some(id) = review.id.filter(|_| is_addressed) {
            more[REVIEW] = id.into();
        }
        let words = is_addressed.then(|| words.to_owned());
        return Some(only(Received { words, ..about.event(COMMENTED, Some(number), more) }));
    }
    let mut more =
        json!({ "number": number, "comments": cut_inline(review.body.as_deref().unwrap_or_default()) });
    if let Some(id) = review.id {
        // Its remarks on lines do not come with it.
        more[REVIEW] = id.into();
    }
    Some(only(about.event(REVIEW_REQUESTED_CHANGES, Some(number), more)))
}
