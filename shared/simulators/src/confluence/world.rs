//! The `confluence` section of a world file.

use serde::Deserialize;

/// A Confluence Cloud site.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// Name of the secret with the fields `email` and `api_token`.
    pub secret: String,
    /// `accountId` of the user whose token callers show; author of everything done through the API.
    pub bot: String,
    /// Spaces.
    pub spaces: Vec<Space>,
    /// Templates for pages.
    #[serde(default)]
    pub templates: Vec<Template>,
}

/// A space.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Space {
    /// Such as `SHOP`.
    pub key: String,
    /// Name that people see.
    pub name: String,
    /// Pages that exist from the start; the first is the space's home page.
    pub pages: Vec<Page>,
}

/// A page.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// Title, unique in its space.
    pub title: String,
    /// Body in Confluence's storage format.
    pub body: String,
    /// Title of the page it stands under; the home page when absent.
    #[serde(default)]
    pub parent: Option<String>,
}

/// A template for pages.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// Name that people see.
    pub name: String,
    /// Key of the space it belongs to; every space when absent.
    #[serde(default)]
    pub space: Option<String>,
    /// Body in Confluence's storage format.
    pub body: String,
}
