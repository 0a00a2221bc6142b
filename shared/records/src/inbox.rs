//! Inboxes: messages from people to the agents of a ticket while an execution is at work on it.
//!
//! Words are taken in by the transaction of the step that takes them, once. While words wait, the execution that holds the ticket cannot
//! free it ([`Table::finish`] says so), so none is forgotten: another execution takes over, or their authors are told.

use crate::delivery::Delivery;
use crate::error::RecordsError;
use crate::item::{Item, attribute, from_item, number, text, to_item, whole_number};
use crate::keys::{self, SK};
use crate::reply::Reply;
use crate::retention;
use crate::table::Table;
use crate::update::Update;
use crate::word::{Inbox, WaitingWord, Word};
use crate::write::Write;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::event::SourceName;

/// So many words wait for the agents of a ticket at most.
pub const MOST_WAITING: u32 = 100;

/// What became of words that were put in an inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutWordResult {
    /// They wait in it.
    Put,
    /// The same delivery came before, and is done with.
    Duplicate(Box<Delivery>),
    /// The execution no longer holds the ticket.
    NotAtWork,
    /// Too many wait already.
    Full,
}

/// Holds while no words wait.
pub(crate) fn nothing_waits(task_id: &str) -> Write {
    Write::Check {
        key: keys::inbox(task_id),
        condition: "attribute_not_exists(#words) OR #words = :none",
        value: Some((":none", number(0))),
    }
}

impl Table {
    /// Puts words in the inbox of a ticket that `execution` holds, once for each delivery. `source` names the delivery, as for an execution
    /// that it would begin.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn put_word(
        &self,
        task_id: &str,
        execution: &str,
        source: &SourceName,
        word: &Word,
    ) -> Result<PutWordResult, RecordsError> {
        let delivery = Delivery {
            source: source.clone(),
            id: word.delivery.clone(),
            execution: execution.to_owned(),
            already_at_work: true,
            has_words: true,
            at: word.at,
        };
        let key = keys::word(word.at, source, &word.delivery);
        let expires_at = retention::expires_at(word.at, retention::WORD);
        let item = to_item(word, keys::word_named(task_id, &key), Some(expires_at))?;
        let count =
            Update::new(keys::inbox(task_id), "ADD #words :one, #taken :none SET #expires_at = :expires")
                .condition("attribute_not_exists(#words) OR #words < :most")
                .value(":one", number(1))
                .value(":none", number(0))
                .value(":expires", number(expires_at))
                .value(":most", number(MOST_WAITING));
        let writes = vec![
            Write::Replace {
                item: delivery.to_item()?,
                // A delivery that was only told of the work has not said anything to it yet.
                condition: "attribute_not_exists(#pk) OR (#already_at_work = :yes AND attribute_not_exists(#has_words))",
                value: (":yes", AttributeValue::Bool(true)),
            },
            Write::Check {
                key: keys::task(task_id),
                condition: "#open_execution = :execution",
                value: Some((":execution", text(execution))),
            },
            Write::Update(count),
            Write::Put { item, condition: None },
        ];
        let Err(refused) = self.transact("put words in an inbox", writes).await? else {
            return Ok(PutWordResult::Put);
        };
        match (refused.index, refused.item) {
            (0, Some(item)) => Ok(PutWordResult::Duplicate(Box::new(from_item(item)?))),
            (1, _) => Ok(PutWordResult::NotAtWork),
            (2, _) => Ok(PutWordResult::Full),
            _ => Err(RecordsError::Unavailable("what kept words out of an inbox is gone; try again".into())),
        }
    }

    /// The waiting words in the inbox of a ticket.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn inbox(&self, task_id: &str) -> Result<Inbox, RecordsError> {
        let empty = Inbox { task_id: task_id.to_owned(), ..Inbox::default() };
        // Read before the words, so that a taker after that is noticed.
        let Some(head) = self.get(keys::inbox(task_id)).await? else { return Ok(empty) };
        let taken = whole_number(&head, "taken")?;
        if whole_number(&head, "words")? == 0 {
            return Ok(Inbox { taken, ..empty });
        }
        let items = self.query(keys::inbox_partition(task_id), keys::WORD).await?;
        let words = items.into_iter().map(waiting).collect::<Result<_, _>>()?;
        Ok(Inbox { taken, words, ..empty })
    }

    /// Removes words of which nothing came, together with recording what their authors are told: `false` if somebody else took words since;
    /// then nobody is told anything.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn drop_words(&self, inbox: &Inbox, replies: &[Reply]) -> Result<bool, RecordsError> {
        let mut writes = inbox.writes();
        if writes.is_empty() {
            return Ok(true);
        }
        for reply in replies {
            writes.push(Write::Put { item: reply.to_item()?, condition: None });
        }
        Ok(self.transact("take words out of an inbox", writes).await?.is_ok())
    }

    /// Completes words of a review with its line comments; words that were taken in the meantime stay taken.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn complete_word(&self, task_id: &str, key: &str, whole: &str) -> Result<(), RecordsError> {
        let update = Update::new(keys::word_named(task_id, key), "SET #text = :text REMOVE #review")
            .condition("attribute_exists(#review)")
            .value(":text", text(whole));
        // Refused means that somebody else did, or that they are gone.
        let _ = self.update("complete words", update).await?;
        Ok(())
    }
}

fn waiting(item: Item) -> Result<WaitingWord, RecordsError> {
    let key = attribute(&item, SK).unwrap_or_default().to_owned();
    Ok(WaitingWord { key, word: from_item(item)? })
}
