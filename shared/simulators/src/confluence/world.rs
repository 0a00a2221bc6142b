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
    /// The bot's permissions there, as `create page`; those of a writer of pages when absent.
    #[serde(default = "operations")]
    pub operations: Vec<Operation>,
}

/// An operation and its target, written `create page`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Operation {
    /// Such as `create`.
    pub operation: String,
    /// Such as `page`.
    pub target_type: String,
}

impl TryFrom<String> for Operation {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (operation, target_type) = text
            .split_once(' ')
            .ok_or_else(|| format!("`{text}` is not an operation; accepted: two words, as `create page`"))?;
        Ok(Self { operation: operation.to_owned(), target_type: target_type.to_owned() })
    }
}

fn operations() -> Vec<Operation> {
    let operation = |operation: &str, target_type: &str| Operation {
        operation: operation.to_owned(),
        target_type: target_type.to_owned(),
    };
    vec![operation("read", "space"), operation("create", "page"), operation("delete", "page")]
}

/// A page.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// Title, unique in its space.
    pub title: String,
    /// Body in Confluence's storage format.
    pub body: String,
    /// Title of the page it is under; the home page when absent.
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
