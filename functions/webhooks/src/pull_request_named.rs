//! Pull requests of ours that people name in a chat in place of their ticket: `status https://…/pull/7`.

use crate::act::Acting;
use crate::command::{Command, with_typed};
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
        let Some(named) = named else { return Ok(words) };
        Ok(match self.directory.ticket_of_pull_request(self.table, &named).await? {
            Some(task_id) => with_typed(&words, &task_id),
            None => words,
        })
    }
}

/// Whether a command is about work that was begun for a ticket: one that begins work or reviews means what it names.
fn is_about_work(command: &Command) -> bool {
    match command {
        Command::Steer(_) | Command::Status { .. } | Command::Costs { .. } => true,
        Command::NotServed { word } => matches!(word, CommandWord::Revise | CommandWord::Tell),
        Command::Link(_) | Command::Notify(_) | Command::Help { .. } | Command::Unknown { .. } => false,
    }
}
