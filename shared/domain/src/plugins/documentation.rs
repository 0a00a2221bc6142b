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
