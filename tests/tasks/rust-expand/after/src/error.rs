use std::fmt;

/// What is wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// A brace that is opened and not closed.
    Unclosed,
    /// A variable that has no value, and the line of the template that has it.
    Unset { name: String, line: usize },
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Unclosed => formatter.write_str("unclosed brace"),
            Error::Unset { name, line } => write!(formatter, "line {line}: {name} is not set"),
        }
    }
}

impl std::error::Error for Error {}
