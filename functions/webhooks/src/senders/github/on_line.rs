//! Comments on lines of pull requests, separately or in a review.

use super::about::About;
use super::events::COMMENTED;
use super::payload::Payload;
use crate::mention::words_for_bot;
use crate::senders::delivery::{Bot, Meaning, Received, in_context, said_about};
use crate::spoken::Markup;
use domain::plugins::{Mark, lines_in_words};
use domain::stored::cut_inline;
use serde_json::json;

/// A comment on a line is a comment on its pull request. `None` if a field that GitHub documents is missing.
///
/// GitHub also reports a review's line comments one by one. If the review itself started something, its comments are part of that, so that such
/// a comment counts as the same.
pub(super) fn commented(payload: Payload, about: &About<'_>, bot: &Bot<'_>) -> Option<Meaning> {
    let (number, comment) = (payload.pull_request?.number?, payload.comment?);
    let (id, text) = (comment.id?, comment.body.unwrap_or_default());
    // The account of a token is also a person's, so the account alone is not conclusive.
    if text.contains(Mark::BEGIN) {
        return Some(Meaning::Ignored("the bot wrote the comment".into()));
    }
    let Bot { mention, command, .. } = *bot;
    let Some(said) = words_for_bot(&text, mention, command, Markup::Markdown) else {
        return Some(Meaning::Ignored(format!(
            "the comment neither mentions {mention} nor starts with {command}"
        )));
    };
    let now = comment.line.map(|line| lines_in_words(comment.start_line, line));
    // The lines of an outdated comment are gone; other ones have their numbers now.
    let before = |line| format!("{} of an earlier commit", lines_in_words(comment.original_start_line, line));
    let lines = now.or_else(|| comment.original_line.map(before));
    let about_line = |words: &str| match &comment.path {
        Some(path) => said_about(words, path, lines.as_deref()),
        None => words.to_owned(),
    };
    let reference = format!("{}#{number}", about.repository);
    // Without `comment_id`: reactions to it would need another route than those to other comments.
    let more = json!({
        "task_id": reference,
        "number": number,
        "is_pull_request": true,
        "pull_request": reference,
        "text": cut_inline(&about_line(said.words)),
        "said_at": comment.created_at,
    });
    let received = about.known_by(&format!(" line comment {id}"), about.event(COMMENTED, Some(number), more));
    let review = comment.pull_request_review_id;
    let also_as = review.map(|review| format!("{} review {review}", about.repository)).into_iter().collect();
    let words = said.is_addressed.then(|| about_line(&in_context(&said)));
    let received = Received { words, also_as, ..received };
    Some(Meaning::Events(vec![received]))
}
