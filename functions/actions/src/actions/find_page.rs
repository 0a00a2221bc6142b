//! `find_page`: finds a page of documentation by its title.

use crate::action::{Action, Done, NoOutput};
use crate::context::Context;
use crate::spec::ActionSpec;
use domain::{ActionError, PluginType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The step's inputs.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The page's title.
    pub title: String,
    /// The space's key. Default: the project's.
    #[serde(default)]
    pub space: Option<String>,
    /// The id of the page that it stands under.
    #[serde(default)]
    pub parent: Option<String>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// Whether there is such a page.
    pub found: bool,
    /// The wiki's ID, if found.
    pub page_id: Option<String>,
    /// Where people see it.
    pub doc_url: Option<String>,
}

/// Finds the page. If titles are unique in a space, it searches the whole space unless `parent` is given; otherwise only direct children.
///
/// # Errors
/// `Rejected` if there is no space; the wiki's errors.
pub struct FindPage;

impl Action for FindPage {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_plugin("find_page", PluginType::Documentation);

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let wiki = context.wiki().await?;
        let project = &context.scope().project;
        let space = input.space.or_else(|| project.space.clone()).ok_or_else(|| {
            ActionError::rejected(format!(
                "the step names no space, and the project {} has no `space` in the configuration",
                project.key
            ))
        })?;
        let page = wiki.find_titled_page(&space, input.parent.as_deref(), &input.title).await?;
        let (page_id, doc_url) = page.map(|page| (page.id, page.url)).unzip();
        Ok(Done::for_good(Output { found: page_id.is_some(), page_id, doc_url }))
    }
}
