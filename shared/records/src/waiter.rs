//! Waiters: executions parked on a task token until something happens.

use crate::draft::Choice;
use crate::error::RecordsError;
use crate::item::{Item, attribute, from_item, listed, text, to_item};
use crate::keys;
use crate::moves::Moves;
use crate::over::{Over, asked_no_more};
use crate::retention;
use crate::table::Table;
use crate::timestamp;
use crate::topic::{EVENT, Topic, is_approval};
use crate::update::Update;
use crate::vote::{Terms, Vote};
use crate::write::ABSENT;
use domain::SourceName;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};

/// A waiting step, with the token that lets it continue.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Waiter {
    /// [`Topic`] as text.
    pub topic: String,
    /// The step's idempotency key.
    pub key: String,
    /// The execution's name.
    pub execution: String,
    /// The task token of the newest attempt. Anyone with it can answer for the people asked.
    #[serde(serialize_with = "expose")]
    pub token: SecretString,
    /// When it began to wait.
    #[serde(with = "timestamp")]
    pub since: Timestamp,
    /// When it continues by itself, if known.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "timestamp::option")]
    pub until: Option<Timestamp>,
    /// What it waits for, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// Who may answer, by names of people and groups; an empty list means every approver.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvers: Vec<String>,
    /// Moves of the execution's ticket that also count as answers.
    #[serde(default)]
    pub moves: Moves,
    /// Background for the answer, in Markdown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<String>,
    /// The conditions for an answer.
    #[serde(default)]
    pub terms: Terms,
    /// Who has said yes so far, if several must.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "crate::json_text")]
    pub votes: Vec<Vote>,
    /// When people were last reminded of it.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "timestamp::option")]
    pub reminded_at: Option<Timestamp>,
    /// The message that asks, if any: its channel and ID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<(String, String)>,
    /// The answer.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::json_text::option")]
    pub answer: Option<Answer>,
    /// When somebody first began to tell the state machine the answer.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "timestamp::option")]
    pub telling: Option<Timestamp>,
    /// Why it is closed, if no answer decided it.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::json_text::option")]
    pub over: Option<Over>,
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

/// Whether an execution waits, or waited, for an answer by people.
pub(crate) fn is_question(waits: &Item) -> bool {
    attribute(waits, "topic").is_some_and(is_approval)
}

/// A person's answer.
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
    /// Their comment.
    pub comment: Option<String>,
    /// The id of the delivery that said so: sent again, it is the same answer.
    #[serde(default)]
    pub delivery: String,
    /// The decision about a run that a limit stopped, if that was the question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<Choice>,
}

/// Whether somebody told the state machine the answer before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Telling {
    /// Nobody has.
    First,
    /// Somebody began to at this time, and may have ended at any point.
    Again(Timestamp),
}

/// Whether an answer still found its step waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timeliness {
    /// The step continues with it.
    InTime,
    /// The step no longer waited.
    TooLate,
}

impl Waiter {
    /// Whether people are asked.
    pub fn is_question(&self) -> bool {
        is_approval(&self.topic)
    }

    /// Whether the outcome of the question is known: it is over, or the state machine was told the answer.
    pub fn is_settled(&self) -> bool {
        self.over.is_some() || (self.answer.is_some() && self.told.is_some())
    }

    /// Its place in a listing, after the time.
    pub(crate) fn listed_as(&self) -> String {
        format!("{}#{}", self.topic, self.key)
    }

    /// A change that decides the question: it leaves the list of open ones, and is listed among those whose places have to show the outcome.
    pub(crate) fn decide(&self, change: &str, at: Timestamp) -> Update {
        let key = keys::waiter(&self.topic, &self.key);
        match self.is_question() {
            true => Update::new(key, format!("{change}, #gsi1pk = :listing, #gsi1sk = :place"))
                .value(":listing", text(keys::DECIDED))
                .value(":place", text(keys::listed_at(at, &self.listed_as()))),
            false => Update::new(key, format!("{change} REMOVE #gsi1pk, #gsi1sk")),
        }
    }
}

/// The token is kept in the table; nothing else ever sees it in clear text.
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
        if waiter.is_question() {
            item = listed(item, keys::APPROVALS, waiter.since, &waiter.listed_as());
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
        // Every time that money runs out, it is a new question.
        let asks_anew = waiter.topic == Topic::Budget.to_string();
        let (question, over) = match &waiter.question {
            Some(_) if asks_anew => (", #question = :question", "#told, #telling, #over, #answer, #message"),
            _ => ("", "#told, #telling, #over"),
        };
        // A closed question is asked again. Nothing answers it in the meantime, because it is still closed.
        let relisted = before.over.is_some() && before.is_question();
        let listing = if relisted { ", #gsi1pk = :listing, #gsi1sk = :place" } else { "" };
        let change = format!(
            "SET #token = :token, #since = :since, #execution = :execution{until}{question}{listing} REMOVE {over}"
        );
        let mut newer = Update::new(key, change)
            .condition("#since <= :since")
            .value(":token", text(waiter.token.expose_secret()))
            .value(":execution", text(&waiter.execution))
            .value(":since", crate::item::moment(waiter.since));
        if relisted {
            newer = newer
                .value(":listing", text(keys::APPROVALS))
                .value(":place", text(keys::listed_at(waiter.since, &waiter.listed_as())));
        }
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

    /// Records a person's answer, unless somebody already answered; then it returns that answer. The listener
    /// to the table's stream tells the state machine.
    ///
    /// # Errors
    /// [`RecordsError::Missing`] if nothing waits there, [`RecordsError::Conflict`] if it is closed: then [`Waiter::over`] says
    /// why.
    pub async fn answer_waiter(
        &self,
        waiter: &Waiter,
        answer: &Answer,
    ) -> Result<Option<Answer>, RecordsError> {
        let json = serde_json::to_string(answer)
            .map_err(|error| RecordsError::Invalid(format!("an answer cannot be stored: {error}")))?;
        let update = waiter
            .decide("SET #answer = :answer", answer.at)
            .condition(
                "attribute_exists(#pk) AND attribute_not_exists(#answer) AND attribute_not_exists(#over)",
            )
            .value(":answer", text(json));
        match self.update("record an answer", update).await? {
            Ok(_) => Ok(None),
            Err(refused) => {
                let missing = || RecordsError::Missing(format!("a waiter for {}", waiter.topic));
                let before: Waiter = refused.item.map(from_item).transpose()?.ok_or_else(missing)?;
                match (before.answer, before.over) {
                    (None, Some(_)) => Err(asked_no_more()),
                    (answer, _) => Ok(answer),
                }
            }
        }
    }

    /// Records that somebody is about to tell the state machine the answer, for the attempt with this token. A second caller
    /// cannot tell from a refusal whether the answer came too late, or was delivered before and not recorded.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn begin_telling(&self, waiter: &Waiter, now: Timestamp) -> Result<Telling, RecordsError> {
        let update = Update::new(keys::waiter(&waiter.topic, &waiter.key), "SET #telling = :now")
            .condition("#token = :token AND attribute_not_exists(#telling)")
            .value(":now", crate::item::moment(now))
            .value(":token", text(waiter.token.expose_secret()));
        let Err(refused) = self.update("begin to tell of an answer", update).await? else {
            return Ok(Telling::First);
        };
        let Some(found) = refused.item.map(from_item::<Waiter>).transpose()? else {
            return Ok(Telling::First);
        };
        Ok(match found.telling {
            Some(since) if found.token.expose_secret() == waiter.token.expose_secret() => {
                Telling::Again(since)
            }
            // A newer attempt waits: nothing waits with the older token.
            _ => Telling::First,
        })
    }

    /// Records that the state machine received the answer, for the attempt with this token. The first record stays.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn mark_told(&self, waiter: &Waiter, told: Timeliness) -> Result<(), RecordsError> {
        let word = match told {
            Timeliness::InTime => "in_time",
            Timeliness::TooLate => "too_late",
        };
        let update = Update::new(keys::waiter(&waiter.topic, &waiter.key), "SET #told = :told")
            .condition("#token = :token AND attribute_not_exists(#told)")
            .value(":told", text(word))
            .value(":token", text(waiter.token.expose_secret()));
        // A refusal means that a newer attempt waits, which is told separately.
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

    /// The waiters of an execution's steps under one topic: these steps wait, or their answers are being told.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn waiters_of(&self, execution: &str, topic: &Topic) -> Result<Vec<Waiter>, RecordsError> {
        let topic = topic.to_string();
        let mut waiters = Vec::new();
        for (_, key) in self.waits_of(execution).await?.into_iter().filter(|(of, _)| *of == topic) {
            waiters.extend(self.waiter(&topic, &key).await?);
        }
        Ok(waiters)
    }

    async fn waiters_named(&self, topic: &str) -> Result<Vec<Waiter>, RecordsError> {
        let items = self.query(keys::waiter_partition(topic), keys::WAITER).await?;
        items.into_iter().map(from_item).collect()
    }

    /// Deletes an answered waiter, with its step's other waiters. Answer first: Step Functions accepts one answer to a token
    /// and refuses the others, so a crash between the two loses nothing. A newer attempt of the same step stays waiting.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn forget_waiter(&self, waiter: &Waiter) -> Result<(), RecordsError> {
        // The others first: as long as this one exists, an answer to it finds them again.
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
