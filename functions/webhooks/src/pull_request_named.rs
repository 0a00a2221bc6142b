//! Pull requests of ours that people name in a chat in place of their ticket: `status https://…/pull/7`.

use crate::act::Acting;
use domain::command::CommandWord;
use domain::{RepositoryName, folded};
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
        let Some((repository, number)) =
            self.directory.ticket(typed).ok().and_then(|ticket| place(ticket.task_id()))
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

/// The repository and the number in the name of an issue or a pull request.
fn place(task_id: &str) -> Option<(RepositoryName, u64)> {
    let (repository, number) = task_id.rsplit_once(['#', '!'])?;
    Some((repository.parse().ok()?, number.parse().ok()?))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_pull_request_has_a_repository_and_a_number() {
        let shown = |task_id| place(task_id).map(|(repository, number)| (repository.to_string(), number));
        assert_eq!(shown("acme/shop#7"), Some(("acme/shop".to_owned(), 7)));
        assert_eq!(shown("acme/web/shop!7"), Some(("acme/web/shop".to_owned(), 7)));
        assert_eq!(shown("SHOP-7"), None);
    }
}
