//! `generate_documentation`: has a model write documentation of a change.

use crate::action::{Action, Done, NoOutput};
use crate::agent::{Question, authored, template_values};
use crate::artifacts::Implementation;
use crate::context::Context;
use crate::spec::ActionSpec;
use domain::Task;
use domain::action::Agent;
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
    /// What `generate_code_implementation` gave.
    #[schemars(extend("x-aliases" = ["generated_code"]))]
    #[serde(default)]
    pub implementation: Option<Implementation>,
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

/// What later steps can read; the model replies it as it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The documentation in Markdown, at most 32 KiB.
    pub documentation: String,
    /// A title for it.
    pub title: String,
}

const TEMPLATE: &str = "prompts/documentation.md";
const MOST_TOKENS: u32 = 8_000;

/// Asks the model for documentation of the change.
///
/// # Errors
/// As [`AgentExecution::ask`](crate::agent::AgentExecution::ask).
pub struct GenerateDocumentation;

impl Action for GenerateDocumentation {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_model("generate_documentation");

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let agent = context.agent(input.agent, Some(&input.task.task_id)).await?;
        context.effect().intend(false).await?;
        let values = template_values([
            ("task", Value::from(Serde(&input.task))),
            ("implementation", Value::from(Serde(&input.implementation))),
            ("instructions", authored(input.instructions.as_deref())),
        ]);
        let text = agent.render(input.prompt_template.as_deref(), TEMPLATE, &values)?;
        let output: Output =
            agent.ask(Question { material: None, text, max_output_tokens: Some(MOST_TOKENS) }).await?;
        Ok(Done { cost: agent.spent(), ..Done::for_good(output) })
    }
}
