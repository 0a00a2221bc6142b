//! Comments with a mark.

use crate::jira::{Jira, document, is_early};
use crate::limits;
use crate::tickets::unknown_ticket;
use domain::ActionError;
use domain::plugins::{CommentId, Mark, Restriction};
use http_client::{Optional, Page, Pages};
use jiff::{SignedDuration, Timestamp};
use provider::send_fitting;
use serde::Deserialize;
use serde_json::{Value, json};

const PROPERTY: &str = "ticketsmith";
/// What keeps a comment from the customers of a service desk:
/// <https://developer.atlassian.com/cloud/jira/service-desk/rest/intro/#comment-properties>.
const PUBLIC: &str = "sd.public.comment";
const PAGE: usize = 100;
/// How far Jira's clock and ours may differ.
const CLOCKS_DIFFER_BY: SignedDuration = SignedDuration::from_hours(24);

#[derive(Debug, Deserialize)]
struct Comments {
    comments: Vec<Comment>,
    total: usize,
}

#[derive(Debug, Deserialize)]
struct Comment {
    id: String,
    #[serde(default)]
    author: Option<Author>,
    #[serde(default)]
    created: String,
    #[serde(default)]
    properties: Vec<Property>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Author {
    #[serde(default)]
    account_id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Property {
    key: String,
    #[serde(default)]
    value: Value,
}

impl Jira {
    pub(crate) async fn create_comment(
        &self,
        key: &str,
        markdown: &str,
        restriction: Option<&Restriction>,
        mark: &Mark,
    ) -> Result<CommentId, ActionError> {
        self.refuse_if_moved(key).await?;
        let send = async |text: String| {
            let mut body = marked(text, mark).await?;
            if let Some(restriction) = restriction {
                restrict(&mut body, restriction);
            }
            let request = self.client.post("/rest/api/3/issue/{key}/comment", &[key]);
            request.json(&body).send_settled(is_early).await
        };
        let answer = send_fitting(markdown, limits::MARKDOWN, limits::is_too_long, send).await.optional()?;
        let answer = answer.ok_or_else(|| unknown_ticket(key))?;
        let comment: Comment = answer.json()?;
        Ok(self.comment_id(key, comment))
    }

    /// Our newest comment with the mark: who may comment may give a comment of theirs any property.
    pub(crate) async fn find_marked_comment(
        &self,
        key: &str,
        mark: &Mark,
    ) -> Result<Option<CommentId>, ActionError> {
        let digest = mark.digest();
        let load = |start: usize| async move {
            let request = self
                .client
                .get("/rest/api/3/issue/{key}/comment", &[key])
                .query("expand", "properties")
                .query("orderBy", "-created")
                .query("maxResults", PAGE)
                .query("startAt", start);
            let answer = request.send().await.optional()?.ok_or_else(|| unknown_ticket(key))?;
            let Comments { comments, total } = answer.json()?;
            let end = start + comments.len();
            let oldest = comments.last().filter(|oldest| !oldest.is_older_than(mark.at));
            let next = oldest.filter(|_| end < total).map(|_| end);
            Ok::<_, ActionError>(Page { items: comments, next, bytes: answer.size() })
        };
        let pages = || Pages::of(format!("Jira's comments on {key}"));
        let marked = |comment: &Comment| comment.carries(&digest);
        let Some(found) = pages().find(0, load, marked).await? else { return Ok(None) };
        let own = self.account_id().await?;
        if found.is_by(own) {
            return Ok(Some(self.comment_id(key, found)));
        }
        let ours = |comment: &Comment| marked(comment) && comment.is_by(own);
        let found = pages().find(0, load, ours).await?;
        Ok(found.map(|comment| self.comment_id(key, comment)))
    }

    pub(crate) async fn replace_comment(
        &self,
        key: &str,
        comment: &CommentId,
        markdown: &str,
        mark: &Mark,
    ) -> Result<(), ActionError> {
        let send = async |text: String| {
            let request = self.client.put("/rest/api/3/issue/{key}/comment/{id}", &[key, &comment.id]);
            request.json(&marked(text, mark).await?).send_settled(is_early).await
        };
        let answer = send_fitting(markdown, limits::MARKDOWN, limits::is_too_long, send).await.optional()?;
        answer.ok_or_else(|| {
            ActionError::rejected(format!("Jira no longer has comment {} on `{key}`", comment.id))
        })?;
        Ok(())
    }

    fn comment_id(&self, key: &str, comment: Comment) -> CommentId {
        let url = format!("{}?focusedCommentId={}", self.ticket_url(key), comment.id);
        CommentId { id: comment.id, url: Some(url) }
    }
}

impl Comment {
    fn carries(&self, digest: &str) -> bool {
        self.properties.iter().any(|property| property.key == PROPERTY && property.value["mark"] == digest)
    }

    fn is_by(&self, account: &str) -> bool {
        let author = self.author.as_ref().and_then(|author| author.account_id.as_deref());
        author == Some(account)
    }

    fn is_older_than(&self, at: Timestamp) -> bool {
        // Jira writes 2021-01-17T12:34:00.000+0000.
        Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", &self.created)
            .is_ok_and(|created| created < at - CLOCKS_DIFFER_BY)
    }
}

async fn marked(markdown: String, mark: &Mark) -> Result<Value, ActionError> {
    Ok(json!({
        "body": document(markdown).await?,
        "properties": [{"key": PROPERTY, "value": {"mark": mark.digest()}}],
    }))
}

/// Restricts a new comment to the readers of a comment with this restriction. Changing its text leaves that as it is.
fn restrict(body: &mut Value, restriction: &Restriction) {
    if let Some(readers) = &restriction.readers {
        let known = ["type", "value", "identifier"].into_iter();
        body["visibility"] = known.filter_map(|key| Some((key, readers.get(key)?.clone()))).collect();
    }
    if let (true, Some(properties)) = (restriction.internal, body["properties"].as_array_mut()) {
        properties.push(json!({"key": PUBLIC, "value": {"internal": true}}));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jiras_dates_are_read() {
        let comment = |created: &str| Comment {
            id: "1".into(),
            author: None,
            created: created.into(),
            properties: vec![],
        };
        let at = "2021-01-20T00:00:00Z".parse().unwrap();
        assert!(comment("2021-01-17T12:34:00.000+0000").is_older_than(at));
        assert!(!comment("2021-01-19T12:34:00.000+0100").is_older_than(at));
        assert!(!comment("yesterday").is_older_than(at));
    }
}
