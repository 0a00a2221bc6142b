//! Why a tool call has no ordinary answer.

use domain::ActionError;

/// Why a call has no ordinary answer. Nothing has changed then.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// An answer for the model, in whole sentences that help it to do better.
    Told(String),
    /// The call could not be performed, through no fault of the model.
    Failed(ActionError),
}

impl From<ActionError> for Refusal {
    fn from(error: ActionError) -> Self {
        Self::Failed(error)
    }
}

impl From<String> for Refusal {
    /// A rule's sentence, without a period.
    fn from(problem: String) -> Self {
        Self::Told(format!("{problem}."))
    }
}
