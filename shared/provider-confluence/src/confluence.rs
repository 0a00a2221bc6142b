//! The plugin itself.

use crate::settings::Settings;
use crate::storage::storage_from_markdown;
use async_trait::async_trait;
use domain::ActionError;
use domain::plugins::{Documentation, Mark, Page, PageContent, PageRequest};
use http_client::{Auth, Client, Options};
use secrecy::SecretString;
use serde::Deserialize;

/// Our identity at Confluence: an account and its API token
/// (<https://support.atlassian.com/atlassian-account/docs/manage-api-tokens-for-your-atlassian-account/>).
#[derive(Debug, Clone, Deserialize)]
pub struct Credentials {
    /// The account's address.
    pub email: String,
    /// The token.
    pub api_token: SecretString,
}

/// A Confluence Cloud site.
#[derive(Debug, Clone)]
pub struct Confluence {
    pub(crate) client: Client,
}

impl Confluence {
    /// Does not connect yet.
    ///
    /// # Errors
    /// `Rejected` when `base_url` cannot be used.
    pub fn new(
        settings: &Settings,
        credentials: Credentials,
        options: &Options,
    ) -> Result<Self, ActionError> {
        let auth = Auth::Basic { user: credentials.email, password: credentials.api_token };
        let client = Client::new("Confluence", &settings.base_url, auth, options)?;
        Ok(Self { client: client.header("accept", "application/json") })
    }
}

#[async_trait]
impl Documentation for Confluence {
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
        self.find_by_title(space, parent, title).await
    }

    async fn get_page(&self, page_id: &str) -> Result<PageContent, ActionError> {
        self.read_page(page_id).await
    }

    async fn update_page(&self, page_id: &str, content: &PageContent) -> Result<(), ActionError> {
        self.replace_page(page_id, content).await
    }

    fn source_from_markdown(&self, markdown: &str) -> String {
        storage_from_markdown(markdown)
    }

    async fn delete_page(&self, page_id: &str) -> Result<(), ActionError> {
        self.remove_page(page_id).await
    }
}
