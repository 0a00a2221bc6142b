//! A YAML file's content, for tools outside the compiler.

use crate::diagnostic::{Diagnostic, Problems};
use crate::source::Source;
use crate::yaml;
use serde_json::Value;

/// A file's content, as the compiler reads it. Aliases are replaced by what they name. A number that JSON cannot hold is
/// given as the text it is written as; where a number is asked for, the compiler refuses it.
///
/// # Errors
/// Everything that keeps the file from being read: invalid YAML, duplicate keys, and files that aliases make too large.
pub fn content(source: &Source) -> Result<Value, Vec<Diagnostic>> {
    let mut problems = Problems::new(source);
    match yaml::read(source, &mut problems) {
        Some(root) if !problems.any_errors() => Ok(root.plain_json()),
        _ => Err(problems.finish()),
    }
}

/// The same, where numbers that JSON cannot hold are mistakes as well.
///
/// # Errors
/// As [`content`], and every number that JSON cannot hold.
pub fn exact_content(source: &Source) -> Result<Value, Vec<Diagnostic>> {
    let mut problems = Problems::new(source);
    let value = yaml::read(source, &mut problems).map(|root| root.json(&mut problems));
    match value {
        Some(value) if !problems.any_errors() => Ok(value),
        _ => Err(problems.finish()),
    }
}
