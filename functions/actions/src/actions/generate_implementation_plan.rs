//! `generate_implementation_plan`: has a model plan the implementation of a ticket.

use crate::action::{Action, Done, NoOutput};
use crate::agent::Question;
use crate::agent::files::Repository;
use crate::aliases;
use crate::artifacts::{Analysis, Plan};
use crate::context::Context;
use crate::spec::ActionSpec;
use domain::action::Agent;
use domain::plugins::RepositoryAccess;
use domain::{BranchName, RepositoryName, Stored, Task};
use minijinja::Value;
use minijinja::value::Serde;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The step's inputs.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The ticket.
    pub task: Task,
    /// What `analyze_codebase` gave.
    #[schemars(extend("x-aliases" = ["analysis"]))]
    #[serde(default)]
    pub codebase_analysis: Option<Stored<Analysis>>,
    /// `owner/name` or a URL. Default: the project's repository.
    #[schemars(extend("x-aliases" = aliases::REPOSITORY))]
    #[serde(default)]
    pub repository: Option<RepositoryName>,
    /// The branch to read. Default: the project's base branch.
    #[schemars(extend("x-aliases" = aliases::BRANCH))]
    #[serde(default)]
    pub branch: Option<BranchName>,
    /// The prompt's template, relative to the folder of `ticketsmith.yaml`. Default: the action's own.
    #[serde(default)]
    pub prompt_template: Option<String>,
    /// Which agent works. Default: `development`.
    #[serde(default)]
    pub agent: Option<Agent>,
    /// More for the agent to keep to, from the workflow's author.
    #[schemars(extend("x-authored" = true))]
    #[serde(default)]
    pub instructions: Option<String>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The plan, for the steps that follow.
    pub plan: Stored<Plan>,
    /// The same in a few sentences.
    pub summary: String,
    /// The paths it means to change or create.
    pub files: Vec<String>,
}

const TEMPLATE: &str = "prompts/implementation_plan.md";
const MOST_TOKENS: u32 = 8_000;

/// Shows the model the repository, the ticket and the findings, and stores its plan.
///
/// # Errors
/// As [`AgentExecution::ask`](crate::agent::AgentExecution::ask) and [`Repository::select`].
pub struct GenerateImplementationPlan;

impl Action for GenerateImplementationPlan {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_model("generate_implementation_plan");

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let agent = context.agent(input.agent, Some(&input.task.task_id)).await?;
        let host = context.code_host(RepositoryAccess::ReadContents).await?;
        let (host, scope) = (&*host, context.scope());
        context.effect().intend(false).await?;
        let project = scope.project_of(input.repository.as_ref())?;
        let analysis = agent.load(input.codebase_analysis.as_ref()).await?;
        let wanted = analysis.as_ref().map(|analysis| analysis.relevant_files.as_slice()).unwrap_or_default();
        let repository = Repository::open(context, host, project, input.branch.as_ref()).await?;
        let files = repository.select(&agent, &input.task, wanted).await?;
        let (branch, instructions) = (input.branch.as_ref(), input.instructions.as_deref());
        let more = [("codebase_analysis", Value::from(Serde(&analysis)))];
        let values = repository.template_values(&input.task, branch, instructions, more);
        let text = agent.render(input.prompt_template.as_deref(), TEMPLATE, &values)?;
        let material = Some(repository.material(&files));
        let plan: Plan = agent.ask(Question { material, text, max_output_tokens: Some(MOST_TOKENS) }).await?;
        let output =
            Output { plan: agent.store(&plan).await?, summary: plan.summary, files: plan.files_to_change };
        Ok(Done { cost: agent.spent(), ..Done::for_good(output) })
    }
}
