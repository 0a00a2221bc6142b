//! Who may not answer a question, how many people must say yes to it, and who has.

use crate::timestamp;
use domain::SourceName;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The conditions for an answer, in addition to the right to give it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The account that may not answer: of the person who asked for the work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_by: Option<String>,
    /// How many people must say yes, each once; 0 and 1 are the same.
    #[serde(default)]
    pub count: u32,
    /// After how many seconds without an answer people are reminded, and again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remind_seconds: Option<u64>,
}

/// A yes of one of several people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// Who, by their name in the configuration: accounts of one person are one person.
    pub by: String,
    /// Where they said so.
    pub via: SourceName,
    /// When.
    #[serde(with = "timestamp")]
    pub at: Timestamp,
    /// Their comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// The id of the delivery that said so: sent again, it is the same yes.
    #[serde(default)]
    pub delivery: String,
}

impl Terms {
    /// How many people must say yes.
    pub fn needed(&self) -> u32 {
        self.count.max(1)
    }
}
