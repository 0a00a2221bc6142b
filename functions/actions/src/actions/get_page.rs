//! `get_page`: reads a page of documentation.

use crate::action::{Action, Done, NoOutput};
use crate::context::Context;
use crate::spec::ActionSpec;
use domain::PluginType;
use domain::stored::cut_inline;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The step's inputs.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The wiki's id.
    pub page_id: String,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The wiki's id.
    pub page_id: String,
    /// Where people see it.
    pub doc_url: String,
    /// Its title.
    pub title: String,
    /// Its text in Markdown, at most 32 KiB. What Markdown cannot say is left out.
    pub content: String,
}

/// Reads the page.
///
/// # Errors
/// `Rejected` if there is no such page; the wiki's errors.
pub struct GetPage;

impl Action for GetPage {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_plugin("get_page", PluginType::Documentation);

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let found = context.wiki().await?.get_page(&input.page_id).await?;
        Ok(Done::for_good(Output {
            page_id: found.page.id,
            doc_url: found.page.url,
            title: found.title,
            content: cut_inline(&found.markdown),
        }))
    }
}
