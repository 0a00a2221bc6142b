use std::fmt;

/// What is wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// A brace that is opened and not closed.
    Unclosed,
    /// A variable that has no value.
    Unset,
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Unclosed => formatter.write_str("unclosed brace"),
            Error::Unset => formatter.write_str("unset variable"),
        }
    }
}

impl std::error::Error for Error {}
