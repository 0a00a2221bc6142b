//! The summary of a day.

use crate::Measurement;
use std::fmt;

/// The coldest and the warmest of some measurements.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// The day of the first measurement.
    pub day: String,
    /// The lowest temperature.
    pub lowest: f64,
    /// The highest temperature.
    pub highest: f64,
}

impl Summary {
    /// Sums up measurements; `None` if there are none.
    pub fn of(measurements: &[Measurement]) -> Option<Self> {
        let first = measurements.first()?;
        let day = first.time.split('T').next().unwrap_or_default().to_owned();
        let lowest = measurements.iter().map(|one| one.celsius).fold(f64::INFINITY, f64::min);
        let highest = measurements.iter().map(|one| one.celsius).fold(f64::NEG_INFINITY, f64::max);
        Some(Self { day, lowest, highest })
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {:.1} to {:.1} °C", self.day, self.lowest, self.highest)
    }
}
