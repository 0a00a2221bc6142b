//! Accounts: people's, and our own. Marks count only on what our own account made, because anybody can copy a mark into a text.

use crate::account::{Account, User};
use crate::gitlab::Gitlab;
use domain::ActionError;

impl Gitlab {
    /// Whether our own account made what `author` made.
    ///
    /// # Errors
    /// As GitLab says.
    pub(crate) async fn is_ours(&self, author: Option<&Account>) -> Result<bool, ActionError> {
        let own = self.own_user().await?;
        Ok(author.is_some_and(|author| author.username.eq_ignore_ascii_case(&own.username)))
    }

    /// [The token's account](https://docs.gitlab.com/api/users/#retrieve-the-current-user), asked once in a client's life.
    pub(crate) async fn own_user(&self) -> Result<&User, ActionError> {
        if let Some(known) = self.own.get() {
            return Ok(known);
        }
        let asked: User = self.client.get("/user", &[]).send().await?.json()?;
        Ok(self.own.get_or_init(|| asked))
    }

    /// [The account](https://docs.gitlab.com/api/users/#list-all-users) of this name.
    pub(crate) async fn user_named(&self, username: &str) -> Result<Option<User>, ActionError> {
        let request = self.client.get("/users", &[]).query("username", username);
        let found: Vec<User> = request.send().await?.json()?;
        Ok(found.into_iter().find(|user| user.username.eq_ignore_ascii_case(username)))
    }
}
