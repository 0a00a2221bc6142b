//! `admit`: admits a run, or refuses it. The compiler makes it the first state of every state machine, so that no author can forget it.

use crate::action::{Action, Done, NoOutput};
use crate::context::Context;
use crate::spec::ActionSpec;
use crate::starter;
use domain::{Grant, PluginType};
use records::Partition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the state gives.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Why the run is allowed, if that was known when it was started. Default: its starter is checked.
    #[serde(default)]
    pub grant: Option<Grant>,
}

/// What is recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// Why the run may do anything.
    pub grant: Grant,
}

/// Records that the run may do anything. A child inherits its parent's admission, because they are one run, and so does an
/// execution that is continued.
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
        .writing(&[Partition::Run, Partition::Writer]);

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let (scope, table) = (context.scope(), context.table());
        let admitted = table.admission(&scope.run).await?;
        let grant = match (admitted, input.grant) {
            (Some(admission), _) => return Ok(Done::for_good(Output { grant: admission.grant })),
            (None, Some(grant)) => grant,
            (None, None) => starter::check(context, &scope.project).await?.grant,
        };
        let now = context.clock().now();
        if grant == Grant::Writer {
            // Before the admission, so that people who are admitted may also stop what they started.
            table.put_writer(&scope.account(), &scope.project.key, now).await?;
        }
        table.admit_run(&scope.run, grant, now).await?;
        Ok(Done::for_good(Output { grant }))
    }
}
