//! Settings of the function, from its environment.

/// Where the function's resources are. Addresses and credentials of AWS itself come from the SDK's own variables
/// (`AWS_REGION`, `AWS_ENDPOINT_URL_…`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The table's name, from `TABLE_NAME`.
    pub table_name: String,
    /// What stands before a workflow's name in its state machine's ARN, from `STATE_MACHINE_ARN_PREFIX`:
    /// `arn:aws:states:eu-central-1:123456789012:stateMachine:ticketsmith-`.
    pub state_machine_arn_prefix: String,
}

/// A variable that must be set is not, or is empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the environment variable {0} is not set")]
pub struct MissingVariable(pub &'static str);

impl Settings {
    /// Reads the environment.
    ///
    /// # Errors
    /// [`MissingVariable`] names the first variable that is not set.
    pub fn from_environment() -> Result<Self, MissingVariable> {
        Self::read(|name| std::env::var(name).ok())
    }

    fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, MissingVariable> {
        let required = |name| variable(name).filter(|value| !value.is_empty()).ok_or(MissingVariable(name));
        Ok(Self {
            table_name: required("TABLE_NAME")?,
            state_machine_arn_prefix: required("STATE_MACHINE_ARN_PREFIX")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_variable_is_named() {
        let set = |name: &str| (name == "TABLE_NAME").then(|| "ticketsmith".to_owned());
        assert_eq!(Settings::read(set), Err(MissingVariable("STATE_MACHINE_ARN_PREFIX")));
        assert_eq!(Settings::read(|_| Some(String::new())), Err(MissingVariable("TABLE_NAME")));
    }
}
