//! `emit_event`: sends an event to the team's monitoring.

use crate::action::{Action, Done, NoOutput};
use crate::context::Context;
use crate::spec::ActionSpec;
use domain::PluginType;
use domain::plugins::MonitoringEvent;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The step's inputs.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The kind of event, in words: `Pull request opened`.
    pub name: String,
    /// What there is to know about it.
    #[serde(default)]
    pub detail: Map<String, Value>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The service's ID of the event.
    pub event_id: String,
}

/// Sends the event. Where its answer was lost, it is sent again with the same `idempotency_key` in its detail, as the service itself may
/// deliver an event more than once.
///
/// # Errors
/// `Rejected` if the service has no events, or does not accept the name or detail; its other errors.
pub struct EmitEvent;

impl Action for EmitEvent {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_plugin("emit_event", PluginType::Monitoring).effect();

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let monitoring = context.monitoring().await?;
        let intent = context.effect().intend(false).await?;
        let event = MonitoringEvent { name: input.name, detail: input.detail, at: intent.mark.at };
        let place = format!("the events named {}", event.name);
        let sent = monitoring.emit_event(&event, &intent.mark);
        let event_id = context.effect().send_again(Some(place), sent).await?;
        Ok(Done::for_good(Output { event_id }))
    }
}
