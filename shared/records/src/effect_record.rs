//! Effects, as the journal keeps them.

use crate::effect_request::EffectRequest;
use crate::error::RecordsError;
use crate::item::{Item, from_item, whole_number};
use crate::timestamp;
use domain::execution::Inverse;
use domain::{ActionId, MicroUsd};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The status of an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectStatus {
    /// It is about to happen: nothing has left yet.
    Intended,
    /// A request that changes something has left: it may have happened, or may be happening.
    Sent,
    /// It was abandoned before anything happened outside.
    Abandoned,
    /// It happened.
    Done,
    /// It was taken back.
    Undone,
}

impl EffectStatus {
    /// The name in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Intended => "intended",
            Self::Sent => "sent",
            Self::Abandoned => "abandoned",
            Self::Done => "done",
            Self::Undone => "undone",
        }
    }
}

/// One effect in the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EffectRecord {
    /// The outermost execution's ARN.
    pub run: String,
    /// The idempotency key.
    pub key: String,
    /// Its place among the run's effects: a later intention has a greater number.
    pub sequence: u64,
    /// What acts.
    pub action: ActionId,
    /// Its status.
    pub status: EffectStatus,
    /// Whether the first intention found it outside already, so that it is not ours to take back.
    pub existed: bool,
    /// When it was first intended: the same for every attempt.
    #[serde(with = "timestamp")]
    pub at: Timestamp,
    /// The invocation that holds the lease.
    pub holder: String,
    /// When the lease ends.
    #[serde(with = "timestamp")]
    pub lease_until: Timestamp,
    /// The action's output.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::json_text::option")]
    pub output: Option<Value>,
    /// The inverse.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::json_text::option")]
    pub inverse: Option<Inverse>,
    /// Its cost, if it called a model and the price is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<MicroUsd>,
    /// When it was done.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "timestamp::option")]
    pub done_at: Option<Timestamp>,
    /// When it was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "timestamp::option")]
    pub undone_at: Option<Timestamp>,
    /// Whether the version that intended it records when a request is sent; earlier versions did not.
    #[serde(default)]
    pub announced: bool,
    /// When a request that changes something last left.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "timestamp::option")]
    pub sent_at: Option<Timestamp>,
    /// Whether the service refused every request that left, so that it certainly did not happen.
    #[serde(default)]
    pub refused: bool,
    /// Where people see whether it happened: a link, or the name of a channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// When people were asked whether it happened.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "timestamp::option")]
    pub asked_at: Option<Timestamp>,
}

impl EffectRecord {
    /// Whether an invocation is (as far as we know) performing it at `now`: a rollback must wait for it.
    pub fn is_leased(&self, now: Timestamp) -> bool {
        self.is_open() && self.lease_until > now
    }

    /// Whether it neither ended nor was abandoned.
    pub fn is_open(&self) -> bool {
        matches!(self.status, EffectStatus::Intended | EffectStatus::Sent)
    }

    /// Whether it may have happened without a record: its response was lost.
    pub fn is_doubtful(&self) -> bool {
        match self.status {
            EffectStatus::Intended => !self.announced,
            EffectStatus::Sent => !self.refused,
            EffectStatus::Abandoned | EffectStatus::Done | EffectStatus::Undone => false,
        }
    }

    /// The address for people: its own page if the action returned it, or else the place it happened at.
    pub fn seen_at(&self) -> Option<&str> {
        let told = |field: &str| self.output.as_ref()?.get(field)?.as_str();
        ["pr_url", "url"].into_iter().find_map(told).or(self.place.as_deref())
    }

    /// Whether something is left to take back, or may be.
    pub fn is_left(&self) -> bool {
        let stands = self.status == EffectStatus::Done && self.inverse.is_some() && !self.existed;
        stands || (self.status == EffectStatus::Sent && !self.refused)
    }
}

/// An effect about to happen.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEffect {
    /// The outermost execution's ARN.
    pub run: String,
    /// The idempotency key.
    pub key: String,
    /// What acts.
    pub action: ActionId,
    /// Whether it was found outside already.
    pub existed: bool,
    /// The invocation's id.
    pub holder: String,
    /// Now.
    pub at: Timestamp,
    /// Until when no other worker may act; renew it before.
    pub lease_until: Timestamp,
    /// The step's input, so that a rollback can look for it if its response is lost.
    pub request: Option<EffectRequest>,
}

/// The right to act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectIntent {
    /// Whether the *first* intention already found it outside: then it has no inverse.
    pub existed: bool,
    /// When it was first intended: the date of the created object, so that a repeat creates the same.
    pub at: Timestamp,
    /// Its place among the run's intentions.
    pub sequence: u64,
    /// Whether an earlier invocation intended it and was never heard of again: look outside before acting.
    pub resumed: bool,
    /// Whether a request of an earlier invocation left and may have had its effect.
    pub doubtful: bool,
    /// Whether people were asked about that. The step continues only if they said that it may act again.
    pub asked: bool,
}

/// An effect as it was before its action looks outside.
#[derive(Debug, Clone, PartialEq)]
pub struct SeenEffect {
    /// The effect; `None` if it was never intended.
    pub effect: Option<EffectRecord>,
    /// How many intentions its run has.
    pub intentions: u64,
}

impl SeenEffect {
    /// Whether it is done, so that its step only replays the output.
    pub fn is_done(&self) -> bool {
        self.effect.as_ref().is_some_and(|effect| effect.status == EffectStatus::Done)
    }

    /// The effect in its item, and its run in that of the run.
    pub(crate) fn of(effect: Option<Item>, run: Option<&Item>) -> Result<Self, RecordsError> {
        let intentions = run.map_or(Ok(0), |run| whole_number(run, "sequence"))?;
        Ok(Self { effect: effect.map(from_item).transpose()?, intentions })
    }
}

/// What [`Table::intend`] came to.
#[derive(Debug, Clone, PartialEq)]
pub enum IntendResult {
    /// Act, then record it as done.
    Act(EffectIntent),
    /// Another worker has done it: use its output.
    Done(Box<EffectRecord>),
}

/// The result of an effect.
#[derive(Debug, Clone, PartialEq)]
pub struct EffectEnd {
    /// The action's output; at most [`EFFECT_OUTPUT_LIMIT`].
    pub output: Value,
    /// The inverse; `None` for things that existed before and for effects that cannot be taken back.
    pub inverse: Option<Inverse>,
    /// Its cost, if it called a model and the price is known.
    pub cost: Option<MicroUsd>,
    /// When.
    pub at: Timestamp,
}
