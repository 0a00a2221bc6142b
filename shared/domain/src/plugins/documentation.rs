//! Wikis.

use super::Mark;
use crate::error::ActionError;
use async_trait::async_trait;

/// A wiki.
#[async_trait]
pub trait Documentation: Send + Sync {
    /// Creates a page; it carries the mark. `Conflict` when the space has a page of that title.
    async fn create_page(&self, request: &PageRequest, mark: &Mark) -> Result<Page, ActionError>;

    /// The page that an earlier attempt with the same mark made.
    async fn find_page(&self, request: &PageRequest, mark: &Mark) -> Result<Option<Page>, ActionError>;

    /// The page of this title in a space, or under a page of it.
    async fn find_titled_page(
        &self,
        space: &str,
        parent: Option<&str>,
        title: &str,
    ) -> Result<Option<Page>, ActionError>;

    /// Reads a page.
    async fn get_page(&self, page_id: &str) -> Result<PageContent, ActionError>;

    /// Replaces a page's title and its text with `content.source`, which is in the wiki's own form. `Conflict` when somebody else changed the
    /// page in the meantime, or the space has another page with that title.
    async fn update_page(&self, page_id: &str, content: &PageContent) -> Result<(), ActionError>;

    /// A text in Markdown in the wiki's own form, as [`PageContent::source`]. The default is for wikis whose own form is Markdown.
    fn source_from_markdown(&self, markdown: &str) -> String {
        markdown.to_owned()
    }

    /// Deletes a page, if it exists.
    async fn delete_page(&self, page_id: &str) -> Result<(), ActionError>;
}

/// A page to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// The space's key.
    pub space: String,
    /// The title, unique in its space.
    pub title: String,
    /// The content in Markdown.
    pub markdown: String,
    /// The id of the page it stands under.
    pub parent: Option<String>,
}

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The wiki's id.
    pub id: String,
    /// Where people see it.
    pub url: String,
}

/// The content of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageContent {
    /// The page.
    pub page: Page,
    /// Its title.
    pub title: String,
    /// Its text in Markdown. What Markdown cannot say is left out.
    pub markdown: String,
    /// Its text in the wiki's own form: what brings it back exactly.
    pub source: String,
}
