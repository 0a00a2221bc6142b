//! The expressions of this crate, evaluated by `jlens-core`.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use jlens_core::{Bindings, Expression as Compiled, Options};
use serde_json::Value;

use super::functions::LONGEST_ARRAY;
use super::{EvaluationError, Expression, Moment, Refusal, dialect, functions, infinite};

/// The longest string and the largest result, in bytes. Step Functions bounds the memory of an evaluation: the longest
/// array, at eight bytes a number.
const LARGEST_RESULT: usize = 8 * LONGEST_ARRAY;
/// An expression that runs longer is cut off, so that an endless recursion cannot hold a thread. It is long enough for a thread that must wait
/// for the processor among many others: the time is the wall clock's.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How deep the nodes of an expression may nest while they are evaluated. A chain of a hundred and one terms is too long
/// on Step Functions, and so is a recursion that goes as deep.
const DEPTH: usize = 100;

/// The variables and functions that expressions see, bound once for all expressions of a field.
#[derive(Debug)]
pub(crate) struct Environment {
    bindings: Bindings,
    options: Options,
}

impl Environment {
    /// Binds `variables` (names without `$`).
    pub(crate) fn new(variables: impl IntoIterator<Item = (String, Value)>, moment: &Moment) -> Self {
        let bindings =
            variables.into_iter().fold(Bindings::new(), |bindings, (name, value)| bindings.var(name, value));
        let mut seed = [0; 8];
        seed.copy_from_slice(&moment.seed[..8]);
        let options = Options::new()
            .now(moment.now.as_millisecond())
            .seed(u64::from_le_bytes(seed))
            .timeout(TIMEOUT)
            .max_depth(DEPTH)
            .max_array_length(LONGEST_ARRAY)
            .max_string_length(LARGEST_RESULT)
            .max_result_size(LARGEST_RESULT);
        Self { bindings: functions::bind(bindings, moment.seed), options }
    }

    pub(super) fn evaluate(&self, expression: &Compiled) -> Result<Option<Value>, jlens_core::Error> {
        expression.evaluate_with(None, &self.bindings, &self.options)
    }
}

pub(super) fn compile(source: &str) -> Result<Arc<dyn Expression>, Refusal> {
    let compiled = Compiled::compile(source).map_err(|error| Refusal::Invalid(error.message()))?;
    dialect::check(&compiled)?;
    Ok(Arc::new(Jlens { compiled }))
}

#[derive(Debug)]
struct Jlens {
    compiled: Compiled,
}

impl Expression for Jlens {
    fn source(&self) -> &str {
        self.compiled.source()
    }

    fn states_fields(&self) -> Vec<String> {
        let reads = self.compiled.reads();
        let fields = reads.binding("states").and_then(|read| read.fields());
        fields.map(|fields| fields.keys().cloned().collect()).unwrap_or_default()
    }

    fn variables(&self) -> Vec<String> {
        let reads = self.compiled.reads();
        let names = reads.bindings().keys().filter(|name| *name != "states" && !functions::is_added(name));
        names.cloned().collect()
    }

    fn evaluate(&self, environment: &Environment) -> Result<Value, EvaluationError> {
        let result = environment.evaluate(&self.compiled);
        let no_number = match &result {
            Ok(Some(value)) => value.is_null(),
            Ok(None) => false,
            Err(error) => error.code() == "D1001",
        };
        if no_number
            && let Some(text) =
                infinite::result(&self.compiled, |operand| environment.evaluate(operand).ok()?)
        {
            return Ok(text);
        }
        match result {
            Ok(Some(value)) => Ok(with_digits(value)),
            Ok(None) if self.is_function(environment) => Err(EvaluationError::Unsupported),
            Ok(None) => Err(EvaluationError::Undefined),
            Err(error) => Err(thrown(&error)),
        }
    }
}

/// The value with whole numbers written by their digits, as JavaScript writes them, where JSON can hold them: the library keeps those that
/// it calculated as fractions, and would write 12345678901234568 as 1.2345678901234568e16.
fn with_digits(value: Value) -> Value {
    match value {
        Value::Number(number) if number.is_f64() => {
            let whole = number.as_f64().filter(|number| number.fract() == 0.0 && number.abs() < 1e21);
            // The shortest digits that identify the number, followed by zeros.
            let digits = whole.map(|number| number.to_string());
            let kept = digits.and_then(|digits| {
                digits.parse::<i64>().ok().map(Value::from).or(digits.parse::<u64>().ok().map(Value::from))
            });
            kept.unwrap_or(Value::Number(number))
        }
        Value::Array(items) => items.into_iter().map(with_digits).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, with_digits(value))).collect(),
        other => other,
    }
}

/// Step Functions' message for an error of the library. Errors that do not come from JSONata have no code.
fn thrown(error: &jlens_core::Error) -> EvaluationError {
    let mut error = error.clone();
    // The library keeps numbers with a fraction, and would quote 1 as 1.0.
    for field in ["value", "exponent"] {
        let number = error.detail(field).filter(|detail| detail.is_f64()).and_then(Value::as_f64);
        if let Some(number) = number.filter(|number| number.fract() == 0.0 && number.abs() < 1e15) {
            error = error.with(field, number as i64);
        }
    }
    let broken = |message: &str| EvaluationError::Broken(message.to_owned());
    match error.code() {
        "D1011" => broken(
            "Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive.",
        ),
        "D1012" => broken("Expression evaluation timeout: Check for infinite loop"),
        "U1001" => broken("Expression evaluation memory limit exceeded: Check for excessive memory usage"),
        functions::FAILED => EvaluationError::Broken(
            error.detail("message").and_then(Value::as_str).unwrap_or_default().to_owned(),
        ),
        code => EvaluationError::Thrown { code: code.to_owned(), message: error.message() },
    }
}

impl Jlens {
    /// The library returns nothing both for undefined and for a function; only `$type` distinguishes them.
    fn is_function(&self, environment: &Environment) -> bool {
        Compiled::compile(&format!("$type(({}\n))", self.compiled.source()))
            .and_then(|typed| environment.evaluate(&typed))
            .is_ok_and(|kind| kind == Some(Value::String("function".to_owned())))
    }
}
