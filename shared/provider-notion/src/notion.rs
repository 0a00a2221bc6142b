//! The plugin itself.

use crate::settings::Settings;
use async_trait::async_trait;
use domain::ActionError;
use domain::plugins::{Documentation, Mark, Page, PageContent, PageRequest};
use http_client::{Auth, Client, Options};
use provider::harmless_markdown;
use secrecy::SecretString;
use serde::Deserialize;

/// The [version](https://developers.notion.com/reference/versioning) of the API whose pages can be read and written as Markdown.
const VERSION: &str = "2026-03-11";

/// The token of an internal integration, `ntn_…` (<https://developers.notion.com/docs/authorization>).
#[derive(Debug, Clone, Deserialize)]
pub struct Credentials {
    /// The token.
    pub token: SecretString,
}

/// A Notion workspace.
#[derive(Debug, Clone)]
pub struct Notion {
    pub(crate) client: Client,
}

impl Notion {
    /// Does not connect yet.
    ///
    /// # Errors
    /// `Rejected` when `base_url` cannot be used.
    pub fn new(
        settings: &Settings,
        credentials: Credentials,
        options: &Options,
    ) -> Result<Self, ActionError> {
        let client = Client::new("Notion", &settings.base_url, Auth::Bearer(credentials.token), options)?;
        Ok(Self { client: client.header("notion-version", VERSION) })
    }
}

#[async_trait]
impl Documentation for Notion {
    async fn create_page(&self, request: &PageRequest, mark: &Mark) -> Result<Page, ActionError> {
        self.make_page(request, mark).await
    }

    async fn find_page(&self, request: &PageRequest, mark: &Mark) -> Result<Option<Page>, ActionError> {
        self.find_marked_page(request, mark).await
    }

    async fn find_titled_page(
        &self,
        space: &str,
        parent: Option<&str>,
        title: &str,
    ) -> Result<Option<Page>, ActionError> {
        self.find_child(parent.unwrap_or(space), title).await
    }

    async fn get_page(&self, page_id: &str) -> Result<PageContent, ActionError> {
        self.read_page(page_id).await
    }

    async fn update_page(&self, page_id: &str, content: &PageContent) -> Result<(), ActionError> {
        self.replace_page(page_id, content).await
    }

    fn source_from_markdown(&self, markdown: &str) -> String {
        harmless_markdown(markdown, |_, _| false)
    }

    async fn delete_page(&self, page_id: &str) -> Result<(), ActionError> {
        self.trash_page(page_id).await
    }
}
