//! `Assign`: variable paths and the expressions of their values as Step Functions' flat variables.

use crate::check::evaluated;
use crate::paths::{covers, touches};
use crate::scope::object_text;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The variable paths that are assigned by now.
#[derive(Debug, Clone, Default)]
pub(super) struct Assigned(BTreeSet<Vec<String>>);

/// A path after the variable's name, and the expression of its value.
type Entry<'e> = (&'e [String], &'e String);

impl Assigned {
    pub(super) fn contains(&self, path: &[String]) -> bool {
        self.0.contains(path)
    }

    pub(super) fn extend(&mut self, paths: impl IntoIterator<Item = Vec<String>>) {
        self.0.extend(paths);
    }

    pub(super) fn union(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0).cloned().collect())
    }

    /// The value of `Assign`. A variable keeps the fields that are already set.
    pub(super) fn assignment<'e>(
        &self,
        entries: impl IntoIterator<Item = (&'e Vec<String>, &'e String)>,
    ) -> Value {
        let mut by_root: BTreeMap<&str, Vec<Entry<'e>>> = BTreeMap::new();
        for (path, text) in entries {
            if let Some((root, rest)) = path.split_first() {
                by_root.entry(root).or_default().push((rest, text));
            }
        }
        let values = by_root.into_iter().map(|(root, entries)| {
            let value = match entries.as_slice() {
                [([], text)] => written(text),
                entries if self.holds(&[root.to_owned()]) => {
                    evaluated(&self.merged(&[root.to_owned()], entries))
                }
                entries => nested(entries),
            };
            (root.to_owned(), value)
        });
        Value::Object(values.collect())
    }

    /// Whether there may be an object at the path by now.
    fn holds(&self, path: &[String]) -> bool {
        touches(&self.0, path)
    }

    fn merged(&self, base: &[String], entries: &[Entry<'_>]) -> String {
        let mut by_field: BTreeMap<&str, Vec<Entry<'_>>> = BTreeMap::new();
        for (path, text) in entries {
            if let Some((field, rest)) = path.split_first() {
                by_field.entry(field).or_default().push((rest, text));
            }
        }
        let pairs: Vec<String> = by_field
            .into_iter()
            .map(|(field, entries)| {
                let mut path = base.to_vec();
                path.push(field.to_owned());
                let value = match entries.as_slice() {
                    [([], text)] => (*text).clone(),
                    entries if self.holds(&path) => self.merged(&path, entries),
                    entries => object_text(entries),
                };
                format!("'{field}': {value}")
            })
            .collect();
        let known = format!("${}", base.join("."));
        // Only a variable that was set as a whole can be `null`.
        let known = if covers(&self.0, base) { format!("({known} != null ? {known} : {{}})") } else { known };
        format!("$merge([{known}, {{{}}}])", pairs.join(", "))
    }
}

fn nested(entries: &[Entry<'_>]) -> Value {
    let mut by_field: BTreeMap<&str, Vec<Entry<'_>>> = BTreeMap::new();
    for (path, text) in entries {
        if let Some((field, rest)) = path.split_first() {
            by_field.entry(field).or_default().push((rest, text));
        }
    }
    let fields: Map<String, Value> = by_field
        .into_iter()
        .map(|(field, entries)| {
            let value = match entries.as_slice() {
                [([], text)] => written(text),
                entries => nested(entries),
            };
            (field.to_owned(), value)
        })
        .collect();
    Value::Object(fields)
}

fn written(text: &str) -> Value {
    if text == "null" { Value::Null } else { evaluated(text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn path(text: &str) -> Vec<String> {
        text.split('.').map(str::to_owned).collect()
    }

    #[test]
    fn fields_gather_in_one_variable_and_later_ones_merge() {
        let mut assigned = Assigned::default();
        let first = [
            (path("pr.url"), "1".to_owned()),
            (path("pr.head.sha"), "2".to_owned()),
            (path("task"), "3".to_owned()),
        ];
        assert_eq!(
            assigned.assignment(first.iter().map(|(path, text)| (path, text))),
            json!({"pr": {"head": {"sha": "{% 2 %}"}, "url": "{% 1 %}"}, "task": "{% 3 %}"})
        );
        assigned.extend(first.into_iter().map(|(path, _)| path));
        let later = [
            (path("pr.number"), "4".to_owned()),
            (path("pr.head.name"), "5".to_owned()),
            (path("task"), "6".to_owned()),
        ];
        assert_eq!(
            assigned.assignment(later.iter().map(|(path, text)| (path, text))),
            json!({"pr": "{% $merge([$pr, {'head': $merge([$pr.head, {'name': 5}]), 'number': 4}]) %}", "task": "{% 6 %}"})
        );
        let inside = [(path("task.note"), "7".to_owned())];
        assert_eq!(
            assigned.assignment(inside.iter().map(|(path, text)| (path, text))),
            json!({"task": "{% $merge([($task != null ? $task : {}), {'note': 7}]) %}"})
        );
    }
}
