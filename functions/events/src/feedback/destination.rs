//! Where an execution reports: where the person who started it looks.

use domain::PluginType;
use domain::configuration::{Configuration, InstanceName};
use providers::{chat_of, tracker_of};
use records::ExecutionRecord;

/// A place for the progress comment, and the provider's name in the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Destination {
    /// A comment on a ticket, an issue or a pull request.
    Ticket { provider: InstanceName, ticket: String },
    /// A message in a channel or thread.
    Chat { provider: InstanceName, channel: String, thread: Option<String> },
}

/// Where the execution reports; `None` when nobody would see it. A sender that can be written to gets the answer itself; what
/// comes from elsewhere is answered on the ticket.
pub(crate) fn destination(execution: &ExecutionRecord, configuration: &Configuration) -> Option<Destination> {
    let project = execution.project.as_deref().and_then(|key| configuration.project(key));
    let sender = execution.trigger.source();
    // A sender is named as the provider that it is.
    let spec = providers::find(sender.as_str()).ok();
    if spec.is_some_and(|spec| spec.serves.contains(&PluginType::Communication)) {
        // Where no chat is used, connecting says so.
        let provider = chat_of(configuration, project, Some(sender.as_str()));
        let provider = provider.or_else(|| sender.as_str().parse().ok())?;
        let channel = field(execution, "channel")?.to_owned();
        // A message stands in a thread; a word of that name which a command captured is none.
        let thread = field(execution, "thread").filter(|_| field(execution, "message").is_some());
        return Some(Destination::Chat { provider, channel, thread: thread.map(str::to_owned) });
    }
    let ticket = execution.task_id.clone()?;
    Some(Destination::Ticket { provider: tracker_of(configuration, project, Some(&ticket))?, ticket })
}

/// A text field of the event that started the execution.
pub(crate) fn field<'a>(execution: &'a ExecutionRecord, name: &str) -> Option<&'a str> {
    execution.input.event.get(name)?.as_str()
}
