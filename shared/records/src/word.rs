//! Messages to agents, as they wait in an inbox and are taken out of it.

use crate::item::number;
use crate::keys;
use crate::reply::ReplyPlace;
use crate::timestamp;
use crate::update::Update;
use crate::write::Write;
use domain::RepositoryName;
use domain::event::{Actor, SourceName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// So many words are taken in at a time: a transaction has a limit.
const MOST_TAKEN: usize = 20;

/// No more bytes of words are taken in at a time, unless a single one is longer.
const MOST_BYTES_TAKEN: usize = 64 * 1024;

/// A message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Word {
    /// Where the delivery arrived: an instance under `plugins`, or a sender.
    pub source: SourceName,
    /// The delivery that brought it.
    pub delivery: String,
    /// Its author.
    #[serde(with = "crate::json_text")]
    pub author: Actor,
    /// Whether they may start work on the ticket.
    pub may_trigger: bool,
    /// The words.
    pub text: String,
    /// Where they said it, and are answered.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::json_text::option")]
    pub place: Option<ReplyPlace>,
    /// The review whose remarks on lines are still to be asked for: until then the words are not whole.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::json_text::option")]
    pub review: Option<ReviewOf>,
    /// When it came.
    #[serde(with = "timestamp")]
    pub at: Timestamp,
}

/// A review of a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewOf {
    /// The repository.
    pub repository: RepositoryName,
    /// The pull request.
    pub number: u64,
    /// The review's id.
    pub review: u64,
}

/// Words that wait in an inbox.
#[derive(Debug, Clone, PartialEq)]
pub struct WaitingWord {
    /// By which the inbox knows them.
    pub key: String,
    /// The words.
    pub word: Word,
}

/// The waiting messages of an inbox, oldest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Inbox {
    /// The ticket.
    pub task_id: String,
    /// The waiting messages.
    pub words: Vec<WaitingWord>,
    /// How often messages were taken: a taker of these is the next to take any.
    pub(crate) taken: u64,
}

impl WaitingWord {
    /// Their author's name, for people and models.
    pub fn author(&self) -> &str {
        let author = &self.word.author;
        author.person.as_ref().or(author.display_name.as_ref()).unwrap_or(&author.id)
    }
}

impl Inbox {
    /// The messages that are taken in together: the first complete ones, as many as a transaction has room for.
    #[must_use]
    pub fn next(mut self) -> Self {
        let mut bytes = 0;
        self.words.retain(|waiting| waiting.word.review.is_none());
        self.words.truncate(MOST_TAKEN);
        let mut fits = |waiting: &WaitingWord| {
            bytes += waiting.word.text.len();
            bytes <= MOST_BYTES_TAKEN
        };
        let count = self.words.iter().take_while(|waiting| fits(waiting)).count().max(1);
        self.words.truncate(count);
        self
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The writes that take these words out. The first one is refused where somebody else took words since.
    pub(crate) fn writes(&self) -> Vec<Write> {
        if self.words.is_empty() {
            return Vec::new();
        }
        let count = i128::try_from(self.words.len()).unwrap_or_default();
        let update = Update::new(keys::inbox(&self.task_id), "ADD #words :fewer, #taken :one")
            .condition("#taken = :seen")
            .value(":fewer", number(-count))
            .value(":one", number(1))
            .value(":seen", number(self.taken));
        let delete =
            |waiting: &WaitingWord| Write::Delete { key: keys::word_named(&self.task_id, &waiting.key) };
        std::iter::once(Write::Update(update)).chain(self.words.iter().map(delete)).collect()
    }
}
