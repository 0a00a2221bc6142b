//! The page of a plan: by the requirements, so that planning again finds and updates it.

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

/// The page of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedPage {
    /// The project's key.
    pub project: String,
    /// The requirements: an epic, a page, a text.
    pub plan: String,
    /// The key of the effect that creates the page, or created it: its mark is on the page.
    pub claim: String,
    /// When that effect was intended first.
    #[serde(with = "timestamp")]
    pub claimed_at: Timestamp,
    /// Its title when it was created: its mark is found with it.
    pub title: String,
    /// The wiki's ID, once it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_id: Option<String>,
    /// What the plan said when the page was written last, as a digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// How the page looked after we wrote it, as digests, the newest first: any other look means that somebody touched it. There are two, because
    /// an undo brings the one before back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub looks: Vec<String>,
}

impl PlannedPage {
    /// The mark on the page.
    pub fn mark(&self) -> Mark {
        Mark { key: self.claim.clone(), at: self.claimed_at }
    }

    /// Notes that it was written: what the plan said, and how it looks now.
    pub fn written(&mut self, said: String, look: String) {
        self.said = Some(said);
        self.looks.retain(|earlier| *earlier != look);
        self.looks.insert(0, look);
        self.looks.truncate(2);
    }
}

impl Table {
    /// The page of a plan, if one was written before.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn planned_page(&self, project: &str, plan: &str) -> Result<Option<PlannedPage>, RecordsError> {
        self.get(keys::planned_page(project, plan)).await?.map(from_item).transpose()
    }

    /// Records that an effect is about to create a plan's page, in place of the claim `before`, which came to nothing or whose page is gone, if
    /// there was one. Returns whether nobody else was faster.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn claim_planned_page(
        &self,
        page: &PlannedPage,
        before: Option<&str>,
    ) -> Result<bool, RecordsError> {
        let condition = match before {
            Some(_) => "#claim = :before",
            None => "attribute_not_exists(#pk) AND :before = :before",
        };
        self.replace_page("claim the page of a plan", page, condition, before.unwrap_or("-")).await
    }

    /// Records what became of a page that its effect still claims. Says whether it does.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn put_planned_page(&self, page: &PlannedPage) -> Result<bool, RecordsError> {
        self.replace_page("record the page of a plan", page, "#claim = :before", &page.claim).await
    }

    async fn replace_page(
        &self,
        operation: &str,
        page: &PlannedPage,
        condition: &'static str,
        before: &str,
    ) -> Result<bool, RecordsError> {
        let expires_at = retention::expires_at(page.claimed_at, retention::LISTED);
        let item = to_item(page, keys::planned_page(&page.project, &page.plan), Some(expires_at))?;
        let write = Write::Replace { item, condition, value: (":before", text(before)) };
        Ok(self.transact(operation, vec![write]).await?.is_ok())
    }
}
