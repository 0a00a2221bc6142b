//! Steps of type `loop`: the steps inside share the scope around them, and run at least once.

use super::planned::{Loop, PlannedKind, rounds};
use super::variables::{type_at, type_in};
use super::walk::{Made, Walk};
use crate::model::{Loop as Written, OnExhausted, Step};
use crate::types::{Kind, Type};
use std::collections::BTreeMap;

impl Walk<'_, '_, '_> {
    pub(super) fn repeat(&mut self, step: &Step, repeated: &Written) -> Made {
        let counter = self.checker.scope.free_variable(&format!("{}_round", step.name.value));
        if !self.looks_ahead {
            self.as_any_round_finds_it(repeated);
        }
        let body = self.block(&repeated.steps);
        if body.ends {
            self.checker.problems.error(
                repeated.until.span,
                format!("`until` is never tested: every round of `{}` ends the workflow", step.name.value),
            );
        }
        let until = self.condition(&repeated.until);
        let fields = BTreeMap::from([
            ("rounds".to_owned(), Type::new(Kind::Integer)),
            ("exhausted".to_owned(), Type::new(Kind::Boolean)),
        ]);
        let rounds = format!("{} + 1", rounds(&counter));
        let text = |field: &str, exhausted: &str| match field {
            "rounds" => rounds.clone(),
            _ => exhausted.to_owned(),
        };
        let sets = self.receive(step, "a loop", &fields, |field| text(field, "false"));
        let exhausted = step
            .outputs
            .iter()
            .map(|(field, target)| {
                (self.checker.scope.compiled_path(&target.value), text(&field.value, "true"))
            })
            .collect();
        let ends = body.ends;
        let planned = Loop {
            body,
            until,
            max_iterations: repeated.max_iterations.value,
            goes_on: repeated.on_exhausted == OnExhausted::Continue,
            counter,
            exhausted,
        };
        Made { ends, ..Made::new(Some(PlannedKind::Loop(planned)), sets) }
    }

    /// A round finds the values set before the loop, or by the previous round.
    fn as_any_round_finds_it(&mut self, repeated: &Written) {
        let (body, after) = self.look_ahead(&repeated.steps);
        for (_, path) in body.paths() {
            let (Some(before), Some(later)) =
                (type_in(&self.checker.scope.variables, &path), type_in(&after, &path))
            else {
                continue;
            };
            if let Some(kind) = type_at(&mut self.checker.scope.variables, &path) {
                *kind = before.or(later);
                self.checker.scope.conditional.insert(path[0].clone());
            }
            self.forget_conditions(&path[0]);
        }
        self.checker.scope.changed();
    }
}
