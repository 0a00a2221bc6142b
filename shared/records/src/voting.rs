//! Counts the yes of several people, and claims their reminders.

use crate::error::RecordsError;
use crate::item::{moment, text};
use crate::keys;
use crate::over::asked_no_more;
use crate::table::Table;
use crate::update::Update;
use crate::vote::Vote;
use crate::waiter::{Answer, Waiter};
use jiff::Timestamp;
use serde::Serialize;

/// How often a vote is tried again because others vote at the same moment.
const ROUNDS: usize = 20;

/// The result of a yes if several are needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VoteResult {
    /// It counts, or did before; so many have said yes.
    Counted(u32),
    /// It was the last one that was needed, and the question is answered.
    Decided,
    /// The question had been answered before.
    AnsweredBefore {
        /// The answer.
        answer: Box<Answer>,
        /// Who had said yes by then.
        votes: Vec<Vote>,
    },
}

impl Table {
    /// Counts a yes, whose author is in `answer`, unless that person gave one before. With the last required one, the question
    /// is answered by all of them. Earlier votes that `counts` does not accept any more are forgotten.
    ///
    /// # Errors
    /// [`RecordsError::Missing`] if nothing waits there, [`RecordsError::Conflict`] if it is closed, or if others keep voting
    /// at the same moment.
    pub async fn vote(
        &self,
        waiter: &Waiter,
        answer: &Answer,
        counts: impl Fn(&Vote) -> bool,
    ) -> Result<VoteResult, RecordsError> {
        for _ in 0..ROUNDS {
            let missing = || RecordsError::Missing(format!("a waiter for {}", waiter.topic));
            let now = self.waiter(&waiter.topic, &waiter.key).await?.ok_or_else(missing)?;
            if let Some(answer) = now.answer {
                return Ok(VoteResult::AnsweredBefore { answer: Box::new(answer), votes: now.votes });
            }
            if now.over.is_some() {
                return Err(asked_no_more());
            }
            let seen = stored_json(&now.votes)?;
            let mut votes = now.votes;
            votes.retain(&counts);
            if votes.iter().any(|vote| vote.by == answer.by) {
                return Ok(VoteResult::Counted(count(&votes)));
            }
            votes.push(Vote {
                by: answer.by.clone(),
                via: answer.via.clone(),
                at: answer.at,
                comment: answer.comment.clone(),
                delivery: answer.delivery.clone(),
            });
            let is_last = count(&votes) >= now.terms.needed();
            let update = match is_last {
                true => waiter.decide("SET #votes = :votes, #answer = :answer", answer.at),
                false => Update::new(keys::waiter(&waiter.topic, &waiter.key), "SET #votes = :votes"),
            };
            let mut update = update
                .condition(
                    "attribute_exists(#pk) AND attribute_not_exists(#answer) AND attribute_not_exists(#over) \
                 AND (attribute_not_exists(#votes) OR #votes = :seen)",
                )
                .value(":votes", text(stored_json(&votes)?))
                .value(":seen", text(seen));
            if is_last {
                update = update.value(":answer", text(stored_json(&together(answer, &votes))?));
            }
            if self.update("count a vote", update).await?.is_ok() {
                return Ok(if is_last { VoteResult::Decided } else { VoteResult::Counted(count(&votes)) });
            }
        }
        Err(RecordsError::Conflict("others keep answering at the same moment; answer again".to_owned()))
    }
}

impl Table {
    /// Replaces the votes of an open question; refused when somebody voted or answered since it was read.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn replace_votes(&self, waiter: &Waiter, votes: &[Vote]) -> Result<bool, RecordsError> {
        let key = keys::waiter(&waiter.topic, &waiter.key);
        let update = Update::new(key, "SET #votes = :votes")
            .condition("attribute_not_exists(#answer) AND attribute_not_exists(#over) AND #votes = :seen")
            .value(":votes", text(stored_json(&votes)?))
            .value(":seen", text(stored_json(&waiter.votes)?));
        Ok(self.update("forget votes", update).await?.is_ok())
    }

    /// Claims the right to remind people of a question; refused when somebody else did since it was read.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn claim_reminder(&self, waiter: &Waiter, now: Timestamp) -> Result<bool, RecordsError> {
        let key = keys::waiter(&waiter.topic, &waiter.key);
        let update = Update::new(key, "SET #reminded_at = :now").value(":now", moment(now));
        let update = match waiter.reminded_at {
            Some(last) => update
                .condition(
                    "attribute_not_exists(#answer) AND attribute_not_exists(#over) AND #reminded_at = :last",
                )
                .value(":last", moment(last)),
            None => update.condition(
                "attribute_exists(#pk) AND attribute_not_exists(#answer) AND attribute_not_exists(#over) \
                 AND attribute_not_exists(#reminded_at)",
            ),
        };
        Ok(self.update("claim a reminder", update).await?.is_ok())
    }
}

fn stored_json(value: &impl Serialize) -> Result<String, RecordsError> {
    serde_json::to_string(value)
        .map_err(|error| RecordsError::Invalid(format!("an answer cannot be stored: {error}")))
}

fn count(votes: &[Vote]) -> u32 {
    u32::try_from(votes.len()).unwrap_or(u32::MAX)
}

/// The answer of all who said yes.
fn together(last: &Answer, votes: &[Vote]) -> Answer {
    let by: Vec<_> = votes.iter().map(|vote| vote.by.as_str()).collect();
    let said: Vec<_> =
        votes.iter().filter_map(|vote| Some(format!("{}: {}", vote.by, vote.comment.as_ref()?))).collect();
    Answer {
        by: by.join(" and "),
        comment: Some(said.join("\n")).filter(|said| !said.is_empty()),
        ..last.clone()
    }
}
