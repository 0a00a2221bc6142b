//! The `bedrock` section of a world file: a script of replies, each of which says what request it expects.

use serde::Deserialize;

use crate::script::Reply;

/// The models and their answers. Requests are signed with the placeholder credentials that everything on this machine uses.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// IDs of the models and inference profiles that the account may use; another is answered with `ResourceNotFoundException`.
    pub models: Vec<String>,
    /// The script, as for Claude.
    pub replies: Vec<Reply>,
}
