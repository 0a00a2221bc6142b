//! `check_actor`: refuses an execution whose starter may not write to the repository. Every run is admitted before its first step; this
//! step also holds a person to it who is only named, such as at the command line, and checks another repository than the project's.

use crate::action::{Action, Done, NoOutput};
use crate::aliases;
use crate::context::Context;
use crate::spec::ActionSpec;
use crate::starter::{self, Starter};
use domain::{ActionError, Grant, PluginType, RepositoryName};
use records::Partition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The step's inputs.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// `owner/name` or a URL. Default: the project's repository.
    #[schemars(extend("x-aliases" = aliases::REPOSITORY))]
    #[serde(default)]
    pub repository: Option<RepositoryName>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// Who started the execution: by the code host's name if it was asked, or else by ours.
    pub actor: String,
    /// Why they may: `group`, `write` or `admin`; `schedule` for executions that the workflow's schedule starts.
    pub permission: String,
}

/// Lets through who may start work: by the configuration, or because they may push to the repository. After the latter, the next steps reach the
/// repository's project, too.
///
/// # Errors
/// `Rejected` with a reason that the person understands; the code host's errors.
pub struct CheckActor;

impl Action for CheckActor {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_plugin("check_actor", PluginType::VersionControl)
        .never_skipped()
        .authorizing()
        .writing(&[Partition::Writer]);

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let scope = context.scope();
        let project = scope.project_of(input.repository.as_ref())?;
        let Starter { name, permission, grant } = starter::check(context, project).await?;
        if grant == Grant::Writer {
            // From now on, steps reach that project, too.
            let (account, now) = (scope.account(), context.clock().now());
            context.table().put_writer(&account, &project.key, now).await.map_err(ActionError::from)?;
        }
        Ok(Done::for_good(Output { actor: name, permission: permission.to_owned() }))
    }
}
