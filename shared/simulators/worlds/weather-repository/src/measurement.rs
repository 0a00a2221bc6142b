//! One measurement.

use std::fmt;
use std::str::FromStr;

/// What the station measured at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// The time, as the station writes it: `2026-03-02T09:00`.
    pub time: String,
    /// Degrees Celsius.
    pub celsius: f64,
}

/// A line that is no measurement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError(String);

impl fmt::Display for ParseError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` is no measurement", self.0)
    }
}

impl std::error::Error for ParseError {}

impl FromStr for Measurement {
    type Err = ParseError;

    fn from_str(line: &str) -> Result<Self, ParseError> {
        let wrong = || ParseError(line.to_owned());
        let (time, celsius) = line.split_once(',').ok_or_else(wrong)?;
        let celsius = celsius.trim().parse().map_err(|_| wrong())?;
        Ok(Self { time: time.trim().to_owned(), celsius })
    }
}
