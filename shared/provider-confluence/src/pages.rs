//! Pages with a mark.

use crate::confluence::Confluence;
use crate::limits;
use crate::storage::{anchor, storage_from_markdown};
use domain::plugins::{Mark, Page, PageRequest};
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
}

#[derive(Debug, Deserialize)]
struct Found {
    id: String,
    #[serde(default)]
    body: Body,
    #[serde(rename = "_links", default)]
    links: Links,
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

    pub(crate) async fn remove_page(&self, page_id: &str) -> Result<(), ActionError> {
        self.client.delete("/wiki/api/v2/pages/{id}", &[page_id]).send().await.optional()?;
        Ok(())
    }

    pub(crate) async fn space_id(&self, key: &str) -> Result<String, ActionError> {
        let request = self.client.get("/wiki/api/v2/spaces", &[]).query("keys", key);
        let found: List<Space> = request.send().await?.json()?;
        found.results.into_iter().next().map(|space| space.id).ok_or_else(|| {
            ActionError::rejected(format!(
                "Confluence has no space `{key}`, or the account of the configured secret may not see it"
            ))
        })
    }

    fn page(&self, found: Found) -> Page {
        Page { id: found.id, url: format!("{}/wiki{}", self.client.base_url(), found.links.webui) }
    }
}
