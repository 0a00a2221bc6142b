//! Files that people attach to an issue: GitHub keeps them outside the API and links to them in the body
//! (<https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting/attaching-files>).
//!
//! Nothing in the API gives them. The body as HTML has an address for each picture that is a key by itself for some minutes
//! (<https://docs.github.com/en/rest/using-the-rest-api/getting-started-with-the-rest-api#media-types>), so that no credential leaves the
//! API's host. Other files are read without an account, which works for those of public repositories. An Enterprise Server, whose site is on the
//! API's own host, is asked again with the token of an App if it does not give a file without one: that token is narrowed to the repository. An
//! account's own token never goes to the site, because it also sees what the account sees elsewhere.

use crate::github::Github;
use crate::issue_reference::IssueReference;
use crate::pages::{PER_PAGE, numbered};
use crate::upload_links::{IMAGES, OF_IMAGES, OF_MEDIA, Upload, upload, uploads_in};
use domain::{ActionError, Attachment, ErrorKind, RepositoryName, same_name};
use http_client::{Answer, Optional, Page, Pages, Request};
use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// Where GitHub keeps uploads, under addresses that are keys by themselves.
const STORES: &[&str] = &[
    "github-production-repository-file-5c1aeb.s3.amazonaws.com",
    "github-production-user-asset-6210df.s3.amazonaws.com",
    "githubusercontent.com",
];

const AS_HTML: &str = "application/vnd.github.html+json";

/// The address of a picture in a body as HTML that is a key by itself.
fn signed_address(html: &str, uuid: &str) -> Option<String> {
    let sources = html.split("src=\"").skip(1).filter_map(|rest| rest.split_once('"'));
    let addresses = sources.map(|(source, _)| source.replace("&amp;", "&"));
    addresses.into_iter().find(|address| {
        address.split_once('?').is_some_and(|(path, query)| path.contains(uuid) && query.contains("jwt="))
    })
}

/// Sends a request for a file; `None` if the site does not give it.
async fn given(request: Request<'_>) -> Result<Option<Answer>, ActionError> {
    let answer = match request.downloading_from(STORES).send().await.optional() {
        Err(failure) if matches!(failure.status, Some(401 | 403)) => None,
        answer => answer?,
    };
    // Nobody can upload a page, so this one asks people to sign in.
    let is_page = |kind: &str| kind.starts_with("text/html");
    Ok(answer.filter(|answer| !answer.header("content-type").as_deref().is_some_and(is_page)))
}

/// Whether a file on the site of a server may be read with an App's token, which may see more than the person who linked the file: only if the link
/// cannot be guessed, so that somebody who knows it has seen it where the file is shown, and never if it names another repository.
fn may_be_read_with_token(issue: &IssueReference, parts: &[&str]) -> bool {
    match *parts {
        ["assets", _] | ["storage", "user", _, _, _] => true,
        [owner, name, "assets", _, _] => {
            same_name(owner, issue.repository.owner()) && same_name(name, issue.repository.name())
        }
        _ => false,
    }
}

/// An issue, a comment or a review, of which only the text as HTML is read.
#[derive(Debug, Default, Deserialize)]
struct Shown {
    #[serde(default)]
    body_html: Option<String>,
    /// Present only on issues that are pull requests.
    #[serde(default)]
    pull_request: Option<IgnoredAny>,
}

impl Github {
    /// The files that a text links.
    pub(crate) fn files_linked_in(&self, text: &str) -> Vec<Attachment> {
        uploads_in(text, self.site.base_url(), self.media.as_ref().map(http_client::Client::base_url))
    }

    /// The content of a file that the body of an issue links, or a new comment in its repository.
    pub(crate) async fn content_of(
        &self,
        issue: &IssueReference,
        file: &Attachment,
        most: usize,
    ) -> Result<Vec<u8>, ActionError> {
        let parts: Vec<&str> = file.id.split('/').collect();
        let unknown = || {
            ActionError::rejected(format!(
                "`{}` is not an upload; accepted: the path of a link that GitHub's editor writes, such as `assets/UUID`",
                file.id
            ))
        };
        let upload = upload(&parts).ok_or_else(unknown)?;
        let address = match upload {
            Upload::Asset { uuid } => self.address_of(issue, uuid).await?,
            _ => None,
        };
        let request = match address {
            Some(address) => self.client.get_at(&address, STORES),
            None => self.request_for(&parts).ok_or_else(unknown)?,
        };
        let mut answer = given(request.at_most(most)).await?;
        if answer.is_none() && self.is_server && may_be_read_with_token(issue, &parts) {
            let Some(token) = self.token_for_site(issue).await? else {
                return Err(ActionError::rejected(
                    "the GitHub server gives the file only to those who sign in, and a personal token is not sent for files, because it may see \
                     those of other repositories; use a GitHub App, paste a text into the issue, or commit the file",
                ));
            };
            let request = self.request_for(&parts).ok_or_else(unknown)?;
            answer = given(request.bearer(token).at_most(most)).await?;
        }
        let answer = answer.ok_or_else(|| {
            ActionError::rejected(
                "GitHub does not give the file: it is gone, or it is in a private repository or on a private server, whose files GitHub \
                 gives to signed-in people alone, except pictures that the body, a new comment or a review shows. Paste a text into the issue, or \
                 commit the file",
            )
        })?;
        Ok(answer.into_bytes())
    }

    /// The token for the site of an Enterprise Server: an App's, which is narrowed to the repository. `None` with an account's own token.
    async fn token_for_site(&self, issue: &IssueReference) -> Result<Option<SecretString>, ActionError> {
        Ok(match &self.installation {
            Some(installation) => Some(installation.token(&self.client, &issue.repository).await?),
            None => None,
        })
    }

    /// The request for a file by its id, which [`uploads_in`] made, in its parts.
    fn request_for(&self, parts: &[&str]) -> Option<Request<'_>> {
        // The name is one segment, as the link had it.
        let name = percent_decode_str(parts.last().copied().unwrap_or_default()).decode_utf8_lossy();
        Some(match *parts {
            ["assets", uuid] => self.site.get("/user-attachments/assets/{uuid}", &[uuid]),
            ["files", number, _] => {
                self.site.get("/user-attachments/files/{number}/{name}", &[number, &name])
            }
            ["storage", "user", number, _, uuid] => {
                self.site.get("/storage/user/{number}/files/{uuid}", &[number, uuid])
            }
            [owner, repository, "assets", number, uuid] => {
                self.site.get("/{owner}/{repo}/assets/{number}/{uuid}", &[owner, repository, number, uuid])
            }
            [owner, repository, "files", number, _] => {
                self.site.get("/{owner}/{repo}/files/{number}/{name}", &[owner, repository, number, &name])
            }
            [OF_MEDIA, _, number, _, uuid] => {
                let media = self.media.as_ref()?;
                media.get("/user/{number}/files/{uuid}", &[number, uuid])
            }
            [OF_IMAGES, number, name] => self.site.get_at(&format!("{IMAGES}/{number}/{name}"), STORES),
            _ => return None,
        })
    }

    /// The address of a picture that is a key by itself, where the issue shows it, a new comment in its repository, or, where it is a pull
    /// request, a review of it.
    async fn address_of(&self, issue: &IssueReference, uuid: &str) -> Result<Option<String>, ActionError> {
        let Shown { body_html, pull_request } = self.shown(issue).await?;
        if let Some(address) = signed_address(&body_html.unwrap_or_default(), uuid) {
            return Ok(Some(address));
        }
        let IssueReference { repository, number } = issue;
        let (owner, name) = (repository.owner(), repository.name());
        for path in ["/repos/{owner}/{name}/issues/comments", "/repos/{owner}/{name}/pulls/comments"] {
            let request = self.client.get(path, &[owner, name]).query("per_page", PER_PAGE);
            let request = request.query("sort", "updated").query("direction", "desc");
            if let Some(shown) =
                self.shown_on(repository, request, 1).await?.items.into_iter().find_map(in_body(uuid))
            {
                return Ok(Some(shown));
            }
        }
        if pull_request.is_none() {
            return Ok(None);
        }
        // They come oldest first, and no other order is offered.
        let number = number.to_string();
        let load = |page: usize| {
            let request =
                self.client.get("/repos/{owner}/{name}/pulls/{number}/reviews", &[owner, name, &number]);
            self.shown_on(repository, request.query("per_page", PER_PAGE).query("page", page), page)
        };
        let reviews = Pages::of(format!("GitHub's reviews of {issue}"));
        let shows =
            |shown: &Shown| shown.body_html.as_ref().is_some_and(|html| signed_address(html, uuid).is_some());
        Ok(reviews.find(1, load, shows).await?.and_then(in_body(uuid)))
    }

    /// The texts on a page, as HTML; none if they may not be read, since others may be.
    async fn shown_on(
        &self,
        repository: &RepositoryName,
        request: Request<'_>,
        page: usize,
    ) -> Result<Page<Shown, usize>, ActionError> {
        match self.send(repository, request.header("accept", AS_HTML)).await.optional() {
            Ok(Some(answer)) => numbered(&answer, page),
            Err(failure) if failure.error.kind != ErrorKind::Rejected => Err(failure.into()),
            Ok(None) | Err(_) => Ok(Page { items: Vec::new(), next: None, bytes: 0 }),
        }
    }

    /// The issue with its body as HTML; empty if there is no such issue.
    async fn shown(&self, issue: &IssueReference) -> Result<Shown, ActionError> {
        let request = self.client.get(
            "/repos/{owner}/{name}/issues/{number}",
            &[issue.repository.owner(), issue.repository.name(), &issue.number.to_string()],
        );
        let request = request.header("accept", AS_HTML);
        match self.send_about(issue, request, |_| false).await.optional()? {
            Some(answer) => answer.json(),
            None => Ok(Shown::default()),
        }
    }
}

/// Finds the address of a picture in a text as HTML.
fn in_body(uuid: &str) -> impl Fn(Shown) -> Option<String> {
    move |shown| signed_address(&shown.body_html?, uuid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_only_what_is_named_by_chance() {
        let issue: IssueReference = "acme/shop#1".parse().unwrap();
        for (id, expected) in [
            ("assets/U", true),
            ("storage/user/5/files/U", true),
            ("Acme/shop/assets/5/U", true),
            ("acme/secrets/assets/5/U", false),
            ("files/17/till.log", false),
            ("acme/shop/files/17/till.log", false),
            ("user-images/5/a.png", false),
            ("media-host/user/5/files/U", false),
        ] {
            let parts: Vec<&str> = id.split('/').collect();
            assert_eq!(may_be_read_with_token(&issue, &parts), expected, "{id}");
        }
    }

    const ONE: &str = "3fa85f64-5717-4562-b3fc-2c963f66afa6";

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
