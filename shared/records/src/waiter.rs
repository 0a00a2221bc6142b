//! Waiters: executions parked on a task token until something happens.

use crate::draft::Choice;
use crate::error::RecordsError;
use crate::item::{Item, attribute, from_item, listed, text, to_item};
use crate::keys;
use crate::retention;
use crate::table::Table;
use crate::timestamp;
use crate::vote::{Terms, Vote};
use crate::write::{ABSENT, Update};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::configuration::same_status;
use domain::{EventKey, SourceName};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;

/// What a step waits for; whatever makes it happen knows the same topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Topic {
    /// That a limit leaves room for a call of a model. They share one partition, because the sweeper reads them all.
    Budget,
    /// An answer of people, asked for by this execution.
    Approval(String),
    /// Something that happens outside.
    Event(EventKey),
    /// That reviewers have room for another pull request. They share one partition, because the sweeper reads them all.
    Capacity,
    /// That a provider takes calls again. They share one partition, because the sweeper reads them all.
    Provider,
}

impl fmt::Display for Topic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Budget => formatter.write_str("budget"),
            Self::Capacity => formatter.write_str("capacity"),
            Self::Approval(execution) => write!(formatter, "{APPROVAL}{execution}"),
            Self::Event(key) => write!(formatter, "{EVENT}{}", key.as_str()),
            Self::Provider => formatter.write_str("provider"),
        }
    }
}

/// How the topics of questions to people begin.
const APPROVAL: &str = "approval/";

/// How the topics of events begin.
const EVENT: &str = "event/";

/// A step that waits, with the token that lets it go on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Waiter {
    /// [`Topic`] as text.
    pub topic: String,
    /// The step's idempotency key.
    pub key: String,
    /// The execution's name.
    pub execution: String,
    /// The task token of the newest attempt. Whoever holds it can answer for the people asked.
    #[serde(serialize_with = "expose")]
    pub token: SecretString,
    /// When it began to wait.
    #[serde(with = "timestamp")]
    pub since: Timestamp,
    /// When it goes on by itself, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "timestamp::option")]
    pub until: Option<Timestamp>,
    /// What it waits for, in words for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// Who may answer, by names of people and groups; an empty list means every approver.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvers: Vec<String>,
    /// The moves of the execution's ticket that are answers, too.
    #[serde(default)]
    pub moves: Moves,
    /// What people should know to answer it, in Markdown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<String>,
    /// What an answer takes.
    #[serde(default)]
    pub terms: Terms,
    /// Who has said yes so far, where several must.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "crate::json_text")]
    pub votes: Vec<Vote>,
    /// When people were last reminded of it.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "timestamp::option")]
    pub reminded_at: Option<Timestamp>,
    /// The message that asks, where there is one: its channel and id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<(String, String)>,
    /// What was answered.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::json_text::option")]
    pub answer: Option<Answer>,
    /// What came of the answer, once the state machine received it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Timeliness>,
}

/// Where a waiter of an execution is.
#[derive(Debug, Serialize, Deserialize)]
struct Waits {
    topic: String,
    key: String,
}

/// Whether what an execution waits for, or waited for, is an answer of people.
pub(crate) fn is_question(waits: &Item) -> bool {
    attribute(waits, "topic").is_some_and(|topic| topic.starts_with(APPROVAL))
}

/// Statuses, as the tracker names them, that a person moves a ticket to in order to answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moves {
    /// To move it there is a yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approve: Option<String>,
    /// To move it there is a no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decline: Option<String>,
}

impl Moves {
    /// What a move to `status` answers; `None` if it is not an answer.
    pub fn answer(&self, status: &str) -> Option<bool> {
        let means =
            |wanted: &Option<String>| wanted.as_deref().is_some_and(|wanted| same_status(wanted, status));
        if means(&self.approve) {
            return Some(true);
        }
        means(&self.decline).then_some(false)
    }
}

/// What a person answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Yes or no.
    pub approved: bool,
    /// Who, by their name in the configuration.
    pub by: String,
    /// Where they said so.
    pub via: SourceName,
    /// When.
    #[serde(with = "timestamp")]
    pub at: Timestamp,
    /// What they said with it.
    pub comment: Option<String>,
    /// The id of the delivery that said so: sent again, it is the same answer.
    #[serde(default)]
    pub delivery: String,
    /// What becomes of a run that a limit stopped, where that was the question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<Choice>,
}

/// Whether an answer still found its step waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timeliness {
    /// The step goes on with it.
    InTime,
    /// The step no longer waited.
    TooLate,
}

/// The table is where the token is kept; nothing else ever sees it in clear.
fn expose<S: Serializer>(token: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(token.expose_secret())
}

impl Table {
    /// Records that a step waits. A newer attempt of the same step replaces an older one with its token, never the reverse; what
    /// was answered to the older one stays and holds for the newer.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn put_waiter(&self, waiter: &Waiter) -> Result<(), RecordsError> {
        let key = keys::waiter(&waiter.topic, &waiter.key);
        let expires_at = retention::expires_at(waiter.since, retention::EXECUTION);
        // First, so that the sweeper finds every waiter there is.
        let waits = Waits { topic: waiter.topic.clone(), key: waiter.key.clone() };
        let pointer =
            to_item(&waits, keys::waits(&waiter.execution, &waiter.key, &waiter.topic), Some(expires_at))?;
        let _ = self.put("record what an execution waits for", pointer, None).await?;
        let mut item = to_item(waiter, key.clone(), Some(expires_at))?;
        if waiter.topic.starts_with(APPROVAL) {
            item = listed(item, keys::APPROVALS, waiter.since, &format!("{}#{}", waiter.topic, waiter.key));
        }
        let Err(refused) = self.put("record a waiter", item, Some(ABSENT)).await? else { return Ok(()) };
        let Some(present) = refused.item else { return Ok(()) };
        let before: Waiter = from_item(present)?;
        if before.since > waiter.since {
            // A newer attempt waits already.
            return Ok(());
        }
        // A redrive waits under the key of the execution that it continues.
        let until = if waiter.until.is_some() { ", #until = :until" } else { "" };
        // Every time that money runs out is a question of its own.
        let asks_anew = waiter.topic == Topic::Budget.to_string();
        let (question, over) = match &waiter.question {
            Some(_) if asks_anew => (", #question = :question", "#told, #answer, #message"),
            _ => ("", "#told"),
        };
        let change = format!(
            "SET #token = :token, #since = :since, #execution = :execution{until}{question} REMOVE {over}"
        );
        let mut newer = Update::new(key, change)
            .condition("#since <= :since")
            .value(":token", text(waiter.token.expose_secret()))
            .value(":execution", text(&waiter.execution))
            .value(":since", crate::item::moment(waiter.since));
        if let Some(question) = waiter.question.as_ref().filter(|_| asks_anew) {
            newer = newer.value(":question", text(question));
        }
        if let Some(until) = waiter.until {
            newer = newer.value(":until", crate::item::moment(until));
        }
        // Refused means that a still newer one was faster.
        let _ = self.update("record a newer attempt's token", newer).await?;
        Ok(())
    }

    /// One waiter, by its topic as text and its key.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn waiter(&self, topic: &str, key: &str) -> Result<Option<Waiter>, RecordsError> {
        self.get(keys::waiter(topic, key)).await?.map(from_item).transpose()
    }

    /// Records the message that asks people.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn set_waiter_message(
        &self,
        waiter: &Waiter,
        channel: &str,
        id: &str,
    ) -> Result<(), RecordsError> {
        let place = AttributeValue::L(vec![text(channel), text(id)]);
        let update = Update::new(keys::waiter(&waiter.topic, &waiter.key), "SET #message = :message")
            .condition("attribute_exists(#pk)")
            .value(":message", place);
        let _ = self.update("record the message that asks", update).await?;
        Ok(())
    }

    /// Records what a person answered, unless somebody already answered; then it returns that answer. The listener
    /// to the table's stream tells the state machine.
    ///
    /// # Errors
    /// [`RecordsError::Missing`] when nothing waits there.
    pub async fn answer_waiter(
        &self,
        waiter: &Waiter,
        answer: &Answer,
    ) -> Result<Option<Answer>, RecordsError> {
        let json = serde_json::to_string(answer)
            .map_err(|error| RecordsError::Invalid(format!("an answer cannot be stored: {error}")))?;
        let update = Update::new(
            keys::waiter(&waiter.topic, &waiter.key),
            "SET #answer = :answer REMOVE #gsi1pk, #gsi1sk",
        )
        .condition("attribute_exists(#pk) AND attribute_not_exists(#answer)")
        .value(":answer", text(json));
        match self.update("record an answer", update).await? {
            Ok(_) => Ok(None),
            Err(refused) => {
                let missing = || RecordsError::Missing(format!("a waiter for {}", waiter.topic));
                let before: Waiter = refused.item.map(from_item).transpose()?.ok_or_else(missing)?;
                Ok(before.answer)
            }
        }
    }

    /// Records that the state machine received the answer, for the attempt that holds this token.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn mark_told(&self, waiter: &Waiter, told: Timeliness) -> Result<(), RecordsError> {
        let word = match told {
            Timeliness::InTime => "in_time",
            Timeliness::TooLate => "too_late",
        };
        let update = Update::new(keys::waiter(&waiter.topic, &waiter.key), "SET #told = :told")
            .condition("#token = :token")
            .value(":told", text(word))
            .value(":token", text(waiter.token.expose_secret()));
        // Refused means that a newer attempt waits, which is told for itself.
        let _ = self.update("record what came of an answer", update).await?;
        Ok(())
    }

    /// Every waiter of a topic, answered ones included.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn waiters(&self, topic: &Topic) -> Result<Vec<Waiter>, RecordsError> {
        self.waiters_named(&topic.to_string()).await
    }

    /// Every waiter of an event, by the text of its key.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn waiters_for_event(&self, key: &str) -> Result<Vec<Waiter>, RecordsError> {
        self.waiters_named(&format!("{EVENT}{key}")).await
    }

    /// What steps of an execution wait for, or waited for: topics as text and keys of steps.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn waits_of(&self, execution: &str) -> Result<Vec<(String, String)>, RecordsError> {
        let items = self.query(keys::execution_partition(execution), keys::WAITS).await?;
        let waits =
            items.into_iter().map(|item| from_item::<Waits>(item).map(|waits| (waits.topic, waits.key)));
        waits.collect()
    }

    async fn waiters_named(&self, topic: &str) -> Result<Vec<Waiter>, RecordsError> {
        let items = self.query(keys::waiter_partition(topic), keys::WAITER).await?;
        items.into_iter().map(from_item).collect()
    }

    /// Forgets a waiter that was answered, with what else its step waited for. Answer first: Step Functions lets one answer to a token
    /// count and refuses the others, and a crash between the two then loses nothing. A newer attempt of the same step is left waiting.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn forget_waiter(&self, waiter: &Waiter) -> Result<(), RecordsError> {
        // The others first: as long as this one is there, an answer to it finds them again.
        if waiter.topic.starts_with(EVENT) {
            let waits = self.waits_of(&waiter.execution).await?;
            let others = waits.iter().filter(|(topic, key)| *key == waiter.key && *topic != waiter.topic);
            for (topic, key) in others {
                self.delete_waiter(topic, key, waiter).await?;
            }
        }
        self.delete_waiter(&waiter.topic, &waiter.key, waiter).await
    }

    async fn delete_waiter(&self, topic: &str, key: &str, waiter: &Waiter) -> Result<(), RecordsError> {
        let token = text(waiter.token.expose_secret());
        self.delete_if("forget a waiter", keys::waiter(topic, key), "#token = :token", (":token", token))
            .await
    }
}
