//! Moves of a ticket that count as answers to a question.

use domain::configuration::same_status;
use serde::{Deserialize, Serialize};

/// Statuses, as the tracker names them, that a person moves a ticket to in order to answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moves {
    /// To move it there is a yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approve: Option<String>,
    /// To move it there is a no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decline: Option<String>,
}

impl Moves {
    /// The answer that a move to `status` gives; `None` if it is not an answer.
    pub fn answer(&self, status: &str) -> Option<bool> {
        let means =
            |wanted: &Option<String>| wanted.as_deref().is_some_and(|wanted| same_status(wanted, status));
        if means(&self.approve) {
            return Some(true);
        }
        means(&self.decline).then_some(false)
    }
}
