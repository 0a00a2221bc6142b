//! `generate_text`: has a model answer a prompt with text.

use crate::action::{Action, Done, NoOutput};
use crate::agent::{Question, authored, template_values};
use crate::context::Context;
use crate::spec::ActionSpec;
use domain::ActionError;
use domain::action::Agent;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The step's inputs.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The question, by the workflow's author; it is an instruction. Outside text that a template inserts is data.
    #[schemars(extend("x-authored" = true))]
    pub prompt: String,
    /// The most tokens the reply may have. Default: 1000.
    #[serde(default)]
    pub max_tokens: Option<u32>,
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
    /// The reply, at most 32 KiB.
    pub text: String,
}

const TEMPLATE: &str = "prompts/text.md";
const MOST_TOKENS: u32 = 1_000;

/// Asks the model.
///
/// # Errors
/// As [`AgentExecution::ask_text`](crate::agent::AgentExecution::ask_text); `Rejected` too when `max_tokens` is zero.
pub struct GenerateText;

impl Action for GenerateText {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_model("generate_text");

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let agent = context.agent(input.agent, None).await?;
        let most = input.max_tokens.unwrap_or(MOST_TOKENS);
        if most == 0 {
            return Err(ActionError::rejected("`max_tokens` is 0; accepted: 1 and more").into());
        }
        context.effect().intend(false).await?;
        let values = template_values([
            ("prompt", authored(Some(&input.prompt))),
            ("instructions", authored(input.instructions.as_deref())),
        ]);
        let text = agent.render(input.prompt_template.as_deref(), TEMPLATE, &values)?;
        let text = agent.ask_text(Question { material: None, text, max_output_tokens: Some(most) }).await?;
        Ok(Done { cost: agent.spent(), ..Done::for_good(Output { text }) })
    }
}
