//! Steps of type `parallel`: branches in separate scopes. The step assigns a branch's variables in the surrounding scope.

use super::planned::{Branch, PlannedKind, Readers};
use super::walk::{Made, Sets, Walk};
use crate::check::evaluated;
use crate::model::{OnError, Parallel, Step};
use crate::scope::Inside;
use crate::types::Type;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

impl Walk<'_, '_, '_> {
    pub(super) fn parallel(&mut self, step: &Step, parallel: &Parallel) -> Made {
        let mut sets: Sets = Vec::new();
        let mut fields: BTreeMap<String, (String, Type)> = BTreeMap::new();
        let mut branches = Vec::new();
        let before = self.checker.scope.variables.clone();
        for (place, branch) in parallel.branches.iter().enumerate() {
            let roots: BTreeSet<String> = crate::declare::assigned(&branch.steps)
                .into_iter()
                .map(|assignment| assignment.root)
                .collect();
            let outside: BTreeMap<String, Vec<Vec<String>>> =
                roots.iter().map(|root| (root.clone(), self.receivers(step, root))).collect();
            let around = self.checker.scope.renamed.clone();
            // A name that is also set outside was refused; reading it means the outer one.
            let own = roots.iter().filter(|root| !before.contains_key(&self.checker.scope.compiled(root)));
            for root in own.cloned().collect::<Vec<_>>() {
                let name = self.checker.scope.free_variable(&format!("{}_{root}", branch.name.value));
                self.checker.scope.renamed.insert(root, name);
            }
            self.checker
                .scope
                .inside
                .push(Inside::Branch { step: step.name.value.clone(), branch: branch.name.value.clone() });
            self.checker.scope.variables = before.clone();
            self.checker.scope.changed();
            let readers = Readers::Fields(outside.clone());
            let mut flow = self.flow(&branch.steps, readers, &mut |walk| walk.what_is_set(&outside));
            for (root, paths) in &outside {
                let known = self.checker.scope.variables.get(&self.checker.scope.compiled(root)).cloned();
                if let (Some(kind), Some(path)) = (known, paths.first()) {
                    let text = format!("$states.result[{place}].{root}");
                    fields.insert(root.clone(), (text.clone(), kind.clone()));
                    sets.push((path.clone(), text, kind));
                }
            }
            // A branch that never comes to its end gives nothing.
            if flow.block.ends {
                flow.readers = Readers::Fields(BTreeMap::new());
            }
            branches.push(Branch { name: branch.name.value.clone(), flow });
            self.checker.scope.inside.pop();
            self.checker.scope.renamed = around;
        }
        self.checker.scope.variables = before;
        self.checker.scope.changed();
        let kinds = fields.iter().map(|(root, (_, kind))| (root.clone(), kind.clone())).collect();
        let received = self.receive(step, "a parallel step whose branches do not set it", &kinds, |field| {
            fields.get(field).map_or_else(|| "null".to_owned(), |(text, _)| text.clone())
        });
        sets.extend(received);
        let ends = branches.iter().any(|branch| branch.flow.block.ends);
        let retry = (step.retry.is_some() || step.on_error == OnError::Retry)
            .then(|| step.retry.clone().unwrap_or_default());
        Made { ends, ..Made::new(Some(PlannedKind::Parallel { branches, retry }), sets) }
    }

    /// The variable paths that receive a branch's variables: the name itself first, then those under `outputs:`.
    fn receivers(&self, step: &Step, root: &str) -> Vec<Vec<String>> {
        let scope = &self.checker.scope;
        let listed = step.outputs.iter().filter(|(field, _)| field.value == root);
        let listed = listed.map(|(_, target)| scope.compiled_path(&target.value));
        std::iter::once(vec![scope.compiled(root)]).chain(listed).collect()
    }

    /// An object of a branch's variables, by their outer names.
    fn what_is_set(&mut self, outside: &BTreeMap<String, Vec<Vec<String>>>) -> Value {
        let mut fields = Map::new();
        for (root, paths) in outside {
            let found = self.exporting(paths.clone(), |walk| walk.checker.scope.find(&[root]).ok());
            let text = found.map(|found| {
                if found.lowered.partial { found.lowered.or_else("null") } else { found.lowered.text }
            });
            fields.insert(root.clone(), text.map_or(Value::Null, |text| evaluated(&text)));
        }
        Value::Object(fields)
    }
}
