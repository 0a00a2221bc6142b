//! The environment variables with a function's settings.

use domain::ActionError;
use std::collections::HashMap;

/// The environment of a process, read once.
#[derive(Debug, Clone, Default)]
pub struct Variables(HashMap<String, String>);

/// A variable that prevents a function from starting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VariableError {
    /// It is not set, or is empty.
    #[error("the environment variable {0} is not set")]
    Missing(&'static str),
    /// Its value is not accepted.
    #[error("the environment variable {name}: {problem}")]
    Invalid {
        /// The variable.
        name: &'static str,
        /// What is wrong with its value and what is accepted.
        problem: String,
    },
}

impl From<VariableError> for ActionError {
    fn from(error: VariableError) -> Self {
        Self::internal(error.to_string())
    }
}

impl Variables {
    /// The variables of this process, except those that are not Unicode.
    pub fn of_process() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self(std::env::vars_os().filter_map(text).collect())
    }

    /// The value of an optional variable. An empty one counts as missing.
    pub fn optional(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The value of a required variable.
    ///
    /// # Errors
    /// [`VariableError::Missing`] when it is not set or is empty.
    pub fn required(&self, name: &'static str) -> Result<&str, VariableError> {
        self.optional(name).ok_or(VariableError::Missing(name))
    }
}

impl<const COUNT: usize> From<[(&str, &str); COUNT]> for Variables {
    fn from(variables: [(&str, &str); COUNT]) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_variable_is_named() {
        let variables = Variables::from([("TABLE_NAME", "ticketsmith"), ("EMPTY", "")]);
        assert_eq!(variables.required("TABLE_NAME"), Ok("ticketsmith"));
        assert_eq!(variables.required("EMPTY"), Err(VariableError::Missing("EMPTY")));
        assert_eq!(variables.optional("OTHER"), None);
        let message = variables.required("OTHER").unwrap_err().to_string();
        assert_eq!(message, "the environment variable OTHER is not set");
    }

    #[test]
    fn a_process_has_its_variables() {
        // The test runner sets it.
        assert!(Variables::of_process().required("CARGO_MANIFEST_DIR").is_ok());
    }
}
