//! JSONata in Step Functions' dialect, behind a narrow trait so that the library can be replaced.
//!
//! Step Functions evaluates JSONata 2.0.6 without `$eval` and with `$parse`, `$partition`, `$range`, `$hash`,
//! `$random(seed)` and `$uuid`. See
//! <https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html>.

mod dialect;
#[cfg(test)]
mod differential;
mod functions;
mod infinite;
mod java_random;
mod jlens;
#[cfg(test)]
mod to_millis;

use std::fmt::Debug;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

pub(crate) use jlens::Environment;

/// One compiled JSONata expression.
pub(crate) trait Expression: Debug + Send + Sync {
    /// The source text, as error causes quote it.
    fn source(&self) -> &str;

    /// The fields of `$states` that the expression reads by name; none when it reads `$states` whole.
    fn states_fields(&self) -> Vec<String>;

    /// The variables that it reads, `$states` left out.
    fn variables(&self) -> Vec<String>;

    /// The value of the expression with the variables of `environment` bound.
    fn evaluate(&self, environment: &Environment) -> Result<Value, EvaluationError>;
}

/// Compiles `source`, the text between `{%` and `%}`.
pub(crate) fn compile(source: &str) -> Result<Arc<dyn Expression>, Refusal> {
    jlens::compile(source)
}

/// The time and randomness of one evaluation, which make it repeatable.
#[derive(Clone, Debug)]
pub(crate) struct Moment {
    /// The time that `$now()` and `$millis()` return.
    pub(crate) now: Timestamp,
    /// From which `$random()`, `$shuffle()` and `$uuid()` draw.
    pub(crate) seed: [u8; 32],
}

/// The reason that an expression cannot be used. The two kinds are those of Step Functions' diagnostics.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// It is not JSONata; the text is JSONata's own message.
    #[error("{0}")]
    Invalid(String),
    /// It is JSONata, but reads something that a state machine does not have.
    #[error("Reference to '{0}' at the top level is not supported.")]
    Unsupported(String),
}

/// The reason that an expression has no usable value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EvaluationError {
    /// It evaluated to JSONata's undefined.
    Undefined,
    /// It evaluated to a function, which no JSON document can hold.
    Unsupported,
    /// It threw, with JSONata's error code and message.
    Thrown {
        /// Such as `T2001`.
        code: String,
        /// JSONata's message.
        message: String,
    },
    /// It stopped, with a message that has no code.
    Broken(String),
}
