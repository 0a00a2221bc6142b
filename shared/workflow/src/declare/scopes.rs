//! Which scope assigns which variable: Step Functions lets a branch or an iteration read the variables around it, but
//! neither change them nor assign a name that an outer scope assigns:
//! <https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html>.

use super::targets::{error_variable, own_targets};
use crate::diagnostic::Problems;
use crate::model::{Parallel, Step, StepKind};
use crate::source::Span;
use std::collections::{BTreeMap, BTreeSet};

/// One assignment in a scope.
pub(crate) struct Assignment<'w> {
    pub(crate) root: String,
    span: Span,
    step: &'w str,
    /// The step of the scope itself that causes it: a parallel step assigns what its branches set.
    through: &'w str,
}

/// The variables that the steps assign in their own scope.
pub(crate) fn assigned(steps: &[Step]) -> Vec<Assignment<'_>> {
    let mut found = Vec::new();
    for step in steps {
        let name = step.name.value.as_str();
        let own = own_targets(step).into_iter().map(|(root, span)| (root.to_owned(), span));
        let error = error_variable(step).map(|root| (root, step.name.span));
        found.extend(own.chain(error).map(|(root, span)| Assignment {
            root,
            span,
            step: name,
            through: name,
        }));
        for (_, inside) in step.blocks() {
            let inner = assigned(inside);
            match &step.kind {
                StepKind::Foreach(_) => {}
                StepKind::Parallel(_) => {
                    found.extend(inner.into_iter().map(|one| Assignment { through: name, ..one }));
                }
                _ => found.extend(inner),
            }
        }
    }
    found
}

/// Reports every assignment that the rule forbids.
pub(crate) fn check(steps: &[Step], problems: &mut Problems<'_>) {
    check_within(steps, None, &mut BTreeSet::new(), problems);
}

/// The variables assigned around a step that makes scopes.
struct Around<'a, 'w> {
    own: &'a BTreeMap<String, Vec<Assignment<'w>>>,
    /// The step itself: its own assignments are not around it.
    through: &'w str,
    outer: Option<&'a Around<'a, 'w>>,
}

impl<'w> Around<'_, 'w> {
    /// The step that assigns the variable.
    fn setter(&self, root: &str) -> Option<&'w str> {
        let own = self.own.get(root).into_iter().flatten();
        own.filter(|assignment| assignment.through != self.through)
            .map(|assignment| assignment.step)
            .next()
            .or_else(|| self.outer?.setter(root))
    }
}

/// `told` holds the reports so far.
fn check_within<'w>(
    steps: &'w [Step],
    outer: Option<&Around<'_, 'w>>,
    told: &mut BTreeSet<(Span, String)>,
    problems: &mut Problems<'_>,
) {
    let mut own: BTreeMap<String, Vec<Assignment<'w>>> = BTreeMap::new();
    for assignment in assigned(steps) {
        own.entry(assignment.root.clone()).or_default().push(assignment);
    }
    for step in with_scopes(steps) {
        let around = Around { own: &own, through: &step.name.value, outer };
        let is_parallel = matches!(step.kind, StepKind::Parallel(_));
        let mut branches: BTreeMap<String, String> = BTreeMap::new();
        for (label, inside) in step.blocks() {
            let label = label.unwrap_or_default();
            for Assignment { root, span, .. } in assigned(inside) {
                if let Some(setter) = around.setter(&root) {
                    if told.insert((span, root.clone())) {
                        outer_assigns(&root, setter, step, span, problems);
                    }
                } else if let Some(other) = branches.get(&root)
                    && is_parallel
                    && *other != label
                    && told.insert((span, root.clone()))
                {
                    problems.error(span, format!("branches `{other}` and `{label}` both set `{root}`")).help(
                        "they run concurrently, so neither is the last to set it: give each its own name",
                    );
                }
                branches.entry(root).or_insert_with(|| label.clone());
            }
            check_within(inside, Some(&around), told, problems);
        }
    }
}

fn outer_assigns(root: &str, setter: &str, scope: &Step, span: Span, problems: &mut Problems<'_>) {
    let around = &scope.name.value;
    let diagnostic =
        problems.error(span, format!("`{root}` cannot be set inside `{around}`: `{setter}` sets it outside"));
    diagnostic.help(
        "in Step Functions, a branch or an iteration can read the variables around it, but cannot change them or assign their names",
    );
    diagnostic.help(match &scope.kind {
        StepKind::Foreach(_) => "use another name here, and give the value as `result:`",
        StepKind::Parallel(parallel) if is_enclosed(parallel, scope) => {
            "a step with `retry` or `continue` as a whole has its own scope: give `on_error` to its steps instead"
        }
        _ => "use another name here; variables set in a branch are visible after the step",
    });
}

/// The steps that make their own scopes, including those inside loops and switches.
fn with_scopes(steps: &[Step]) -> Vec<&Step> {
    let mut found = Vec::new();
    for step in steps {
        match &step.kind {
            StepKind::Parallel(_) | StepKind::Foreach(_) => found.push(step),
            _ => found.extend(step.blocks().into_iter().flat_map(|(_, inside)| with_scopes(inside))),
        }
    }
    found
}

/// Whether the compiler made it of a loop or a switch.
fn is_enclosed(parallel: &Parallel, scope: &Step) -> bool {
    matches!(parallel.branches.as_slice(), [only] if only.name.value == scope.name.value)
}
