//! Refuses a step that reaches another project for somebody without the right to start work there. Every action's input passes here, whatever
//! expression, input of another name or model's reply it was made of, because our credentials reach every project.

use crate::scope::Scope;
use crate::spec::ActionSpec;
use control::{check_reach, reached};
use domain::{ActionError, Actor, Clock, Grant, PluginType};
use records::{Admission, Table};
use serde_json::Value;
use std::collections::BTreeSet;

/// Checks what a step's input names of other projects. `undone` is the run and the key of the effect that the step takes back. Reads the table
/// once if there is anything, and else not at all.
///
/// # Errors
/// `Rejected` with what leads where and whose right is missing; the table's errors.
pub(crate) async fn check(
    table: &Table,
    clock: &dyn Clock,
    spec: &ActionSpec,
    scope: &Scope,
    input: &Value,
    undone: Option<(&str, &str)>,
    admission: Option<&Admission>,
) -> Result<(), ActionError> {
    // Metrics and events belong to no project; what they name of one only describes them.
    if spec.admits || spec.authorizes || spec.plugin == Some(PluginType::Monitoring) {
        return Ok(());
    }
    let reached = reached(&scope.directory, &scope.project, input);
    // The installation's own credentials allow everything, except in a redrive that a person asked for: its record names the person.
    let is_by_hand =
        admission.is_some_and(|admission| admission.grant == Grant::ByHand && admission.execution.is_none());
    if reached.is_empty() || is_by_hand {
        return Ok(());
    }
    let account = scope.actor.as_ref().map(Actor::account);
    let projects = reached.iter().flat_map(|reached| &reached.projects);
    let projects: BTreeSet<&str> = projects.map(|project| project.key.as_str()).collect();
    let reading = table
        .read_for_reach(&scope.execution, account.as_deref(), &projects, undone, clock.now())
        .await
        .map_err(ActionError::from)?;
    // An action's own inverse takes back what a step did that was checked. One that the workflow wrote may lead anywhere.
    if reading.undone.as_ref().is_some_and(|request| request.inverse.is_none()) {
        return Ok(());
    }
    for reached in &reached {
        check_reach(&scope.directory, &scope.project, scope.actor.as_ref(), reached, &reading)
            .map_err(ActionError::rejected)?;
    }
    Ok(())
}
