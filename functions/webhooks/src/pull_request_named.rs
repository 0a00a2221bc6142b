//! Pull requests of ours that people name in a chat in place of their ticket: `status https://…/pull/7`.

use crate::act::Acting;
use domain::command::CommandWord;
use domain::folded;
use domain::reference::Numbered;
use records::RecordsError;

impl Acting<'_> {
    /// Words of a command about work on a ticket, with the ticket in place of a pull request that we opened for it. Other words are as they were.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn with_ticket(&self, words: &str) -> Result<String, RecordsError> {
        let as_said = || Ok(words.to_owned());
        let mut parts = words.split_whitespace();
        let (Some(word), Some(typed)) = (parts.next(), parts.next()) else { return as_said() };
        let word = CommandWord::read(&folded(word.trim_matches(|c: char| !c.is_alphanumeric())));
        if !word.is_some_and(is_about_work) {
            return as_said();
        }
        let named = self.directory.ticket(typed).ok();
        let Some(Numbered { repository, number, .. }) =
            named.and_then(|ticket| ticket.task_id().parse::<Numbered>().ok())
        else {
            return as_said();
        };
        let opened = self.table.opened_pull_request(&repository, number).await?;
        Ok(match opened.and_then(|opened| opened.task_id) {
            Some(task_id) => words.replacen(typed, &task_id, 1),
            None => words.to_owned(),
        })
    }
}

/// Whether a command is about work that was begun for a ticket: one that begins work or reviews means what it names.
fn is_about_work(word: CommandWord) -> bool {
    match word {
        CommandWord::Approve
        | CommandWord::Budget
        | CommandWord::Costs
        | CommandWord::Deny
        | CommandWord::Redrive
        | CommandWord::Revise
        | CommandWord::Status
        | CommandWord::Stop
        | CommandWord::Tell
        | CommandWord::Undo => true,
        CommandWord::Help
        | CommandWord::Link
        | CommandWord::Notify
        | CommandWord::Plan
        | CommandWord::Review
        | CommandWord::Run => false,
    }
}
