//! Parts and what they weigh.

mod catalog;
mod shipment;

pub use catalog::PARTS;
pub use shipment::{weight, Line, Problem};

/// What is sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Its number: item, size and length, finish.
    pub number: &'static str,
    /// What it is.
    pub item: &'static str,
    /// What it is made of, or coated with.
    pub finish: &'static str,
    /// What one weighs.
    pub milligrams: u64,
}

/// A part by its number.
pub fn find(number: &str) -> Option<&'static Part> {
    PARTS.iter().find(|part| part.number == number)
}

/// What accounting exported, in its own encoding.
pub fn suppliers() -> &'static [u8] {
    include_bytes!("../data/suppliers.csv")
}
