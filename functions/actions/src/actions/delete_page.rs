//! `delete_page`: deletes a page.

use crate::effect::{Done, Effect};
use domain::ActionError;
use domain::plugins::Documentation;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the step gives.
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
}

/// Deletes the page; one that is gone is left alone.
///
/// # Errors
/// The wiki's errors.
pub async fn run(
    wiki: &dyn Documentation,
    effect: &Effect,
    input: Input,
) -> Result<Done<Output>, ActionError> {
    effect.intend(true).await?;
    wiki.delete_page(&input.page_id).await?;
    Ok(Done::for_good(Output { page_id: input.page_id }))
}
