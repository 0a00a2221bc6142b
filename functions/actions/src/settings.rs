//! Settings of the function, from its environment.

use domain::ActionName;

/// What this function does and where its records are. Addresses and credentials of AWS itself come from the SDK's own variables
/// (`AWS_REGION`, `AWS_ENDPOINT_URL_…`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The action, from `_HANDLER`, which Lambda sets to the function's configured handler: its part behind the last dot or slash.
    pub action: ActionName,
    /// The table's name, from `TABLE_NAME`.
    pub table_name: String,
}

/// What is wrong with the environment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A variable that must be set is not, or is empty.
    #[error("the environment variable {0} is not set")]
    Missing(&'static str),
    /// `_HANDLER` names no action.
    #[error("_HANDLER: {0}")]
    Handler(#[from] domain::action::UnknownName),
}

impl Settings {
    /// Reads the environment.
    ///
    /// # Errors
    /// [`SettingsError`] names the variable.
    pub fn from_environment() -> Result<Self, SettingsError> {
        Self::read(|name| std::env::var(name).ok())
    }

    fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let required =
            |name| variable(name).filter(|value| !value.is_empty()).ok_or(SettingsError::Missing(name));
        let handler = required("_HANDLER")?;
        let action = handler.rsplit(['.', '/']).next().unwrap_or_default().parse()?;
        Ok(Self { action, table_name: required("TABLE_NAME")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_handler_names_the_action() {
        let read = |handler: &'static str| {
            Settings::read(|name| Some(if name == "_HANDLER" { handler } else { "ticketsmith" }.to_owned()))
        };
        assert_eq!(read("actions.create_branch").unwrap().action, ActionName::CreateBranch);
        assert_eq!(read("create_branch").unwrap().action, ActionName::CreateBranch);
        assert!(read("bootstrap").unwrap_err().to_string().contains("`bootstrap`"));
        assert_eq!(Settings::read(|_| None), Err(SettingsError::Missing("_HANDLER")));
    }
}
