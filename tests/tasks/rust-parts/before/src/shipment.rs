use crate::find;

/// So many of one part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub number: String,
    pub count: u64,
}

/// Why a shipment has no weight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    UnknownPart(String),
    TooHeavy,
}

/// What a shipment weighs, in milligrams, without its box.
pub fn weight(lines: &[Line]) -> Result<u64, Problem> {
    let mut total: u64 = 0;
    for line in lines {
        let part = find(&line.number).ok_or_else(|| Problem::UnknownPart(line.number.clone()))?;
        let of_line = part.milligrams.checked_mul(line.count).ok_or(Problem::TooHeavy)?;
        total = total.checked_add(of_line).ok_or(Problem::TooHeavy)?;
    }
    Ok(total)
}
