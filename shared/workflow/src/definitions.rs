//! Whether the names under `variables:` can be defined.

use crate::diagnostic::Problems;
use crate::expression;
use crate::model::Workflow;
use crate::names;
use std::collections::{BTreeMap, BTreeSet};

/// Reports names under `variables:` that mean something else, or themselves.
pub(crate) fn check(workflow: &Workflow, problems: &mut Problems<'_>) {
    let mut uses: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (name, given) in &workflow.definitions {
        if let Err(refusal) = names::variable(&name.value) {
            problems.error(name.span, refusal);
        }
        let mut used = Vec::new();
        for expression in given.expressions() {
            let Ok(ast) = expression::parse(&expression.value) else {
                continue;
            };
            if let Some((function, _)) = expression::unsteady(&ast) {
                problems
                    .error(
                        expression.span,
                        format!(
                            "`${function}` cannot be used in a definition: every use would give another value"
                        ),
                    )
                    .help("use it in a step of type `set`");
            }
            used.extend(expression::lookups(&ast).into_iter().map(|lookup| lookup.name));
        }
        uses.insert(&name.value, used);
    }
    for (name, given) in &workflow.definitions {
        if let Some(cycle) = cycle_from(&name.value, &uses) {
            problems
                .error(given.span, format!("`{}` is defined by itself: {}", name.value, cycle.join(" → ")));
        }
    }
}

fn cycle_from(start: &str, uses: &BTreeMap<&str, Vec<String>>) -> Option<Vec<String>> {
    let mut open = vec![vec![start.to_owned()]];
    let mut seen = BTreeSet::new();
    while let Some(path) = open.pop() {
        let last = path.last().map(String::as_str).unwrap_or_default();
        for next in uses.get(last).into_iter().flatten() {
            let mut longer = path.clone();
            longer.push(next.clone());
            if next == start {
                return Some(longer);
            }
            if seen.insert(next.clone()) {
                open.push(longer);
            }
        }
    }
    None
}
