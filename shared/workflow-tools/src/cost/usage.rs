//! The resources of an execution.

use serde::Serialize;
use std::ops::{Add, Mul};

/// The resources.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Usage {
    /// State transitions.
    pub transitions: f64,
    /// Calls of functions.
    pub calls: f64,
    /// Of these, calls of functions that call a model.
    pub ai_calls: f64,
}

impl Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            transitions: self.transitions + other.transitions,
            calls: self.calls + other.calls,
            ai_calls: self.ai_calls + other.ai_calls,
        }
    }
}

impl Mul<f64> for Usage {
    type Output = Self;

    fn mul(self, times: f64) -> Self {
        Self {
            transitions: self.transitions * times,
            calls: self.calls * times,
            ai_calls: self.ai_calls * times,
        }
    }
}
