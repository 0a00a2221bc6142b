//! The person for whom a commit is made.

use crate::github::Github;
use crate::harmless;
use domain::{ActionError, RepositoryName};
use http_client::Optional;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct User {
    id: u64,
    login: String,
    #[serde(default)]
    name: Option<String>,
}

impl Github {
    /// The person as `Name <address>`, with the
    /// [address](https://docs.github.com/en/account-and-profile/reference/email-addresses-reference#your-noreply-email-address) that
    /// GitHub gives everybody and nobody reads; `None` for who has no account there.
    pub(crate) async fn co_author(
        &self,
        repository: &RepositoryName,
        login: Option<&str>,
    ) -> Result<Option<String>, ActionError> {
        let Some(login) = login else { return Ok(None) };
        let request = self.client.get("/users/{login}", &[login]);
        let Some(answer) = self.send(repository, request).await.optional()? else { return Ok(None) };
        let User { id, login, name } = answer.json()?;
        let name: String = name
            .unwrap_or_default()
            .chars()
            .filter(|character| !character.is_control() && !matches!(character, '<' | '>'))
            .collect();
        // People choose their names, and this one becomes part of a commit's message.
        let name = harmless::plain(if name.trim().is_empty() { &login } else { name.trim() });
        Ok(Some(format!("{name} <{id}+{login}@{}>", self.noreply)))
    }
}
