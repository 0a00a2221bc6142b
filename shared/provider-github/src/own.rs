//! Our own account: marks count only on what it made, because anybody can copy a mark into a text of theirs.

use crate::github::Github;
use domain::{ActionError, RepositoryName};
use http_client::Answer;
use serde::Deserialize;

/// Who made something.
#[derive(Debug, Deserialize)]
pub(crate) struct Account {
    pub(crate) login: String,
}

#[derive(Debug, Deserialize)]
struct Installed {
    app_slug: String,
}

impl Github {
    /// Whether our own account made what `author` made; asked once in a client's life. An App acts as `<slug>[bot]`.
    ///
    /// # Errors
    /// As GitHub says.
    pub(crate) async fn is_ours(
        &self,
        repository: &RepositoryName,
        author: Option<&Account>,
    ) -> Result<bool, ActionError> {
        if self.own_login.get().is_none() {
            let asked = self.ask_own_login(repository).await?;
            self.own_login.get_or_init(|| asked);
        }
        Ok(self.is_known_to_be_ours(author))
    }

    /// The same after [`Github::is_ours`] has asked.
    pub(crate) fn is_known_to_be_ours(&self, author: Option<&Account>) -> bool {
        self.own_login.get().zip(author).is_some_and(|(own, author)| author.login.eq_ignore_ascii_case(own))
    }

    pub(crate) async fn ask_own_login(&self, repository: &RepositoryName) -> Result<String, ActionError> {
        let Some(installation) = &self.installation else {
            let answer: Answer = self.client.get("/user", &[]).send().await?;
            return Ok(answer.json::<Account>()?.login);
        };
        let proof = installation.proof(self.client.clock().now())?;
        let names = [repository.owner(), repository.name()];
        let answer =
            self.client.get("/repos/{owner}/{name}/installation", &names).bearer(proof).send().await?;
        Ok(format!("{}[bot]", answer.json::<Installed>()?.app_slug))
    }
}
