//! Pull requests of ours that people name in a chat in place of their ticket: `status https://…/pull/7`.

use crate::act::Acting;
use crate::command::{Command, with_typed};
use domain::RepositoryName;
use domain::command::CommandWord;
use records::RecordsError;

impl Acting<'_> {
    /// Words of a command about work on a ticket, with the ticket in place of a pull request that we opened for it. Other words are as they were.
    /// They are said on `place`, if on anything.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn with_ticket(
        &self,
        words: String,
        place: Option<&str>,
    ) -> Result<String, RecordsError> {
        if !is_about_work(&Command::read(&words, None)) {
            return Ok(words);
        }
        let places: Vec<&str> = place.into_iter().collect();
        let named = self.named_in(&words, &places);
        let Some((repository, number)) = named.as_deref().and_then(self::place) else { return Ok(words) };
        let opened = self.table.opened_pull_request(&repository, number).await?;
        Ok(match opened.and_then(|opened| opened.task_id) {
            Some(task_id) => with_typed(&words, &task_id),
            None => words,
        })
    }
}

/// The repository and the number in the name of an issue or a pull request.
fn place(task_id: &str) -> Option<(RepositoryName, u64)> {
    let (repository, number) = task_id.rsplit_once(['#', '!'])?;
    Some((repository.parse().ok()?, number.parse().ok()?))
}

/// Whether a command is about work that was begun for a ticket: one that begins work or reviews means what it names.
fn is_about_work(command: &Command) -> bool {
    match command {
        Command::Steer(_) | Command::Status { .. } | Command::Costs { .. } => true,
        Command::NotServed { word } => matches!(word, CommandWord::Revise | CommandWord::Tell),
        Command::Link(_) | Command::Notify(_) | Command::Help { .. } | Command::Unknown { .. } => false,
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
