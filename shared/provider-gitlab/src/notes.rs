//! [Notes](https://docs.gitlab.com/api/notes/) and [reactions](https://docs.gitlab.com/api/emoji_reactions/) on issues and merge requests.

use crate::account::Account;
use crate::gitlab::{Gitlab, not_there};
use crate::harmless;
use crate::limits;
use crate::pages::{PER_PAGE, page};
use crate::reference::{Kind, Reference};
use crate::refusal::is_early;
use domain::ActionError;
use domain::plugins::{CommentId, Mark};
use http_client::{Optional, Pages};
use jiff::{SignedDuration, Timestamp};
use provider::{mark, send_fitting};
use serde::Deserialize;
use serde_json::json;

/// How far GitLab's clock and ours may differ.
pub(crate) const CLOCKS_DIFFER_BY: SignedDuration = SignedDuration::from_hours(1);

#[derive(Debug, Deserialize)]
struct Note {
    id: u64,
    #[serde(default)]
    body: String,
    #[serde(default)]
    author: Option<Account>,
    created_at: Timestamp,
}

/// The text as GitLab may show it, with the mark at its end.
pub(crate) fn with_mark(text: &str, own: &Mark) -> String {
    // Last, because the other steps also remove invisible characters.
    harmless::without_quick_actions(&mark::with_mark(&harmless::markdown(text), own, limits::BODY))
}

const fn notes(kind: Kind) -> &'static str {
    match kind {
        Kind::Issue => "/projects/{id}/issues/{noteable_id}/notes",
        Kind::MergeRequest => "/projects/{id}/merge_requests/{noteable_id}/notes",
    }
}

const fn note(kind: Kind) -> &'static str {
    match kind {
        Kind::Issue => "/projects/{id}/issues/{noteable_id}/notes/{note_id}",
        Kind::MergeRequest => "/projects/{id}/merge_requests/{noteable_id}/notes/{note_id}",
    }
}

impl Gitlab {
    pub(crate) async fn make_note(
        &self,
        on: &Reference,
        markdown: &str,
        mark: &Mark,
    ) -> Result<CommentId, ActionError> {
        let number = on.number.to_string();
        let values = [on.project.as_str(), &number];
        let send = async |text: String| {
            let request = self.client.post(notes(on.kind), &values);
            let request = request.json(&json!({"body": with_mark(&text, mark)}));
            self.send_settled(&on.project, request, is_early).await
        };
        let answer = send_fitting(markdown, limits::MARKED, limits::is_too_long, send).await.optional()?;
        let made: Note = answer.ok_or_else(|| not_there(on))?.json()?;
        Ok(self.named(on, &made))
    }

    fn named(&self, on: &Reference, note: &Note) -> CommentId {
        CommentId { id: note.id.to_string(), url: Some(format!("{}#note_{}", on.url(&self.site), note.id)) }
    }

    /// Our oldest note with the mark. Notes come newest first, and none before the mark was made can have it.
    pub(crate) async fn find_marked_note(
        &self,
        on: &Reference,
        mark: &Mark,
    ) -> Result<Option<CommentId>, ActionError> {
        let values = [on.project.as_str(), &on.number.to_string()];
        let since = mark.at - CLOCKS_DIFFER_BY;
        let load = |at: String| async move {
            let request = self.client.get(notes(on.kind), &values).query("sort", "desc");
            let request = request.query("activity_filter", "only_comments");
            let request = request.query("per_page", PER_PAGE).query("page", at);
            let answer = self.send_settled(&on.project, request, is_early).await.optional()?;
            let mut read = page::<Note>(&answer.ok_or_else(|| not_there(on))?, "page")?;
            if read.items.iter().any(|note| note.created_at < since) {
                read.next = None;
            }
            Ok::<_, ActionError>(read)
        };
        let newest = Pages::of(format!("GitLab's notes on {on}"));
        let newest = newest.collect("1".to_owned(), usize::MAX, load).await?;
        for note in newest.iter().rev().filter(|note| mark::carries(&note.body, mark)) {
            // Somebody may have copied the mark, or foreseen it.
            if self.is_ours(note.author.as_ref()).await? {
                return Ok(Some(self.named(on, note)));
            }
        }
        Ok(None)
    }

    pub(crate) async fn replace_note(
        &self,
        on: &Reference,
        comment: &CommentId,
        markdown: &str,
        mark: &Mark,
    ) -> Result<(), ActionError> {
        let number = on.number.to_string();
        let values = [on.project.as_str(), &number, &comment.id];
        let send = async |text: String| {
            let request = self.client.put(note(on.kind), &values);
            let request = request.json(&json!({"body": with_mark(&text, mark)}));
            self.send_settled(&on.project, request, is_early).await
        };
        send_fitting(markdown, limits::MARKED, limits::is_too_long, send)
            .await
            .optional()?
            .ok_or_else(|| not_there(format!("note {} on {on} any more", comment.id)))?;
        Ok(())
    }

    /// Reacts with 👀, unless our reaction is already there.
    pub(crate) async fn award_eyes(
        &self,
        on: &Reference,
        comment: Option<&CommentId>,
    ) -> Result<(), ActionError> {
        let number = on.number.to_string();
        let request = match (on.kind, comment) {
            (Kind::Issue, None) => self
                .client
                .post("/projects/{id}/issues/{issue_iid}/award_emoji", &[on.project.as_str(), &number]),
            (Kind::Issue, Some(comment)) => self.client.post(
                "/projects/{id}/issues/{issue_iid}/notes/{note_id}/award_emoji",
                &[on.project.as_str(), &number, &comment.id],
            ),
            (Kind::MergeRequest, Some(comment)) => self.client.post(
                "/projects/{id}/merge_requests/{merge_request_iid}/notes/{note_id}/award_emoji",
                &[on.project.as_str(), &number, &comment.id],
            ),
            // Comments on a merge request are notes.
            (Kind::MergeRequest, None) => return Ok(()),
        };
        let already = "already been taken";
        let sent = self.send(&on.project, request.json(&json!({"name": "eyes"}))).await;
        match sent {
            Err(failure) if failure.says(404, already) || failure.says(400, already) => Ok(()),
            other => {
                other.optional()?.ok_or_else(|| not_there(format!("{on} or note of it to react to")))?;
                Ok(())
            }
        }
    }
}
