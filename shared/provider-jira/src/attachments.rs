//! Contents of the files that are attached to tickets:
//! [attachment content](https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-attachments/#api-rest-api-3-attachment-content-id-get).

use crate::jira::Jira;
use domain::{ActionError, Attachment};
use http_client::Optional;

/// Where Atlassian keeps files, under addresses that are keys by themselves.
const MEDIA: &[&str] = &["atlassian.com", "atl-paas.net"];

impl Jira {
    pub(crate) async fn content_of(&self, file: &Attachment, most: usize) -> Result<Vec<u8>, ActionError> {
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
