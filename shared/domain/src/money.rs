//! Money, in whole micro-dollars.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::iter::Sum;
use std::ops::Add;

/// An amount of United States dollars in whole millionths; never a float, so that sums are exact.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct MicroUsd(pub u64);

impl MicroUsd {
    /// Zero dollars.
    pub const ZERO: Self = Self(0);

    /// Converts dollars, rounded up to the next micro-dollar, so that a price is never booked too low.
    /// Negative and non-finite amounts become zero.
    pub fn from_usd_rounded_up(usd: f64) -> Self {
        if !usd.is_finite() || usd <= 0.0 {
            return Self::ZERO;
        }
        // Removes floating-point noise first: 0.1 + 0.2 dollars are 300,000 micro-dollars, not 300,001.
        let micro = usd * 1_000_000.0;
        let nearest = micro.round();
        let exact = if (micro - nearest).abs() < 1e-6 { nearest } else { micro.ceil() };
        Self(exact as u64)
    }

    /// The amount in dollars, for output only.
    pub fn as_usd(self) -> f64 {
        self.0 as f64 / 1_000_000.0
    }

    /// The difference, or zero when `other` is larger.
    pub fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Add for MicroUsd {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sum for MicroUsd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for MicroUsd {
    /// Dollars with four decimals, `$0.0123`, or six if four would show zero.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = if self.0 > 0 && self.0 < 100 { 6 } else { 4 };
        write!(formatter, "${:.decimals$}", self.as_usd())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_round_up_without_binary_noise() {
        assert_eq!(MicroUsd::from_usd_rounded_up(0.1 + 0.2), MicroUsd(300_000));
        assert_eq!(MicroUsd::from_usd_rounded_up(0.000_000_1), MicroUsd(1));
        assert_eq!(MicroUsd::from_usd_rounded_up(-1.0), MicroUsd::ZERO);
        assert_eq!(MicroUsd::from_usd_rounded_up(f64::NAN), MicroUsd::ZERO);
    }

    #[test]
    fn shown_with_enough_decimals() {
        assert_eq!(MicroUsd(12_345).to_string(), "$0.0123");
        assert_eq!(MicroUsd(7).to_string(), "$0.000007");
        assert_eq!(MicroUsd::ZERO.to_string(), "$0.0000");
    }
}
