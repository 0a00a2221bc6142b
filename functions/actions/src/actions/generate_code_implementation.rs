//! `generate_code_implementation`: has a model write the edits that implement a ticket, with tests.

use crate::action::{Action, Done, NoOutput};
use crate::agent::Question;
use crate::agent::files::Repository;
use crate::aliases;
use crate::artifacts::{Analysis, CodeReply, Implementation, Plan};
use crate::context::Context;
use crate::spec::ActionSpec;
use domain::action::Agent;
use domain::plugins::RepositoryAccess;
use domain::{BranchName, RepositoryName, Stored, Task};
use edits::{Edits, Ground, ProtectedPaths};
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
    /// What `generate_implementation_plan` gave.
    #[schemars(extend("x-aliases" = ["implementation_plan"]))]
    #[serde(default)]
    pub plan: Option<Stored<Plan>>,
    /// What `analyze_codebase` gave.
    #[schemars(extend("x-aliases" = ["analysis"]))]
    #[serde(default)]
    pub codebase_analysis: Option<Stored<Analysis>>,
    /// `owner/name` or a URL. Default: the project's repository.
    #[schemars(extend("x-aliases" = aliases::REPOSITORY))]
    #[serde(default)]
    pub repository: Option<RepositoryName>,
    /// The branch to read; if it does not exist yet, the base branch is read. Default: the project's base branch.
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
    /// The edits and the words that go with them.
    pub implementation: Implementation,
}

const TEMPLATE: &str = "prompts/code_implementation.md";

/// How to write edits, whatever the template says.
const EDIT_RULES: &str = "\
Reply with the edits that implement it. Name each path once, from the repository's root.

- `edit` replaces parts of a file you were shown: each `search` is copied from it exactly, white space included, and must \
occur exactly once in it; replacements are made in order.
- `replace` gives a file you were shown another content; use it when most of it changes.
- `create` makes a file that does not exist; `delete` removes one you were shown, or a binary one.
- Files you were not shown cannot be changed, and neither can CI definitions and other protected files.
- End lines with a line feed: every file keeps its own line endings, byte-order mark and final newline.
";

/// Shows the model the ticket and the present contents of the files it may change, checks that the edits it replies apply to them,
/// and stores them. Nothing is changed outside.
///
/// # Errors
/// As [`AgentExecution::ask`](crate::agent::AgentExecution::ask), [`Repository::select`] and [`Ground::apply`].
pub struct GenerateCodeImplementation;

impl Action for GenerateCodeImplementation {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec =
        ActionSpec::of_model("generate_code_implementation").also_called(&["generate_code"]);

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let agent = context.agent(input.agent, Some(&input.task.task_id)).await?;
        let host = context.code_host(RepositoryAccess::ReadContents).await?;
        let (host, scope) = (&*host, context.scope());
        context.effect().intend(false).await?;
        let project = scope.project_of(input.repository.as_ref())?;
        let protected = ProtectedPaths::new(&project.protected_paths)?;
        let plan = agent.load(input.plan.as_ref()).await?;
        let analysis = agent.load(input.codebase_analysis.as_ref()).await?;
        let wanted: Vec<String> = plan
            .iter()
            .flat_map(|plan| plan.files_to_change.iter().chain(&plan.files_to_read))
            .chain(analysis.iter().flat_map(|analysis| &analysis.relevant_files))
            .cloned()
            .collect();
        let repository = Repository::open(context, host, project, input.branch.as_ref()).await?;
        let mut selection = repository.select(&agent, &input.task, &wanted).await?;
        let (branch, instructions) = (input.branch.as_ref(), input.instructions.as_deref());
        let more =
            [("plan", Value::from(Serde(&plan))), ("codebase_analysis", Value::from(Serde(&analysis)))];
        let values = repository.template_values(&input.task, branch, instructions, more);
        let asked = agent.render(input.prompt_template.as_deref(), TEMPLATE, &values)?;
        let question = Question {
            material: Some(repository.material(&selection)),
            text: format!("{}\n\n{EDIT_RULES}", asked.trim_end()),
            max_output_tokens: None,
        };
        let reply: CodeReply = agent.ask(question).await?;
        let ignored = repository.read_for(&reply.edits, &mut selection).await?;
        let ground = Ground {
            tree: &repository.tree,
            seen: &selection.files,
            unshown: &selection.unshown,
            protected: &protected,
            ignored: &ignored,
        };
        let files = agent.used(ground.apply(&reply.edits)).await?;
        let paths = files.iter().map(|file| file.path.clone()).collect();
        let implementation = Implementation {
            summary: reply.summary,
            pr_title: reply.pr_title,
            pr_description: reply.pr_description,
            documentation: reply.documentation,
            commit_message: reply.commit_message,
            files: paths,
            edits: agent.store(&Edits { base: repository.commit, files }).await?,
            session: None,
        };
        Ok(Done { cost: agent.spent(), ..Done::for_good(Output { implementation }) })
    }
}
