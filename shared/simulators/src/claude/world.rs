//! The `claude` section of a world file: a script of replies, each of which says what request it expects.

use serde::Deserialize;

use crate::script::Reply;

/// The models and their answers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// Name of the secret with the field `api_key`.
    pub secret: String,
    /// Ids of the models the account may use; another is answered with `not_found_error`.
    pub models: Vec<String>,
    /// The replies that begin with a thinking block, signed over everything before it, if the script has none.
    #[serde(default)]
    pub thinking: Thinking,
    /// By how many percent the count of tokens differs from the billed tokens.
    #[serde(default)]
    pub counts_off_by_percent: i64,
    /// The script. A request is answered by the first reply in it that is left over and whose `for` it contains. A
    /// request that is equal to an earlier one, byte for byte, is answered as that one was and uses nothing up, since a
    /// program that was killed asks again.
    pub replies: Vec<Reply>,
}

/// Which replies begin with a thinking block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Thinking {
    /// Those of models that reason on their own, to requests that offer tools.
    #[default]
    ToolLoops,
    /// All of models that reason on their own.
    Always,
    /// Only those whose script has one.
    Never,
}
