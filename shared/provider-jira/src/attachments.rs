//! Contents of the files that are attached to tickets:
//! [attachment content](https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-attachments/#api-rest-api-3-attachment-content-id-get).

use crate::jira::Jira;
use domain::{ActionError, Attachment};
use http_client::Optional;

/// Where Atlassian keeps files, under addresses that are keys by themselves.
const MEDIA: &[&str] = &["atlassian.com", "atl-paas.net"];

/// What a link to an attached file has before its id: as people copy it, and as the API writes it.
const LINKS: &[&str] = &["/secure/attachment/", "/secure/thumbnail/", "/attachment/content/"];

/// What words call files: by their names in wiki text, as `!screen.png|width=300!` and `[^till.log]`, and by their ids in links to the site.
fn named_in<'w>(words: &'w str, site: &str) -> (Vec<&'w str>, Vec<&'w str>) {
    let mut names = Vec::new();
    for line in words.lines() {
        let parts: Vec<&str> = line.split('!').collect();
        // Before the first sign and behind the last one nothing is closed.
        let closed = parts.get(1..parts.len().saturating_sub(1)).unwrap_or_default();
        let pictures = closed.iter().filter_map(|part| part.split('|').next());
        let others = line.split("[^").skip(1).filter_map(|rest| rest.split([']', '|']).next());
        let written = pictures.chain(others).filter(|name| name.contains('.') && name.trim() == *name);
        names.extend(written.filter(|name| !name.contains("://")));
    }
    let links = LINKS.iter().flat_map(|link| words.match_indices(link)).filter_map(|(at, link)| {
        let before = &words[..at];
        // The API is below the site, under one of its versions.
        let base = before.rsplit_once(site).map(|(_, rest)| rest)?;
        let is_site = base.is_empty() || matches!(base, "/rest/api/2" | "/rest/api/3" | "/rest/api/latest");
        let rest = &words[at + link.len()..];
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        Some(&rest[..end]).filter(|id| is_site && !id.is_empty())
    });
    (names, links.collect())
}

impl Jira {
    /// The files of a ticket that words name or link. Those of other tickets are left alone: whoever wrote the words may not see them.
    pub(crate) async fn files_named_in(
        &self,
        key: &str,
        words: &str,
    ) -> Result<Vec<Attachment>, ActionError> {
        let (names, ids) = named_in(words, self.client.base_url());
        if names.is_empty() && ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut files = self.issue(key, &["attachment"], |_| false).await?.into_files();
        files.retain(|file| names.contains(&file.name.as_str()) || ids.contains(&file.id.as_str()));
        Ok(files)
    }

    /// The content of a file that is attached to a ticket. To our account, Jira gives the file of any ticket by its ID alone, and whoever names an
    /// ID may not see that ticket.
    pub(crate) async fn content_of(
        &self,
        key: &str,
        file: &Attachment,
        most: usize,
    ) -> Result<Vec<u8>, ActionError> {
        let attached = self.issue(key, &["attachment"], |_| false).await?.into_files();
        if !attached.iter().any(|known| known.id == file.id) {
            return Err(ActionError::rejected("the file is not attached to this ticket"));
        }
        let request = self
            .client
            .get("/rest/api/3/attachment/content/{id}", &[&file.id])
            // The site serves the file itself. A redirect is followed all the same, without the token.
            .query("redirect", false)
            .header("accept", "*/*")
            .downloading_from(MEDIA)
            .at_most(most);
        let answer = request.send().await.optional()?.ok_or_else(|| {
            ActionError::rejected(
                "Jira no longer has the file, or the account of the configured secret may not see it",
            )
        })?;
        Ok(answer.into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SITE: &str = "https://acme.atlassian.net";

    #[test]
    fn words_name_files_as_jira_writes_them() {
        for (words, names, ids) in [
            ("Like !screen.png|width=300,alt=\"x\"! and !a b.png!", vec!["screen.png", "a b.png"], vec![]),
            ("Read [^till.log] and [^a.txt|said]", vec!["till.log", "a.txt"], vec![]),
            ("https://acme.atlassian.net/secure/attachment/10001/till.log", vec![], vec!["10001"]),
            ("<https://acme.atlassian.net/rest/api/3/attachment/content/7|x>", vec![], vec!["7"]),
            ("No! That is wrong! Keep 1.5", vec![], vec![]),
            ("!https://evil.example/a.png!", vec![], vec![]),
            ("https://evil.example/secure/attachment/10001/till.log", vec![], vec![]),
            ("https://acme.atlassian.net.evil.example/secure/attachment/1/a", vec![], vec![]),
            ("https://acme.atlassian.net/secure/attachment/x", vec![], vec![]),
        ] {
            assert_eq!(named_in(words, SITE), (names, ids), "{words}");
        }
    }
}
