//! Comments, whose IDs are made from their marks, and reactions.

use crate::graphql::Refusal;
use crate::limits;
use crate::linear::Linear;
use crate::mark::id_of;
use crate::refusals::unknown_ticket;
use domain::ActionError;
use domain::plugins::{CommentId, Mark};
use provider::{harmless_markdown, send_fitting};
use serde::Deserialize;
use serde_json::json;

const CREATE: &str = "mutation CreateComment($input: CommentCreateInput!) { commentCreate(input: $input) { \
    success comment { id url } } }";

const FIND: &str =
    "query FindComment($id: String!) { comment(id: $id) { id url user { isMe } issue { identifier } } }";

const REPLACE: &str = "mutation ReplaceComment($id: String!, $input: CommentUpdateInput!) { \
    commentUpdate(id: $id, input: $input, skipEditedAt: true) { success } }";

const REACTIONS_OF_TICKET: &str =
    "query ReactionsOfTicket($id: String!) { issue(id: $id) { reactions { emoji user { isMe } } } }";

const REACTIONS_OF_COMMENT: &str =
    "query ReactionsOfComment($id: String!) { comment(id: $id) { reactions { emoji user { isMe } } } }";

const REACT: &str =
    "mutation React($input: ReactionCreateInput!) { reactionCreate(input: $input) { success } }";

const SEEN: &str = "eyes";

#[derive(Debug, Deserialize)]
struct Found {
    comment: Comment,
}

#[derive(Debug, Deserialize)]
struct Comment {
    id: String,
    url: String,
    #[serde(default)]
    user: Option<User>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct User {
    is_me: bool,
}

#[derive(Debug, Deserialize)]
struct Reacted {
    #[serde(alias = "issue", alias = "comment")]
    to: Reactions,
}

#[derive(Debug, Deserialize)]
struct Reactions {
    reactions: Vec<Reaction>,
}

#[derive(Debug, Deserialize)]
struct Reaction {
    emoji: String,
    #[serde(default)]
    user: Option<User>,
}

/// Markdown in which nothing acts. Linear makes a mention of the address of somebody's profile:
/// <https://linear.app/developers/graphql#mentions>.
pub(crate) fn shown(markdown: &str) -> String {
    harmless_markdown(markdown, |_, _| false).replace("/profiles/", "/\u{2060}profiles/")
}

impl Linear {
    pub(crate) async fn create_comment(
        &self,
        key: &str,
        markdown: &str,
        mark: &Mark,
    ) -> Result<CommentId, ActionError> {
        let issue = self.ticket(key).await?;
        let (id, issue) = (id_of(mark), issue.id.as_str());
        let send = async |body: String| {
            let input = json!({"id": id, "issueId": issue, "body": body});
            self.change("adding a comment", CREATE, json!({"input": input})).await
        };
        let made = send_fitting(&shown(markdown), limits::TEXT, limits::is_too_long, send).await?;
        Ok(CommentId { id: id.clone(), url: made["comment"]["url"].as_str().map(str::to_owned) })
    }

    pub(crate) async fn find_created_comment(
        &self,
        _key: &str,
        mark: &Mark,
    ) -> Result<Option<CommentId>, ActionError> {
        let found = match self.ask::<Found>("reading a comment", FIND, json!({"id": id_of(mark)})).await {
            Ok((found, _)) => found.comment,
            Err(refusal) if refusal.is_unknown() => return Ok(None),
            Err(refusal) => return Err(refusal.into()),
        };
        // Others learn our comment's ID only once the comment exists, so another comment cannot have it.
        let is_ours = found.user.is_some_and(|user| user.is_me);
        Ok(is_ours.then_some(CommentId { id: found.id, url: Some(found.url) }))
    }

    pub(crate) async fn replace_comment(
        &self,
        key: &str,
        comment: &CommentId,
        markdown: &str,
    ) -> Result<(), ActionError> {
        let send = async |body: String| {
            let variables = json!({"id": comment.id, "input": {"body": body}});
            self.change("changing a comment", REPLACE, variables).await
        };
        match send_fitting(&shown(markdown), limits::TEXT, limits::is_too_long, send).await {
            Ok(_) => Ok(()),
            Err(refusal) if refusal.is_unknown() => {
                Err(ActionError::rejected(format!("Linear no longer has comment {} on `{key}`", comment.id)))
            }
            Err(refusal) => Err(refusal.into()),
        }
    }

    pub(crate) async fn add_reaction(
        &self,
        key: &str,
        comment: Option<&CommentId>,
    ) -> Result<(), ActionError> {
        let (document, id, field) = match comment {
            Some(comment) => (REACTIONS_OF_COMMENT, comment.id.clone(), "commentId"),
            None => (REACTIONS_OF_TICKET, self.ticket(key).await?.id, "issueId"),
        };
        let asked: Result<(Reacted, usize), Refusal> =
            self.ask("reading reactions", document, json!({"id": id})).await;
        let Reacted { to } = match asked {
            Ok((found, _)) => found,
            Err(refusal) if refusal.is_unknown() => return Err(unknown_ticket(key)),
            Err(refusal) => return Err(refusal.into()),
        };
        let is_ours = |reaction: &Reaction| {
            reaction.emoji == SEEN && reaction.user.as_ref().is_some_and(|user| user.is_me)
        };
        if !to.reactions.iter().any(is_ours) {
            let variables = json!({"input": {field: id, "emoji": SEEN}});
            self.change("reacting", REACT, variables).await?;
        }
        Ok(())
    }
}
