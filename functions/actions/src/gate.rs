//! The gate before a push: pushed code runs in continuous integration with its secrets, so a change that strangers' words
//! may have influenced waits until somebody has looked at it.
//!
//! The question names the change by a digest, and only a yes to this very question lets [`commit_changes`](crate::actions::commit_changes)
//! push it: another change is another question.

use crate::artifacts::Implementation;
use crate::context::Context;
use domain::ActionError;
use domain::configuration::{CiGate, Project};
use domain::execution::execution_of;
use edits::Edits;
use jiff::Timestamp;
use records::{ApprovedChange, StrangerWords, Timeliness, Topic, Waiter};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// No more writers are named.
const MOST_NAMED: usize = 5;

/// The question to people before a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// The question, answerable by yes or no. It identifies the change.
    pub question: String,
    /// Why it is asked, and where to look.
    pub reason: String,
    digest: String,
}

/// The gate before the push of a change; `None` if nobody has to be asked.
///
/// # Errors
/// When the table does not answer.
pub async fn gate(
    context: &Context<'_>,
    project: &Project,
    implementation: &Implementation,
    edits: &Edits,
) -> Result<Option<Gate>, ActionError> {
    let strangers = match (project.ci_gate, &implementation.session) {
        (CiGate::Never, _) => return Ok(None),
        (_, Some(session)) => strangers(context, session).await?,
        (_, None) => Vec::new(),
    };
    if project.ci_gate == CiGate::Untrusted && strangers.is_empty() {
        return Ok(None);
    }
    let digest = digest(edits)?;
    let count = edits.files.len();
    let files = if count == 1 { "1 file".to_owned() } else { format!("{count} files") };
    let whose = whose(&strangers);
    let execution = &context.scope().execution;
    Ok(Some(Gate {
        question: format!("May this change be pushed to {}: {files}, {digest}?", project.repository),
        reason: format!(
            "{whose} A push runs in your continuous integration, with its secrets. See the change with `ticketsmith session {execution}`."
        ),
        digest,
    }))
}

/// Whose words took part in a session's change, or may have: they came to its ticket after the run began, whose starter vouches for the
/// ticket as it was then.
async fn strangers(context: &Context<'_>, session: &str) -> Result<Vec<StrangerWords>, ActionError> {
    let (table, scope) = (context.table(), context.scope());
    let began_as = execution_of(&scope.run);
    let began = table.execution(began_as).await?;
    let since = began.as_ref().map_or(Timestamp::MIN, |began| began.begun_at);
    let ticket = began.as_ref().and_then(|began| began.task_id.as_deref()).unwrap_or(began_as);
    Ok(table.strangers_since_approval(session, ticket, since).await?)
}

/// Makes sure that the change may be pushed: nobody has to be asked, which is `None`, or somebody said yes to it. Returns the approval with the
/// session, if there is one, in which it is to be recorded once the change is pushed.
///
/// # Errors
/// `Rejected` if nobody said yes to this change; the errors of the table.
pub async fn pass(
    context: &Context<'_>,
    project: &Project,
    implementation: &Implementation,
    edits: &Edits,
) -> Result<Option<(Option<String>, ApprovedChange)>, ActionError> {
    let Some(gate) = gate(context, project, implementation, edits).await? else { return Ok(None) };
    let yeses = yeses_to(context, &gate.question).await?.into_iter();
    // The state machine continues before it is recorded that it was told.
    let mut in_time = yeses.filter(|waiter| waiter.told != Some(Timeliness::TooLate));
    let Some(answer) = in_time.find_map(|waiter| waiter.answer) else {
        return Err(ActionError::rejected(format!(
            "nothing is pushed, because nobody approved this change ({}); a yes to another change does not apply. {} The step \
             review_push asks what an approval step must ask before commit_changes",
            gate.digest, gate.reason
        )));
    };
    let approved = ApprovedChange { digest: gate.digest, by: answer.by, at: context.clock().now() };
    Ok(Some((implementation.session.clone(), approved)))
}

/// The questions of this run with this text to which people said yes. Whether a step still waited for it is in [`Waiter::told`], once that is
/// known.
///
/// # Errors
/// Those of the table.
pub(crate) async fn yeses_to(context: &Context<'_>, question: &str) -> Result<Vec<Waiter>, ActionError> {
    let (table, scope) = (context.table(), context.scope());
    let mut executions: BTreeSet<String> = BTreeSet::from([scope.execution.clone()]);
    // A redrive pushes what was approved before.
    let continued = table.continued(execution_of(&scope.run)).await?;
    executions.extend(continued.into_iter().map(|execution| execution.name));
    let mut yeses = Vec::new();
    for execution in executions {
        let asked = table.waiters(&Topic::Approval(execution)).await?.into_iter();
        yeses.extend(asked.filter(|waiter| {
            let is_yes = waiter.answer.as_ref().is_some_and(|answer| answer.approved);
            is_yes && waiter.question.as_deref() == Some(question)
        }));
    }
    Ok(yeses)
}

/// The identity of a change: the commit that it is based on, and each file's whole new content.
fn digest(edits: &Edits) -> Result<String, ActionError> {
    let json = serde_json::to_vec(edits)
        .map_err(|error| ActionError::internal(format!("a change is not JSON: {error}")))?;
    Ok(hex::encode(Sha256::digest(json).get(..8).unwrap_or_default()))
}

fn whose(strangers: &[StrangerWords]) -> String {
    if strangers.is_empty() {
        return "The project asks before every push (`ci_gate: always`).".to_owned();
    }
    let named: BTreeSet<String> =
        strangers.iter().map(|words| format!("{} ({})", words.by, words.place)).collect();
    let more = named.len().saturating_sub(MOST_NAMED);
    let named = named.into_iter().take(MOST_NAMED).collect::<Vec<_>>().join(", ");
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("Words of people who may not start work took part in it: {named}{more}.")
}
