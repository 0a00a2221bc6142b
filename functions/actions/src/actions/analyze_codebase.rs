//! `analyze_codebase`: has a model describe the parts of a codebase that matter to a ticket.

use crate::action::{Action, Done, NoOutput};
use crate::agent::Question;
use crate::agent::files::Repository;
use crate::aliases;
use crate::artifacts::Analysis;
use crate::context::Context;
use crate::spec::ActionSpec;
use domain::action::Agent;
use domain::plugins::RepositoryAccess;
use domain::{BranchName, RepositoryName, Stored, Task};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The step's inputs.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The ticket.
    pub task: Task,
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
    /// The analysis, for the steps that follow.
    pub analysis: Stored<Analysis>,
    /// The same in a few sentences.
    pub summary: String,
    /// The paths that matter to the ticket.
    pub relevant_files: Vec<String>,
}

const TEMPLATE: &str = "prompts/analyze_codebase.md";
const MOST_TOKENS: u32 = 8_000;

/// Shows the model the repository and the ticket, and stores its findings.
///
/// # Errors
/// As [`AgentExecution::ask`](crate::agent::AgentExecution::ask) and [`Repository::select`].
pub struct AnalyzeCodebase;

impl Action for AnalyzeCodebase {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_model("analyze_codebase");

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let agent = context.agent(input.agent, Some(&input.task.task_id)).await?;
        let host = context.code_host(RepositoryAccess::ReadContents).await?;
        let (host, scope) = (&*host, context.scope());
        context.effect().intend(false).await?;
        let project = scope.project_of(input.repository.as_ref())?;
        let repository = Repository::open(context, host, project, input.branch.as_ref()).await?;
        let files = repository.select(&agent, &input.task, &[]).await?;
        let (branch, instructions) = (input.branch.as_ref(), input.instructions.as_deref());
        let values = repository.template_values(&input.task, branch, instructions, []);
        let text = agent.render(input.prompt_template.as_deref(), TEMPLATE, &values)?;
        let material = Some(repository.material(&files));
        let analysis: Analysis =
            agent.ask(Question { material, text, max_output_tokens: Some(MOST_TOKENS) }).await?;
        let output = Output {
            analysis: agent.store(&analysis).await?,
            summary: analysis.summary,
            relevant_files: analysis.relevant_files,
        };
        Ok(Done { cost: agent.spent(), ..Done::for_good(output) })
    }
}
