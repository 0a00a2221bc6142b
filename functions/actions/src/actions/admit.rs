//! `admit`: admits a run, or refuses it. The compiler makes it the first state of every state machine, so that no author can forget it.

use crate::action::{Action, Done, NoOutput};
use crate::context::Context;
use crate::spec::ActionSpec;
use crate::starter;
use domain::execution::execution_of;
use domain::{ActionError, ErrorKind, Grant, PluginType};
use records::{AuditKind, AuditRecord, ExecutionRecord, Partition, Table};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The state's inputs.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Why the run is allowed, if that was known when it was started. Default: its starter is checked.
    #[serde(default)]
    pub grant: Option<Grant>,
}

/// The record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// Why the run may do anything.
    pub grant: Grant,
}

/// Records that the run may do anything. A child inherits its parent's admission, because they are one run, and so does a redrive
/// whose starter is known to be allowed to ask for one. From then on the redrive performs the run.
///
/// # Errors
/// `Rejected` with a reason that the person understands; the code host's errors.
pub struct Admit;

impl Action for Admit {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_records("admit")
        .admitting()
        .with_credentials(&[PluginType::VersionControl])
        .writing(&[Partition::Audit, Partition::Run, Partition::Writer]);

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let (scope, table) = (context.scope(), context.table());
        let admission = context.admission().await?;
        let redrive = redrive_of(table, &scope.run).await?;
        let performs = admission.as_ref().and_then(|admission| admission.execution.as_ref());
        let granted = match (&redrive, &admission) {
            // It has just begun; later its children come.
            (Some(redrive), _) if performs != Some(&redrive.name) => redrive.input.grant,
            (_, Some(admission)) => Some(admission.grant),
            (_, None) => input.grant,
        };
        let now = context.clock().now();
        let grant = match granted {
            Some(grant) => grant,
            None => {
                let grant = match starter::check(context, &scope.project).await {
                    Ok(starter) => starter.grant,
                    Err(refused) => {
                        audit_refusal(context, &refused).await?;
                        return Err(refused);
                    }
                };
                if grant == Grant::Writer {
                    // Before the admission, so that people who are admitted may also stop what they started.
                    table.put_writer(&scope.account(), &scope.project.key, now).await?;
                }
                grant
            }
        };
        table.admit_run(&scope.run, grant, now).await?;
        if let Some(redrive) = redrive {
            table.perform_run_as(&scope.run, &redrive.name).await?;
        }
        Ok(Done::for_good(Output { grant }))
    }
}

/// Records that somebody was not allowed to start the run.
///
/// # Errors
/// The table's errors.
async fn audit_refusal(context: &Context<'_>, refused: &NoOutput) -> Result<(), ActionError> {
    let NoOutput::Failed(ActionError { kind: ErrorKind::Rejected, .. }) = refused else { return Ok(()) };
    let (scope, now) = (context.scope(), context.clock().now());
    let (id, execution) = (format!("{}/admit", scope.execution), scope.execution.clone());
    let record =
        AuditRecord::new(AuditKind::Refusal, &id, now, scope.actor.as_ref(), Admit::SPEC.name, &execution);
    let record = AuditRecord { what: "start".to_owned(), about: Some(execution), ..record };
    Ok(context.table().audit(&record).await?)
}

/// The newest redrive of a run; `None` if nobody asked for one.
///
/// # Errors
/// `Rejected` if the run's effects are being, or were, taken back; the table's errors.
async fn redrive_of(table: &Table, run: &str) -> Result<Option<ExecutionRecord>, ActionError> {
    let began_as = execution_of(run);
    let newest = table.continued(began_as).await?.pop().filter(|newest| newest.name != began_as);
    if newest.is_some() && table.is_closed(run).await? {
        return Err(ActionError::rejected(format!(
            "what `{began_as}` did was taken back, or is being taken back, so it cannot be continued; start over"
        )));
    }
    Ok(newest)
}
