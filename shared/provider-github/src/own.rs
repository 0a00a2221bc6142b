//! Our own account: marks count only on what it created, because anybody can copy a mark into their own text.

use crate::github::Github;
use domain::ActionError;
use http_client::Answer;
use serde::Deserialize;

/// The author of something.
#[derive(Debug, Deserialize)]
pub(crate) struct Account {
    pub(crate) login: String,
}

#[derive(Debug, Deserialize)]
struct App {
    slug: String,
}

impl Github {
    /// Whether our own account made what `author` made.
    ///
    /// # Errors
    /// As GitHub says.
    pub(crate) async fn is_ours(&self, author: Option<&Account>) -> Result<bool, ActionError> {
        self.own_login().await?;
        Ok(self.is_known_to_be_ours(author))
    }

    /// The same after [`Github::is_ours`] has asked.
    pub(crate) fn is_known_to_be_ours(&self, author: Option<&Account>) -> bool {
        self.own_login.get().zip(author).is_some_and(|(own, author)| author.login.eq_ignore_ascii_case(own))
    }

    /// What GitHub calls our own account, asked once in a client's life.
    async fn own_login(&self) -> Result<&str, ActionError> {
        if let Some(known) = self.own_login.get() {
            return Ok(known);
        }
        let asked = self.ask_own_login().await?;
        Ok(self.own_login.get_or_init(|| asked))
    }

    /// What GitHub calls our own account. An App acts as `<slug>[bot]`:
    /// [the App](https://docs.github.com/rest/apps/apps#get-the-authenticated-app),
    /// [the token's user](https://docs.github.com/rest/users/users#get-the-authenticated-user).
    ///
    /// # Errors
    /// As GitHub says.
    pub(crate) async fn ask_own_login(&self) -> Result<String, ActionError> {
        let Some(installation) = &self.installation else {
            let answer: Answer = self.client.get("/user", &[]).send().await?;
            return Ok(answer.json::<Account>()?.login);
        };
        let proof = installation.proof(self.client.clock().now())?;
        let answer: Answer = self.client.get("/app", &[]).bearer(proof).send().await?;
        Ok(format!("{}[bot]", answer.json::<App>()?.slug))
    }
}
