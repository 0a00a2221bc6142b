//! Texts in which a name is in braces, but no dollar sign before them.

use crate::declare::values_of;
use crate::diagnostic::Problems;
use crate::model::{Form, Given, Part, Step, Workflow, all};
use crate::scope::Scope;

/// Warns about every literal `{name}` where `${name}` would be the value.
pub(crate) fn check(workflow: &Workflow, steps: &[Step], scope: &Scope<'_>, problems: &mut Problems<'_>) {
    let of_workflow = workflow.outputs.iter().chain(&workflow.definitions).map(|(_, given)| given);
    for given in all(steps).into_iter().flat_map(values_of).chain(of_workflow) {
        check_value(given, scope, problems);
    }
}

fn check_value(given: &Given, scope: &Scope<'_>, problems: &mut Problems<'_>) {
    match &given.form {
        Form::Literal(_) => {}
        Form::List(items) => items.iter().for_each(|item| check_value(item, scope, problems)),
        Form::Map(entries) => entries.iter().for_each(|(_, value)| check_value(value, scope, problems)),
        Form::Text(parts) => {
            let literals = parts.iter().filter_map(|part| match part {
                Part::Literal(text) => Some(text.as_str()),
                Part::Expression(_) => None,
            });
            let is_known = |name: &&str| name.split('.').next().is_some_and(|root| scope.defines(root));
            for name in literals.flat_map(names_in_braces).filter(is_known) {
                problems
                    .warning(
                        given.span,
                        format!("`{{{name}}}` is plain text here, and not the value of `{name}`"),
                    )
                    .help(format!("write `${{{name}}}` for the value"));
            }
        }
    }
}

/// The names, and paths such as `task.title`, that stand alone in braces, `{{ name }}` included. `$${name}` is intended.
fn names_in_braces(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (open, _) in text.match_indices('{').filter(|(open, _)| !text[..*open].ends_with('$')) {
        let inside = &text[open + 1..];
        let Some(close) = inside.find(['{', '}']).filter(|close| inside[*close..].starts_with('}')) else {
            continue;
        };
        let name = inside[..close].trim();
        let is_name = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_alphabetic())
                && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        if name.split('.').all(is_name) {
            found.push(name);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_stand_alone_count() {
        assert_eq!(
            names_in_braces("run {task_id} and {{ number }}, {a.b} {e.g.} {1} {} ${x} {"),
            ["task_id", "number", "a.b"]
        );
        assert!(names_in_braces("{\"task\": 1, \"id\": {}}").is_empty());
    }
}
