//! Where an execution reports: where the person who started it will look.

use domain::PluginType;
use domain::configuration::{Configuration, InstanceName};
use domain::event::SAID_ON;
use domain::execution::UNDO_WORKFLOW;
use domain::plugins::Restriction;
use providers::{chat_of, tracker_of};
use records::ExecutionRecord;

/// A place for the progress comment, and the provider's name in the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Destination {
    /// A comment on a ticket, an issue or a pull request.
    Ticket {
        provider: InstanceName,
        ticket: String,
        /// Who may read the comment that started the execution, and therefore the feedback on it.
        restriction: Option<Restriction>,
    },
    /// A message in a channel or thread.
    Chat { provider: InstanceName, channel: String, thread: Option<String> },
}

/// Where the execution reports; `None` if nobody would see it. Events from a chat are answered there, those on a pull
/// request of ours on that pull request, and all others on the ticket. An undo of what was done for no ticket is told in the chat.
pub(crate) fn destination(execution: &ExecutionRecord, configuration: &Configuration) -> Option<Destination> {
    let project = execution.project.as_deref().and_then(|key| configuration.project(key));
    let sender = execution.trigger.source();
    // A sender has the name of its provider.
    let spec = providers::find(sender.as_str()).ok();
    if spec.is_some_and(|spec| spec.serves.contains(&PluginType::Communication)) {
        // Without a configured chat, connecting reports it.
        let place = execution.actor.as_ref().map_or(&sender, |actor| &actor.source);
        let provider = chat_of(configuration, project, Some(place.as_str()));
        let provider = provider.or_else(|| sender.as_str().parse().ok())?;
        // Only messages are in threads; a captured word named `thread` is not one.
        let thread = field(execution, "thread").filter(|_| field(execution, "message").is_some());
        // An undo of what was done for a ticket has no event of its own, so it reports on the ticket.
        if let Some(channel) = field(execution, "channel").map(str::to_owned) {
            return Some(Destination::Chat { provider, channel, thread: thread.map(str::to_owned) });
        }
    }
    if execution.workflow == UNDO_WORKFLOW && execution.task_id.is_none() {
        let channel = field(execution, "channel").map(str::to_owned).or_else(|| project?.channel.clone())?;
        return Some(Destination::Chat {
            provider: chat_of(configuration, project, None)?,
            channel,
            thread: None,
        });
    }
    let ticket = field(execution, SAID_ON).map(str::to_owned).or_else(|| execution.task_id.clone())?;
    let restriction = execution.input.event.get("restriction").cloned();
    Some(Destination::Ticket {
        provider: tracker_of(configuration, project, Some(&ticket))?,
        ticket,
        restriction: restriction.and_then(|restriction| serde_json::from_value(restriction).ok()),
    })
}

/// A text field of the event that started the execution.
pub(crate) fn field<'a>(execution: &'a ExecutionRecord, name: &str) -> Option<&'a str> {
    execution.input.event.get(name)?.as_str()
}
