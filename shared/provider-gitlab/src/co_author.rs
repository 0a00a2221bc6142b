//! Whom a commit is for: its co-author.

use crate::gitlab::Gitlab;
use crate::harmless;
use domain::ActionError;

impl Gitlab {
    /// The person as `Name <address>`, with the [address](https://docs.gitlab.com/user/profile/#use-an-automatically-generated-private-commit-email)
    /// that GitLab gives everybody and nobody reads; `None` for who has no account there.
    pub(crate) async fn co_author(&self, login: Option<&str>) -> Result<Option<String>, ActionError> {
        let Some(login) = login else { return Ok(None) };
        let Some(user) = self.user_named(login).await? else { return Ok(None) };
        let is_kept = |c: &char| !c.is_control() && !matches!(c, '<' | '>');
        let name: String = user.name.unwrap_or_default().chars().filter(is_kept).collect();
        // People choose their names, and this one becomes part of a commit's message.
        let name = harmless::plain(if name.trim().is_empty() { &user.username } else { name.trim() });
        let host = self.site.split_once("://").map_or(self.site.as_str(), |(_, host)| host);
        let host = host.split(['/', ':']).next().unwrap_or_default();
        Ok(Some(format!("{name} <{}-{}@users.noreply.{host}>", user.id, user.username)))
    }
}
