//! Reads what a weather station measured.

mod measurement;
mod summary;

pub use measurement::{Measurement, ParseError};
pub use summary::Summary;
