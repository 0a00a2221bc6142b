//! `--trigger checks-failed`: the checks of the first commit fail, and the agent fixes what they found.

use super::report::Revised;
use crate::connection::Connection;
use crate::exit::{Exit, Outcome};
use domain::built_in_actions::COMMIT_CHANGES;
use records::ExecutionView;
use serde_json::Value;

/// The name for `--trigger`.
pub(super) const NAME: &str = "checks-failed";

/// The step that commits a fix, and the one that works on it, as an execution names them with their round numbers.
const COMMIT: &str = "/CommitFix.";
const FIX: &str = "/Fix.";

/// Whether a check of the world can fail: it needs something to say.
pub(super) fn is_possible(world: &Value) -> bool {
    let services = || world.as_object().into_iter().flat_map(|world| world.values());
    let places = services().flat_map(|service| [&service["repositories"], &service["projects"]]);
    let places = places.filter_map(Value::as_array).flatten();
    let mut checks =
        places.flat_map(|place| [&place["checks"], &place["jobs"]]).filter_map(Value::as_array).flatten();
    checks.any(|check| check["log"].is_string())
}

/// Each fix that the execution pushed, in order, with its turns and cost.
///
/// # Errors
/// Unreachable when the records are.
pub(super) async fn revisions(connection: &Connection, view: &ExecutionView) -> Outcome<Vec<Revised>> {
    let Some(run) = view.execution.run() else { return Ok(Vec::new()) };
    let mut commits: Vec<(String, Value)> = Vec::new();
    for effect in connection.table.effects_of(run).await.map_err(Exit::unreachable)? {
        let round = effect.key.rsplit_once(COMMIT).map(|(_, round)| round.to_owned());
        let sha = effect.output.as_ref().map(|output| output["sha"].clone());
        if let (Some(round), Some(sha)) = (round.filter(|_| effect.action.as_str() == COMMIT_CHANGES), sha) {
            commits.push((round, sha));
        }
    }
    commits.sort_by(|one, other| one.0.cmp(&other.0));
    let steps = view.shown_steps();
    let revision = |(round, commit): (String, Value)| {
        let of_round = format!("{FIX}{round}");
        let fix = steps.iter().find(|shown| shown.step.state.ends_with(&of_round));
        let turns = fix.and_then(|fix| fix.turns).map_or(0, |turns| u32::try_from(turns).unwrap_or(u32::MAX));
        let cost = fix.map(|fix| fix.cost.booked()).unwrap_or_default();
        let commit = commit.as_str().map(str::to_owned);
        Revised { trigger: NAME, commit, turns, cost }
    };
    Ok(commits.into_iter().map(revision).collect())
}
