//! The `notion` section of a world file.

use serde::Deserialize;

/// A Notion workspace as it is when a simulation starts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// Name of the secret with the field `token`.
    pub secret: String,
    /// The ID of the integration's bot.
    pub bot: String,
    /// Pages that exist from the start.
    pub pages: Vec<Page>,
}

/// A page.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// A UUID.
    pub id: String,
    /// One line.
    pub title: String,
    /// The ID of the page that it is under; absent at the top.
    #[serde(default)]
    pub parent: Option<String>,
    /// Its text.
    #[serde(default)]
    pub markdown: String,
    /// Whether the integration may see it. The pages below it are shared too.
    #[serde(default = "yes")]
    pub shared: bool,
}

fn yes() -> bool {
    true
}
