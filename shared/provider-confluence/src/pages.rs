//! Pages with a mark.

use crate::confluence::Confluence;
use crate::limits;
use crate::markdown::markdown_from_storage;
use crate::storage::{anchor, storage_from_markdown};
use domain::plugins::{Mark, Page, PageContent, PageRequest};
use domain::text::cut_line;
use domain::{ActionError, ErrorKind};
use http_client::{Failure, Optional};
use provider::send_fitting;
use serde::Deserialize;
use serde_json::json;

#[derive(Debug, Deserialize)]
struct List<T> {
    results: Vec<T>,
}

#[derive(Debug, Deserialize)]
struct Space {
    id: String,
    key: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    id: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    parent_id: Option<String>,
    #[serde(default)]
    version: Version,
    #[serde(default)]
    body: Body,
    #[serde(rename = "_links", default)]
    links: Links,
}

#[derive(Debug, Default, Deserialize)]
struct Version {
    #[serde(default)]
    number: u64,
}

#[derive(Debug, Default, Deserialize)]
struct Body {
    #[serde(default)]
    storage: Storage,
}

#[derive(Debug, Default, Deserialize)]
struct Storage {
    #[serde(default)]
    value: String,
}

#[derive(Debug, Default, Deserialize)]
struct Links {
    #[serde(default)]
    webui: String,
}

impl Confluence {
    pub(crate) async fn make_page(&self, request: &PageRequest, mark: &Mark) -> Result<Page, ActionError> {
        let space = self.space_id(&request.space).await?;
        let send = async |text: String| {
            let content = format!("{}\n{}", storage_from_markdown(&text), anchor(mark));
            let mut body = json!({
                "spaceId": space, "status": "current", "title": cut_line(&request.title, limits::TITLE),
                "body": {"representation": "storage", "value": content},
            });
            if let Some(parent) = &request.parent {
                body["parentId"] = parent.as_str().into();
            }
            // A parent that was made a moment ago may not be found yet.
            let is_early = |failure: &Failure| failure.status == Some(404);
            self.client.post("/wiki/api/v2/pages", &[]).json(&body).send_settled(is_early).await
        };
        match send_fitting(&request.markdown, limits::BODY, limits::is_too_long, send).await {
            Err(failure) if failure.says(400, "title already exists") => {
                Err(failure.with_kind(ErrorKind::Conflict).into())
            }
            other => Ok(self.page(other?.json()?)),
        }
    }

    pub(crate) async fn find_marked_page(
        &self,
        request: &PageRequest,
        mark: &Mark,
    ) -> Result<Option<Page>, ActionError> {
        let space = self.space_id(&request.space).await?;
        let search = self
            .client
            .get("/wiki/api/v2/pages", &[])
            .query("space-id", space)
            .query("title", cut_line(&request.title, limits::TITLE))
            .query("status", "current")
            .query("body-format", "storage");
        let found: List<Found> = search.send().await?.json()?;
        let digest = mark.digest();
        let ours = found.results.into_iter().find(|page| page.body.storage.value.contains(&digest));
        Ok(ours.map(|page| self.page(page)))
    }

    /// The page of this title in a space; titles are unique there.
    pub(crate) async fn find_by_title(
        &self,
        space: &str,
        parent: Option<&str>,
        title: &str,
    ) -> Result<Option<Page>, ActionError> {
        let space = self.space_id(space).await?;
        let search = self
            .client
            .get("/wiki/api/v2/pages", &[])
            .query("space-id", space)
            .query("title", cut_line(title, limits::TITLE))
            .query("status", "current");
        let found: List<Found> = search.send().await?.json()?;
        let is_under = |page: &Found| parent.is_none() || page.parent_id.as_deref() == parent;
        Ok(found.results.into_iter().find(is_under).map(|page| self.page(page)))
    }

    pub(crate) async fn read_page(&self, page_id: &str) -> Result<PageContent, ActionError> {
        let mut found = self.stored(page_id).await?;
        let source = std::mem::take(&mut found.body.storage.value);
        let title = found.title.clone();
        Ok(PageContent { page: self.page(found), title, markdown: markdown_from_storage(&source), source })
    }

    /// Writes the version after the present one: Confluence refuses it when somebody else was faster.
    pub(crate) async fn replace_page(&self, page_id: &str, content: &PageContent) -> Result<(), ActionError> {
        let present = self.stored(page_id).await?;
        let body = json!({
            "id": page_id, "status": "current", "title": cut_line(&content.title, limits::TITLE),
            "body": {"representation": "storage", "value": content.source},
            "version": {"number": present.version.number + 1, "message": "Ticketsmith"},
        });
        let request = self.client.put("/wiki/api/v2/pages/{id}", &[page_id]).json(&body);
        match request.send().await {
            Err(failure) if failure.says(400, "title already exists") => {
                Err(failure.with_kind(ErrorKind::Conflict).into())
            }
            other => other.optional()?.map(drop).ok_or_else(|| unknown_page(page_id)),
        }
    }

    async fn stored(&self, page_id: &str) -> Result<Found, ActionError> {
        let request = self.client.get("/wiki/api/v2/pages/{id}", &[page_id]).query("body-format", "storage");
        request.send().await.optional()?.ok_or_else(|| unknown_page(page_id))?.json()
    }

    pub(crate) async fn remove_page(&self, page_id: &str) -> Result<(), ActionError> {
        self.client.delete("/wiki/api/v2/pages/{id}", &[page_id]).send().await.optional()?;
        Ok(())
    }

    pub(crate) async fn space_id(&self, key: &str) -> Result<String, ActionError> {
        let request = self.client.get("/wiki/api/v2/spaces", &[]).query("keys", key);
        let found: List<Space> = request.send().await?.json()?;
        // The parameter takes a list of keys: `NOPE,SHOP` would find the space `SHOP`, which nobody checked the right to.
        let named = found.results.into_iter().find(|space| space.key.eq_ignore_ascii_case(key));
        named.map(|space| space.id).ok_or_else(|| {
            ActionError::rejected(format!(
                "Confluence has no space `{key}`, or the account of the configured secret may not see it"
            ))
        })
    }

    fn page(&self, found: Found) -> Page {
        Page { id: found.id, url: format!("{}/wiki{}", self.client.base_url(), found.links.webui) }
    }
}

/// Confluence does not distinguish what is hidden from what does not exist.
fn unknown_page(id: &str) -> ActionError {
    ActionError::rejected(format!(
        "Confluence has no page `{id}`, or the account of the configured secret may not see it"
    ))
}
