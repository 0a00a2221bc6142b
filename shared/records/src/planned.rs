//! The tickets of plans: by the requirements and each item's key, so that planning again finds existing tickets and creates nothing
//! twice.

use crate::error::RecordsError;
use crate::item::{from_item, text, to_item};
use crate::keys;
use crate::retention;
use crate::table::Table;
use crate::timestamp;
use crate::write::Write;
use domain::plugins::Mark;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One item of a plan, as a ticket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedItem {
    /// The project's key.
    pub project: String,
    /// The requirements: an epic, a page, a text.
    pub plan: String,
    /// The item's key in the plan.
    pub key: String,
    /// The item's title when it was planned last.
    pub title: String,
    /// The key of the effect that creates the ticket, or created it: its mark is on the ticket.
    pub claim: String,
    /// When that effect was intended first.
    #[serde(with = "timestamp")]
    pub claimed_at: Timestamp,
    /// The ticket, once it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_id: Option<String>,
    /// The ticket of the epic that it was put in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epic: Option<String>,
    /// The plan's content when the ticket was written last, as a digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// How the ticket looked after we wrote it last, as a digest: another look means that somebody touched it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look: Option<String>,
    /// The rewriting of the ticket that was begun last, before it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rewriting: Option<Rewriting>,
    /// Whether the ticket was taken back by an undo, so that planning again creates it again.
    #[serde(default)]
    pub withdrawn: bool,
    /// The links by which planning made the ticket wait for others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<PlannedLink>,
}

/// A link of the tracker's own that planning made, or took off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedLink {
    /// The ticket that it waits for.
    pub blocker: String,
    /// The key of the effect that changed it last.
    pub by: String,
    /// How far that came.
    pub state: LinkState,
}

/// How far a planned link came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// It is about to be made, so it may be there.
    Begun,
    /// It was seen after it was made: that it is gone means that somebody took it off.
    Made,
    /// It is about to be removed, or was, because it is no longer in the plan.
    TakenOff,
}

/// What a ticket said, and where it was, before an effect began to rewrite it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rewriting {
    /// The effect's key: a repeat of it knows its own words again.
    pub by: String,
    /// The former title.
    pub title: String,
    /// The former description.
    pub description: String,
    /// Whether the epics and `story_points` were recorded, too, which earlier versions did not.
    #[serde(default)]
    pub placed: bool,
    /// The former epic, as the tracker shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epic: Option<String>,
    /// The epic that planning had put it in, which some trackers only name in the description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned_epic: Option<String>,
    /// The former story points, if the tracker takes them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub story_points: Option<f64>,
}

impl PlannedItem {
    /// The mark on the ticket.
    pub fn mark(&self) -> Mark {
        Mark { key: self.claim.clone(), at: self.claimed_at }
    }

    /// Records the progress of the effect `by` with a link; `None` if the link no longer belongs to planning.
    pub fn note_link(&mut self, blocker: &str, by: &str, state: Option<LinkState>) {
        self.links.retain(|link| link.blocker != blocker);
        let noted = state.map(|state| PlannedLink { blocker: blocker.to_owned(), by: by.to_owned(), state });
        self.links.extend(noted);
    }
}

impl Table {
    /// The items of a plan that became tickets, or are about to, by key.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn planned_items(&self, project: &str, plan: &str) -> Result<Vec<PlannedItem>, RecordsError> {
        let found = self.query(keys::plan_partition(project, plan), keys::PLANNED).await?;
        found.into_iter().map(from_item).collect()
    }

    /// One item of a plan, if it was planned before.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn planned_item(
        &self,
        project: &str,
        plan: &str,
        key: &str,
    ) -> Result<Option<PlannedItem>, RecordsError> {
        self.get(keys::planned(project, plan, key)).await?.map(from_item).transpose()
    }

    /// Records that an effect is about to create an item's ticket, in place of the claim `before`, which came to nothing, if there was
    /// one. Returns whether nobody else was faster.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn claim_planned_item(
        &self,
        item: &PlannedItem,
        before: Option<&str>,
    ) -> Result<bool, RecordsError> {
        let condition = match before {
            Some(_) => "#claim = :before",
            None => "attribute_not_exists(#pk) AND :before = :before",
        };
        self.replace_planned("claim an item of a plan", item, condition, before.unwrap_or("-")).await
    }

    /// Records what became of an item that its effect still claims. Says whether it does.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn put_planned_item(&self, item: &PlannedItem) -> Result<bool, RecordsError> {
        self.replace_planned("record an item of a plan", item, "#claim = :before", &item.claim).await
    }

    async fn replace_planned(
        &self,
        operation: &str,
        item: &PlannedItem,
        condition: &'static str,
        before: &str,
    ) -> Result<bool, RecordsError> {
        let expires_at = retention::expires_at(item.claimed_at, retention::LISTED);
        let key = keys::planned(&item.project, &item.plan, &item.key);
        let item = to_item(item, key, Some(expires_at))?;
        let write = Write::Replace { item, condition, value: (":before", text(before)) };
        Ok(self.transact(operation, vec![write]).await?.is_ok())
    }
}
