//! Why a call of a tool has no ordinary answer.

use domain::ActionError;

/// Why a call has no ordinary answer. Nothing has changed then.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The model is told this, whole sentences that help it to do better.
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
    /// A rule's sentence, which has no end.
    fn from(problem: String) -> Self {
        Self::Told(format!("{problem}."))
    }
}
