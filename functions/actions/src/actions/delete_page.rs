//! `delete_page`: deletes a page.

use crate::action::{Action, Done, NoOutput};
use crate::context::Context;
use crate::page_look::{look_of, was_changed};
use crate::spec::ActionSpec;
use domain::{ErrorKind, PluginType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The step's inputs.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The wiki's id.
    pub page_id: String,
    /// How the page looked after it was written: with another look, somebody has changed it, and it stays. Default: however it looks. The inverse of
    /// writing a plan's page gives it.
    #[serde(default)]
    pub look: Option<String>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The wiki's id.
    pub page_id: String,
}

/// Deletes the page; a missing one is left alone.
///
/// # Errors
/// `Conflict` if the page looks otherwise than `look` says; the wiki's errors.
pub struct DeletePage;

impl Action for DeletePage {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_plugin("delete_page", PluginType::Documentation).effect();

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let wiki = context.wiki().await?;
        if let Some(look) = &input.look {
            match look_of(&*wiki, &input.page_id).await {
                Ok(found) if found != *look => return Err(was_changed(&input.page_id).into()),
                Ok(_) => {}
                // It is gone.
                Err(error) if error.kind == ErrorKind::Rejected => {}
                Err(error) => return Err(error.into()),
            }
        }
        context.effect().intend(true).await?;
        let place = Some(format!("the page {}", input.page_id));
        context.effect().send_again(place, wiki.delete_page(&input.page_id)).await?;
        Ok(Done::for_good(Output { page_id: input.page_id }))
    }
}
