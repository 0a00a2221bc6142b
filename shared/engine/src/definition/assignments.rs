//! `Assign`: the variables that a state, rule or catcher sets.

use super::fields::{Fields, Problems};
use super::template::{States, Template};
use crate::limits::NAME_CHARACTERS;

/// The `Assign` of a state, rule or catcher.
pub(super) fn assignments(
    fields: &mut Fields<'_>,
    states: States,
    problems: &mut Problems,
) -> Vec<(String, Template)> {
    let Some(value) = fields.take("Assign") else { return Vec::new() };
    let location = fields.at("Assign");
    let Some(variables) = value.as_object() else {
        problems.schema(&location, "Must be an object");
        return Vec::new();
    };
    variables
        .iter()
        .map(|(name, value)| {
            let location = format!("{location}/{name}");
            if !is_variable_name(name) {
                let message = format!(
                    "A variable is named by letters, digits and '_', begins with no digit, has at most \
                     {NAME_CHARACTERS} characters and is not 'states'"
                );
                problems.schema(&location, message);
            }
            (name.clone(), Template::parse(value, states, &location, problems))
        })
        .collect()
}

fn is_variable_name(name: &str) -> bool {
    let starts = name.starts_with(|first: char| first.is_alphabetic() || first == '_');
    let continues = name.chars().all(|character| character.is_alphanumeric() || character == '_');
    starts && continues && name.chars().count() <= NAME_CHARACTERS && name != "states"
}
