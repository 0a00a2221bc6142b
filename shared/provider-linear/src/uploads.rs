//! Files that people attach to a ticket: Linear keeps them on a separate host and links to them in the description
//! (<https://linear.app/developers/file-storage-authentication>).
//!
//! On request, it gives addresses that are keys by themselves for some time, so that the API key never leaves the API's host.

use crate::fields::Connection;
use crate::linear::Linear;
use crate::refusals::unknown_ticket;
use domain::{ActionError, Attachment};
use http_client::Optional;
use provider::files_linked_in;
use serde::Deserialize;
use serde_json::json;

/// Where Linear keeps uploads.
const STORES: &[&str] = &["uploads.linear.app"];

/// Agents are shown the newest comments.
const TEXTS: &str =
    "query Texts($id: String!) { issue(id: $id) { description comments(first: 50) { nodes { body } } } }";

const UUID: usize = 36;

/// The files that a text links to, each once, in order of appearance. Links to other sites are left alone.
fn uploads_in(text: &str, uploads: &str) -> Vec<Attachment> {
    files_linked_in(text, &[uploads], |_, link| {
        let (label, is_picture) = link.label();
        let id = link.path;
        is_upload(id).then(|| Attachment {
            id: id.to_owned(),
            name: label.unwrap_or_else(|| id.rsplit('/').next().unwrap_or(id)).to_owned(),
            media_type: is_picture.then(|| "image/*".to_owned()),
            size: None,
            author: None,
        })
    })
}

/// Whether a path has the workspace, one or two more UUIDs, and perhaps a name.
fn is_upload(path: &str) -> bool {
    let segments: Vec<&str> = path.split('/').collect();
    let is_uuid =
        |text: &str| text.len() == UUID && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
    matches!(segments.len(), 3 | 4)
        && segments[..2].iter().all(|segment| is_uuid(segment))
        && segments.iter().all(|segment| !matches!(*segment, "" | "." | ".."))
}

/// The address of a file in a description, which is a key by itself. Its host is not compared here: it may be that of a store.
fn signed_address<'a>(description: &'a str, id: &str) -> Option<&'a str> {
    let path = format!("/{id}");
    let mut words = description.split(|c: char| c.is_whitespace() || "()<>[]\"'`".contains(c));
    words.find(|word| word.split_once('?').is_some_and(|(address, _)| address.ends_with(&path)))
}

#[derive(Debug, Deserialize)]
struct Found {
    issue: Described,
}

#[derive(Debug, Deserialize)]
struct Described {
    #[serde(default)]
    description: Option<String>,
    comments: Connection<Said>,
}

#[derive(Debug, Deserialize)]
struct Said {
    body: String,
}

impl Linear {
    /// The files that a text links.
    pub(crate) fn files_linked_in(&self, text: &str) -> Vec<Attachment> {
        uploads_in(text, &self.uploads)
    }

    /// The content of a file that the description of a ticket or a comment on it links.
    pub(crate) async fn content_of(
        &self,
        key: &str,
        file: &Attachment,
        most: usize,
    ) -> Result<Vec<u8>, ActionError> {
        let asked = self.ask_with_keys::<Found>("reading a ticket's texts", TEXTS, json!({"id": key})).await;
        let issue = match asked {
            Ok((found, _)) => found.issue,
            Err(refusal) if refusal.is_unknown() => return Err(unknown_ticket(key)),
            Err(refusal) => return Err(refusal.into()),
        };
        let gone = || {
            ActionError::rejected(
                "Linear no longer has the file, or the ticket and its comments no longer link it",
            )
        };
        let comments = issue.comments.nodes.iter().map(|comment| comment.body.as_str());
        let mut texts = issue.description.as_deref().into_iter().chain(comments);
        let address = texts.find_map(|text| signed_address(text, &file.id)).ok_or_else(gone)?;
        let answer = self.client.get_at(address, STORES).at_most(most).send().await.optional()?;
        Ok(answer.ok_or_else(gone)?.into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "3fa85f64-5717-4562-b3fc-2c963f66afa6";

    fn found(text: &str) -> Vec<(String, String, bool)> {
        let files = uploads_in(&text.replace('@', A), "https://uploads.linear.app");
        let told = files
            .into_iter()
            .map(|file| (file.id.replace(A, "@"), file.name.replace(A, "@"), file.media_type.is_some()));
        told.collect()
    }

    #[test]
    fn links_to_uploads_are_files_with_the_names_that_people_see() {
        for (text, id, name, is_picture) in [
            ("![till.png](https://uploads.linear.app/@/@/@)", "@/@/@", "till.png", true),
            (
                "[log.txt](https://uploads.linear.app/@/@/@?x=1) [log.txt](https://uploads.linear.app/@/@/@)",
                "@/@/@",
                "log.txt",
                false,
            ),
            ("<https://uploads.linear.app/@/@/log.txt>", "@/@/log.txt", "log.txt", false),
            ("https://uploads.linear.app/@/@/@/a.txt", "@/@/@/a.txt", "a.txt", false),
        ] {
            assert_eq!(found(text), [(id.to_owned(), name.to_owned(), is_picture)], "{text}");
        }
    }

    #[test]
    fn other_links_are_none() {
        for text in [
            "https://evil.example/@/@/@",
            "https://evil.example?https://uploads.linear.app/@/@/@",
            "https://uploads.linear.app.evil.example/@/@/@",
            "https://uploads.linear.app/@/@",
            "https://uploads.linear.app/@/@/..",
            "https://uploads.linear.app/a/b/c",
        ] {
            assert_eq!(found(text), Vec::new(), "{text}");
        }
    }

    #[test]
    fn uploads_are_read_by_an_address_that_is_a_key() {
        let text = "![a](https://u.example/x/1) and ![a](https://u.example/x/1?signature=2)";
        assert_eq!(signed_address(text, "x/1"), Some("https://u.example/x/1?signature=2"));
        assert_eq!(signed_address(text, "x/2"), None);
        assert_eq!(signed_address("![a](https://u.example/x/1)", "x/1"), None);
    }
}
