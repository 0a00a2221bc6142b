//! Pull requests of ours that people name in place of their ticket: `status https://…/pull/7`.

use crate::directory::Directory;
use domain::reference::Numbered;
use records::{RecordsError, Table};

impl Directory {
    /// The ticket for which we opened the pull request of this name, or with this link; `None` for every other text.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn ticket_of_pull_request(
        &self,
        table: &Table,
        named: &str,
    ) -> Result<Option<String>, RecordsError> {
        let Ok(Numbered { repository, number, sign }) = self.canonical(named).parse() else {
            return Ok(None);
        };
        let Some(opened) = table.opened_pull_request(&repository, number).await? else { return Ok(None) };
        // Where pull requests are numbered apart from tickets, `#7` is not a pull request.
        let own = self.canonical(&opened.url).parse::<Numbered>().ok();
        let is_meant = own.is_none_or(|own| own.sign == sign);
        Ok(opened.task_id.filter(|_| is_meant))
    }
}
