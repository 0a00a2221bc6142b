//! Names that mean two things.

use crate::model::{Given, StepKind, Workflow, all};
use crate::source::{Span, Spanned};
use domain::routes::InputSchema;
use std::collections::BTreeMap;

/// A name and its place, for messages about two things with one name.
pub(crate) type Claim<'w> = (&'w str, Span, String);

/// Finds names that mean two things.
pub(crate) fn twice_claimed<'w>(claims: &[Claim<'w>]) -> Vec<(&'w str, Span, String)> {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    let mut found = Vec::new();
    for (name, span, what) in claims {
        match seen.get(name) {
            Some(earlier) if *earlier != what.as_str() => {
                found.push((
                    *name,
                    *span,
                    format!("`{name}` is {earlier} and {what}; one name means one thing"),
                ));
            }
            Some(_) => {}
            None => {
                seen.insert(name, what);
            }
        }
    }
    found
}

/// The names of a workflow's definitions, inputs and variables, for [`twice_claimed`].
pub(crate) fn claims<'w>(workflow: &'w Workflow, variables: &[(&'w str, Span)]) -> Vec<Claim<'w>> {
    let definition = |(name, _): &'w (Spanned<String>, Given)| {
        (name.value.as_str(), name.span, "a name under `variables:`".to_owned())
    };
    let input = |(name, _): &'w (Spanned<String>, InputSchema)| {
        (name.value.as_str(), name.span, "an input".to_owned())
    };
    let mut claims: Vec<Claim<'w>> = workflow.inputs.iter().flatten().map(input).collect();
    claims.extend(workflow.definitions.iter().map(definition));
    claims.extend(
        variables.iter().map(|(name, span)| (*name, *span, "a variable that a step sets".to_owned())),
    );
    claims.extend(all(&workflow.steps).into_iter().filter_map(|step| match &step.kind {
        StepKind::Foreach(foreach) => {
            Some((foreach.item.value.as_str(), foreach.item.span, "the item of a foreach".to_owned()))
        }
        _ => None,
    }));
    claims
}
