//! Reviews of pull requests: those that request changes, and those that speak to the bot.

use super::events::{COMMENTED, REVIEW_REQUESTED_CHANGES};
use crate::mention::words_for_bot;
use crate::senders::delivery::{Bot, in_context};
use crate::spoken::Markup;
use domain::event::REVIEW;
use domain::plugins::Mark;
use domain::stored::cut_inline;
use domain::{EventName, same_name};
use serde_json::{Value, json};

/// The meaning of a review.
pub(super) struct Reviewed {
    pub(super) kind: EventName,
    pub(super) fields: Value,
    /// Its message to the bot.
    pub(super) words: Option<String>,
}

/// Reads a review of the pull request `number` in `repository`, or says why it is ignored. Its remarks on lines do not come with it.
pub(super) fn read(
    (state, body, id): (&str, &str, Option<u64>),
    (repository, number): (&str, u64),
    bot: &Bot<'_>,
) -> Result<Reviewed, String> {
    if same_name(state, "changes_requested") {
        let mut fields = json!({ "number": number, "comments": cut_inline(body) });
        if let Some(id) = id {
            fields[REVIEW] = id.into();
        }
        return Ok(Reviewed { kind: REVIEW_REQUESTED_CHANGES, fields, words: None });
    }
    let said = Some(body).filter(|body| !body.contains(Mark::BEGIN));
    let said = said.and_then(|body| words_for_bot(body, bot.mention, bot.command, Markup::Markdown));
    let said = said.ok_or("the review neither requests changes nor mentions the bot")?;
    let reference = format!("{repository}#{number}");
    let mut fields = json!({
        "task_id": reference, "pull_request": reference, "number": number, "is_pull_request": true, "text": cut_inline(said.words),
    });
    if let Some(id) = id.filter(|_| said.is_addressed) {
        fields[REVIEW] = id.into();
    }
    Ok(Reviewed { kind: COMMENTED, fields, words: said.is_addressed.then(|| in_context(&said)) })
}
