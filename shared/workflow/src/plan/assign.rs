//! The variables that steps set: directly, or by receiving the output of an action, a person or another workflow.

use super::variables::{depends_on_condition, forget_conditions_reading, with_field};
use super::walk::{Sets, Walk};
use crate::model::{Given, Step};
use crate::names;
use crate::scope::Scope;
use crate::source::Spanned;
use crate::types::{Kind, Type};
use std::collections::BTreeMap;

impl Walk<'_, '_, '_> {
    /// `type: set`.
    pub(super) fn set(&mut self, variables: &[(Spanned<String>, Given)]) -> Sets {
        let mut sets: Sets = Vec::new();
        for (name, given) in variables {
            let path: Vec<String> = name.value.split('.').map(str::to_owned).collect();
            if let Err(refusal) = names::variable_path(&path) {
                self.checker.problems.error(name.span, refusal);
                // A variable that is clear enough is known, so that its uses are not reported as well.
                if !names::is_named_like_a_function(&path) {
                    continue;
                }
            }
            let lowered = self.checker.kept(given);
            let text = if lowered.partial { lowered.or_else("null") } else { lowered.enclosed() };
            let kind = match lowered.kind.kind {
                Kind::Text(_) => Type { kind: Kind::Text(Vec::new()), ..lowered.kind },
                _ => lowered.kind,
            };
            let path = self.checker.scope.compiled_path(&path);
            if is_set(&sets, &path) {
                let message = format!("`{}` is set twice by this step", name.value);
                self.checker.problems.error(name.span, message);
            } else {
                sets.push((path, text, kind));
            }
        }
        sets
    }

    /// The variables that receive fields of what a step gives. `fields` are what it gives, by name, and `text` the
    /// expression of one; `what` names the step's result for messages.
    pub(super) fn receive(
        &mut self,
        step: &Step,
        what: &str,
        fields: &BTreeMap<String, Type>,
        text: impl Fn(&str) -> String,
    ) -> Sets {
        let mut sets: Sets = Vec::new();
        for (field, target) in &step.outputs {
            let kind = match fields.get(&field.value) {
                Some(known) => known.clone(),
                None => {
                    self.checker
                        .problems
                        .error(field.span, format!("{what} has no output `{}`", field.value))
                        .accepted(&field.value, fields.keys().map(String::as_str));
                    Type::any()
                }
            };
            let path = self.checker.scope.compiled_path(&target.value);
            if is_set(&sets, &path) {
                self.checker
                    .problems
                    .error(target.span, format!("`{}` is set twice by this step", target.value.join(".")));
            } else {
                sets.push((path, text(&field.value), kind));
            }
        }
        sets
    }

    /// A variable path has this type from here on.
    pub(super) fn assign(&mut self, path: &[String], kind: Type) {
        let root = &path[0];
        self.forget_conditions(root);
        let variables = &mut self.checker.scope.variables;
        let known = variables.remove(root);
        if depends_on_condition(&kind) {
            self.checker.scope.conditional.insert(root.clone());
        }
        variables.insert(root.clone(), with_field(known, &path[1..], kind));
        self.checker.scope.changed();
    }

    /// A condition that reads the variable may now have another meaning: it no longer shows that anything is present.
    pub(super) fn forget_conditions(&mut self, root: &str) {
        let Scope { variables, conditional, .. } = &mut self.checker.scope;
        let needle = format!("${root}");
        for name in conditional.iter() {
            if let Some(variable) = variables.get_mut(name) {
                forget_conditions_reading(variable, &needle);
            }
        }
    }
}

/// Whether a path is set, or a part of it, or something that it is a part of.
fn is_set(sets: &[(Vec<String>, String, Type)], path: &[String]) -> bool {
    sets.iter().any(|(other, _, _)| other.starts_with(path) || path.starts_with(other))
}
