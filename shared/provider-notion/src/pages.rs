//! Pages with a mark.

use crate::limits;
use crate::notion::Notion;
use crate::reference::page_id;
use domain::ActionError;
use domain::plugins::{Mark, Page, PageContent, PageRequest};
use domain::text::cut_line;
use http_client::{Failure, Optional, Page as ListPage, Pages};
use jiff::{SignedDuration, Timestamp};
use provider::{harmless_markdown, send_fitting};
use serde::Deserialize;
use serde_json::{Value, json};

/// The most children that one request lists.
const PAGE: usize = 100;
/// How far Notion's clock and ours may differ.
const CLOCKS_DIFFER_BY: SignedDuration = SignedDuration::from_hours(1);

#[derive(Debug, Deserialize)]
struct Found {
    id: String,
    url: String,
    #[serde(default)]
    in_trash: bool,
    #[serde(default)]
    properties: serde_json::Map<String, Value>,
}

#[derive(Debug, Deserialize)]
struct Markdown {
    markdown: String,
    #[serde(default)]
    truncated: bool,
}

#[derive(Debug, Deserialize)]
struct Children {
    results: Vec<Child>,
    #[serde(default)]
    next_cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Child {
    id: String,
    #[serde(default)]
    created_time: String,
    #[serde(default)]
    child_page: Option<Titled>,
}

#[derive(Debug, Deserialize)]
struct Titled {
    #[serde(default)]
    title: String,
}

impl Notion {
    pub(crate) async fn make_page(&self, request: &PageRequest, mark: &Mark) -> Result<Page, ActionError> {
        let parent = known(request.parent.as_deref().unwrap_or(&request.space))?;
        let send = async |text: String| {
            let body = json!({
                "parent": {"page_id": parent},
                "properties": title_property(&request.title),
                "markdown": format!("{}\n\n{}", text.trim_end(), mark_line(mark)),
            });
            // A parent that was made a moment ago may not be found yet.
            let is_early = |failure: &Failure| failure.status == Some(404);
            self.client.post("/v1/pages", &[]).json(&body).send_settled(is_early).await
        };
        let text = harmless_markdown(&request.markdown, |_, _| false);
        let made = send_fitting(&text, limits::BODY, limits::is_too_long, send).await.optional()?;
        let made: Found = made.ok_or_else(|| unknown_page(&parent))?.json()?;
        Ok(Page { id: made.id, url: made.url })
    }

    /// Lists the parent's children, and reads those that could be ours.
    pub(crate) async fn find_marked_page(
        &self,
        request: &PageRequest,
        mark: &Mark,
    ) -> Result<Option<Page>, ActionError> {
        let parent = known(request.parent.as_deref().unwrap_or(&request.space))?;
        let title = cut_line(&request.title, limits::TITLE);
        let oldest = mark.at - CLOCKS_DIFFER_BY;
        for child in self.children(&parent).await? {
            let is_titled = child.child_page.as_ref().is_some_and(|page| page.title == title);
            let is_older = child.created_time.parse::<Timestamp>().is_ok_and(|created| created < oldest);
            if !is_titled || is_older {
                continue;
            }
            let read = self.markdown(&child.id).await?;
            if read.is_some_and(|text| text.markdown.contains(&mark.digest())) {
                return self
                    .page(&child.id)
                    .await
                    .map(|found| found.map(|found| Page { id: found.id, url: found.url }));
            }
        }
        Ok(None)
    }

    /// The first page of this title under a page.
    pub(crate) async fn find_child(&self, parent: &str, title: &str) -> Result<Option<Page>, ActionError> {
        let title = cut_line(title, limits::TITLE);
        let children = self.children(&known(parent)?).await?;
        let is_meant = |child: &&Child| child.child_page.as_ref().is_some_and(|page| page.title == title);
        let Some(child) = children.iter().find(is_meant) else { return Ok(None) };
        Ok(self.page(&child.id).await?.map(|found| Page { id: found.id, url: found.url }))
    }

    pub(crate) async fn read_page(&self, id: &str) -> Result<PageContent, ActionError> {
        let id = known(id)?;
        let found = self.page(&id).await?.ok_or_else(|| unknown_page(&id))?;
        let text = self.markdown(&id).await?.ok_or_else(|| unknown_page(&id))?;
        if text.truncated {
            return Err(ActionError::rejected(format!(
                "Notion gives only a part of the page {id}: it has too many blocks"
            )));
        }
        let title = title_of(&found.properties);
        Ok(PageContent {
            page: Page { id: found.id, url: found.url },
            title,
            source: text.markdown.clone(),
            markdown: text.markdown,
        })
    }

    pub(crate) async fn replace_page(&self, id: &str, content: &PageContent) -> Result<(), ActionError> {
        let id = known(id)?;
        let send = async |text: String| {
            let body = json!({"type": "replace_content", "replace_content": {"new_str": text}});
            self.client.patch("/v1/pages/{page}/markdown", &[&id]).json(&body).send().await
        };
        let changed =
            send_fitting(&content.source, limits::BODY, limits::is_too_long, send).await.optional()?;
        changed.ok_or_else(|| unknown_page(&id))?;
        let body = json!({"properties": title_property(&content.title)});
        self.client.patch("/v1/pages/{page}", &[&id]).json(&body).send().await?;
        Ok(())
    }

    pub(crate) async fn trash_page(&self, id: &str) -> Result<(), ActionError> {
        let request = self.client.patch("/v1/pages/{page}", &[&known(id)?]);
        request.json(&json!({"in_trash": true})).send().await.optional()?;
        Ok(())
    }

    /// A page, unless it is in the trash.
    async fn page(&self, id: &str) -> Result<Option<Found>, ActionError> {
        let answer = self.client.get("/v1/pages/{page}", &[id]).send().await.optional()?;
        let found: Option<Found> = answer.map(|answer| answer.json()).transpose()?;
        Ok(found.filter(|page| !page.in_trash))
    }

    async fn markdown(&self, id: &str) -> Result<Option<Markdown>, ActionError> {
        let answer = self.client.get("/v1/pages/{page}/markdown", &[id]).send().await.optional()?;
        answer.map(|answer| answer.json()).transpose()
    }

    /// The pages directly under a page.
    async fn children(&self, parent: &str) -> Result<Vec<Child>, ActionError> {
        let load = |cursor: Option<String>| async move {
            let request = self.client.get("/v1/blocks/{page}/children", &[parent]).query("page_size", PAGE);
            let request =
                cursor.into_iter().fold(request, |request, cursor| request.query("start_cursor", cursor));
            let answer = request.send().await.optional()?.ok_or_else(|| unknown_page(parent))?;
            let Children { results, next_cursor } = answer.json()?;
            Ok::<_, ActionError>(ListPage {
                items: results,
                next: next_cursor.map(Some),
                bytes: answer.size(),
            })
        };
        let children: Vec<Child> = Pages::of("Notion's pages").collect(None, usize::MAX, load).await?;
        Ok(children.into_iter().filter(|child| child.child_page.is_some()).collect())
    }

    /// Whether the integration sees a page.
    pub(crate) async fn sees(&self, id: &str) -> Result<bool, ActionError> {
        Ok(self.page(&known(id)?).await?.is_some())
    }
}

fn title_property(title: &str) -> Value {
    let title = cut_line(title, limits::TITLE);
    json!({"title": {"title": [{"type": "text", "text": {"content": title}}]}})
}

/// The title among a page's properties, whatever the name of its property.
fn title_of(properties: &serde_json::Map<String, Value>) -> String {
    let parts = properties.values().find_map(|property| property["title"].as_array());
    let words = parts.into_iter().flatten().map(|part| {
        part["plain_text"].as_str().or_else(|| part["text"]["content"].as_str()).unwrap_or_default()
    });
    words.collect()
}

/// A line that people may overlook: gray and small.
fn mark_line(mark: &Mark) -> String {
    format!("<span color=\"gray\">ticketsmith {}</span>", mark.digest())
}

fn known(given: &str) -> Result<String, ActionError> {
    page_id(given).ok_or_else(|| {
        ActionError::rejected(format!(
            "`{given}` is not a page of Notion; accepted: a page's ID of 32 hex digits, or its address"
        ))
    })
}

/// Notion does not distinguish what is not shared from what does not exist.
fn unknown_page(id: &str) -> ActionError {
    ActionError::rejected(format!("Notion has no page {id}, or it is not shared with the integration"))
}
