//! Steps of type `switch`: the steps of every case share the scope around them.

use super::planned::{Case, PlannedKind, Switch};
use super::variables::meet;
use super::walk::{Made, Walk};
use crate::model::{Step, Switch as Written};
use crate::types::Absence;

impl Walk<'_, '_, '_> {
    pub(super) fn switch(&mut self, _step: &Step, switch: &Written) -> Made {
        let before = self.checker.scope.variables.clone();
        let conditions: Vec<String> = switch.cases.iter().map(|case| self.condition(&case.when)).collect();
        let mut ways = Vec::new();
        let mut paths: Vec<(Vec<String>, Absence)> = Vec::new();
        let mut blocks = Vec::new();
        let arms = switch.cases.iter().map(|case| &case.steps).chain(&switch.default);
        for (place, steps) in arms.enumerate() {
            self.checker.scope.variables = before.clone();
            let condition = conditions.get(place).cloned();
            let guards = self.checker.scope.guards.len();
            // An earlier case takes precedence, so only the first holds whenever its condition does.
            self.checker.scope.guards.extend(condition.clone().filter(|_| place == 0));
            self.checker.scope.changed();
            let block = self.block(steps);
            self.checker.scope.guards.truncate(guards);
            for (step, path) in block.paths() {
                let condition = Some(condition.clone().filter(|_| place == 0).unwrap_or_default());
                self.checker.scope.conditional.insert(path[0].clone());
                paths.push((path, Absence { step: step.to_owned(), condition }));
            }
            if !block.ends {
                ways.push(self.checker.scope.variables.clone());
            }
            blocks.push(block);
        }
        if switch.default.is_none() {
            ways.push(before.clone());
        }
        let ends = ways.is_empty();
        self.checker.scope.variables = if ends { before } else { meet(ways, &paths) };
        self.checker.scope.changed();
        let default = switch.default.as_ref().and_then(|_| blocks.pop());
        let cases =
            conditions.into_iter().zip(blocks).map(|(condition, block)| Case { condition, block }).collect();
        Made { ends, ..Made::new(Some(PlannedKind::Switch(Switch { cases, default })), Vec::new()) }
    }
}
