//! The `openai` section of a world file.

use serde::Deserialize;

use crate::script::Reply;

/// The models and their answers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// Name of the secret with the field `api_key`.
    pub secret: String,
    /// Ids of the models the account may use; another is answered with `model_not_found`.
    pub models: Vec<String>,
    /// Whether this is another vendor's server, which has only chat completions and no reasoning.
    #[serde(default)]
    pub compatible: bool,
    /// The script, as that of Claude: a request is answered by the first reply in it that is left over and whose `for` it contains.
    pub replies: Vec<Reply>,
}
