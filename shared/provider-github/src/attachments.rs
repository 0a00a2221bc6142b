//! Files that people attach to an issue: GitHub keeps them outside the API and links to them in the body
//! (<https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting/attaching-files>).
//!
//! Nothing in the API gives them. The body as HTML has an address for each picture that is a key by itself for some minutes
//! (<https://docs.github.com/en/rest/using-the-rest-api/getting-started-with-the-rest-api#media-types>), so that no credential leaves the
//! API's host. Other files are read without an account, which works for those of public repositories.

use crate::github::Github;
use crate::issue_reference::IssueReference;
use crate::pages::PER_PAGE;
use domain::{ActionError, Attachment};
use http_client::Optional;
use percent_encoding::percent_decode_str;
use serde::Deserialize;

/// Where GitHub keeps uploads, under addresses that are keys by themselves.
const STORES: &[&str] = &[
    "github-production-repository-file-5c1aeb.s3.amazonaws.com",
    "github-production-user-asset-6210df.s3.amazonaws.com",
    "githubusercontent.com",
];

/// The path of uploads below the site: `assets/UUID` of pictures and videos, `files/NUMBER/NAME` of others.
const FOLDER: &str = "/user-attachments/";
const UUID: usize = 36;

const AS_HTML: &str = "application/vnd.github.html+json";

/// A picture, of whichever type.
const PICTURE: &str = "image/*";

/// The files that a text links to, each once, in order of appearance. Links to other sites are left alone.
fn uploads_in(text: &str, site: &str) -> Vec<Attachment> {
    let mut found: Vec<Attachment> = Vec::new();
    for (at, _) in text.match_indices(FOLDER) {
        let Some(before) = text[..at].strip_suffix(site) else { continue };
        let is_target = before.chars().next_back().is_none_or(|c| c.is_whitespace() || "(<\"'".contains(c));
        let rest = &text[at + FOLDER.len()..];
        let end = rest.find(|c: char| c.is_whitespace() || c.is_control() || "()<>[]{}\"'`\\?#".contains(c));
        let Some(file) = file_at(&rest[..end.unwrap_or(rest.len())], before).filter(|_| is_target) else {
            continue;
        };
        if !found.iter().any(|known| known.id == file.id) {
            found.push(file);
        }
    }
    found
}

/// The file at a path below the folder, linked after a text.
fn file_at(path: &str, before: &str) -> Option<Attachment> {
    let (name, media_type) = match path.split('/').collect::<Vec<_>>()[..] {
        ["assets", uuid] if is_uuid(uuid) => {
            let (name, is_picture) = shown_as(before);
            (name.unwrap_or_else(|| uuid.to_owned()), is_picture.then(|| PICTURE.to_owned()))
        }
        ["files", number, name] if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => {
            (percent_decode_str(name).decode_utf8_lossy().into_owned(), None)
        }
        _ => return None,
    };
    let is_plain = !matches!(name.as_str(), "" | "." | "..") && !name.contains('/');
    is_plain.then(|| Attachment { id: path.to_owned(), name, media_type, size: None, author: None })
}

/// A picture's shown name, and whether it is one: `![name](` or `<img alt="name" src="` comes before its link.
fn shown_as(before: &str) -> (Option<String>, bool) {
    let line = before.rsplit('\n').next().unwrap_or_default();
    let name = |name: &str| Some(name.trim().to_owned()).filter(|name| !name.is_empty());
    if let Some(label) = line.strip_suffix("](").and_then(|line| line.rsplit_once('[')) {
        return (name(label.1), label.0.ends_with('!'));
    }
    let Some((_, tag)) = line.rsplit_once("<img ") else { return (None, false) };
    let alt = tag.split_once("alt=\"").and_then(|(_, rest)| rest.split_once('"'));
    (alt.and_then(|(alt, _)| name(alt)), !tag.contains('>'))
}

fn is_uuid(text: &str) -> bool {
    let is_digit = |(at, byte): (usize, u8)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    text.len() == UUID && text.bytes().enumerate().all(is_digit)
}

/// The address of a picture in an HTML body, which is a key by itself.
fn signed_address(html: &str, uuid: &str) -> Option<String> {
    let sources = html.split("src=\"").skip(1).filter_map(|rest| rest.split_once('"'));
    let addresses = sources.map(|(source, _)| source.replace("&amp;", "&"));
    addresses.into_iter().find(|address| {
        address.split_once('?').is_some_and(|(path, query)| path.contains(uuid) && query.contains("jwt="))
    })
}

#[derive(Debug, Deserialize)]
struct Shown {
    #[serde(default)]
    body_html: Option<String>,
}

impl Github {
    /// The files that a text links.
    pub(crate) fn files_linked_in(&self, text: &str) -> Vec<Attachment> {
        uploads_in(text, self.site.base_url())
    }

    /// The content of a file that the body of an issue links, or a new comment in its repository.
    pub(crate) async fn content_of(
        &self,
        issue: &IssueReference,
        file: &Attachment,
        most: usize,
    ) -> Result<Vec<u8>, ActionError> {
        let request = match file.id.split('/').collect::<Vec<_>>()[..] {
            ["assets", uuid] => match self.address_of(issue, uuid).await? {
                Some(address) => self.client.get_at(&address, STORES),
                None => self.site.get("/user-attachments/assets/{uuid}", &[uuid]),
            },
            ["files", number, name] => {
                // The name is one segment, as the link had it.
                let name = percent_decode_str(name).decode_utf8_lossy();
                self.site.get("/user-attachments/files/{number}/{name}", &[number, &name])
            }
            _ => {
                return Err(ActionError::rejected(format!(
                    "`{}` is not an upload; accepted: `assets/UUID` and `files/NUMBER/NAME`",
                    file.id
                )));
            }
        };
        let answer = request.downloading_from(STORES).at_most(most).send().await.optional()?;
        // Nobody can upload a page: this one asks people to sign in.
        let is_page = |kind: &str| kind.starts_with("text/html");
        let answer = answer.filter(|answer| !answer.header("content-type").as_deref().is_some_and(is_page));
        let answer = answer.ok_or_else(|| {
            ActionError::rejected(
                "GitHub does not give the file: it is gone, or it is in a private repository, whose files other than pictures GitHub gives \
                 to signed-in people alone. Paste a text into the issue, or commit the file",
            )
        })?;
        Ok(answer.into_bytes())
    }

    /// The address of a picture, which is a key by itself, from the issue or one of the newest comments in its repository.
    async fn address_of(&self, issue: &IssueReference, uuid: &str) -> Result<Option<String>, ActionError> {
        if let Some(address) = signed_address(&self.body_as_html(issue).await?, uuid) {
            return Ok(Some(address));
        }
        let repository = &issue.repository;
        let values = [repository.owner(), repository.name()];
        let request = self.client.get("/repos/{owner}/{name}/issues/comments", &values);
        let request = request.query("sort", "updated").query("direction", "desc").query("per_page", PER_PAGE);
        let request = request.header("accept", AS_HTML);
        let Some(answer) = self.send(repository, request).await.optional()? else { return Ok(None) };
        let shown: Vec<Shown> = answer.json()?;
        Ok(shown.into_iter().find_map(|comment| signed_address(&comment.body_html?, uuid)))
    }

    async fn body_as_html(&self, issue: &IssueReference) -> Result<String, ActionError> {
        let request = self.client.get(
            "/repos/{owner}/{name}/issues/{number}",
            &[issue.repository.owner(), issue.repository.name(), &issue.number.to_string()],
        );
        let request = request.header("accept", AS_HTML);
        let answer = self.send_about(issue, request, |_| false).await.optional()?;
        let Some(answer) = answer else { return Ok(String::new()) };
        Ok(answer.json::<Shown>()?.body_html.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "3fa85f64-5717-4562-b3fc-2c963f66afa6";

    fn found(text: &str) -> Vec<(String, String, bool)> {
        let files = uploads_in(&text.replace("ONE", ONE), "https://github.com");
        let told = files.into_iter().map(|file| {
            let is_picture = file.media_type.is_some();
            (file.id.replace(ONE, "ONE"), file.name.replace(ONE, "ONE"), is_picture)
        });
        told.collect()
    }

    #[test]
    fn links_to_uploads_are_files_with_the_names_that_people_see() {
        for (text, expected) in [
            ("![till](https://github.com/user-attachments/assets/ONE)", vec![("assets/ONE", "till", true)]),
            (
                "<img width=\"8\" alt=\"till\" src=\"https://github.com/user-attachments/assets/ONE\" />",
                vec![("assets/ONE", "till", true)],
            ),
            (
                "<img src=\"https://github.com/user-attachments/assets/ONE\">",
                vec![("assets/ONE", "ONE", true)],
            ),
            // A video is its address alone.
            ("See:\nhttps://github.com/user-attachments/assets/ONE\n", vec![("assets/ONE", "ONE", false)]),
            (
                "[log](https://github.com/user-attachments/files/17/till%20log.txt) and again https://github.com/user-attachments/files/17/till%20log.txt",
                vec![("files/17/till%20log.txt", "till log.txt", false)],
            ),
        ] {
            let expected: Vec<_> = expected
                .into_iter()
                .map(|(id, name, picture)| (id.to_owned(), name.to_owned(), picture))
                .collect();
            assert_eq!(found(text), expected, "{text}");
        }
    }

    #[test]
    fn other_links_are_none() {
        for text in [
            "https://evil.example/user-attachments/assets/ONE",
            "https://evil.example?https://github.com/user-attachments/assets/ONE",
            "https://github.com.evil.example/user-attachments/assets/ONE",
            "https://github.com/user-attachments/assets/1",
            "https://github.com/user-attachments/assets/ONEf",
            "https://github.com/user-attachments/files/x/a.txt",
            "https://github.com/user-attachments/files/1/..",
            "https://github.com/user-attachments/files/1/a/../../x",
            "https://github.com/user-attachments/",
        ] {
            assert_eq!(found(text), Vec::new(), "{text}");
        }
    }

    #[test]
    fn a_pictures_own_address_is_the_source_of_an_image() {
        let html = format!(
            "<a href=\"https://evil.example/{ONE}?jwt=a\"><img src=\"https://x.example/1-{ONE}.png?jwt=b&amp;c=d\"></a>"
        );
        assert_eq!(signed_address(&html, ONE), Some(format!("https://x.example/1-{ONE}.png?jwt=b&c=d")));
        assert_eq!(signed_address(&html, "other"), None);
        assert_eq!(signed_address(&format!("<img src=\"https://x.example/{ONE}\">"), ONE), None);
    }
}
