//! Where an execution reports: where the person who started it looks.

use domain::PluginType;
use domain::configuration::{Configuration, Provider};
use records::ExecutionRecord;

/// A place for the progress comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Destination {
    /// A comment on a ticket, an issue or a pull request.
    Ticket { provider: Provider, ticket: String },
    /// A message in a channel or thread.
    Chat { channel: String, thread: Option<String> },
}

/// Where the execution reports; `None` when nobody would see it. A sender that can be written to gets the answer itself; what
/// comes from elsewhere is answered on the ticket.
pub(crate) fn destination(execution: &ExecutionRecord, configuration: &Configuration) -> Option<Destination> {
    let source = execution.trigger.source();
    // A sender is named as the provider that it is.
    let sender: Option<Provider> = serde_json::from_value(source.as_str().into()).ok();
    let serves = |plugin| sender.filter(|sender| sender.serves().contains(&plugin));
    if serves(PluginType::Communication).is_some() {
        return chat(execution);
    }
    let provider = match serves(PluginType::TaskManagement) {
        Some(sender) => sender,
        None => tracker(execution, configuration)?,
    };
    Some(Destination::Ticket { provider, ticket: execution.task_id.clone()? })
}

/// Which tracker the ticket is in: `owner/name#12` is GitHub's wherever the project keeps its own tickets.
fn tracker(execution: &ExecutionRecord, configuration: &Configuration) -> Option<Provider> {
    if execution.task_id.as_ref()?.contains('#') {
        return Some(Provider::Github);
    }
    let project = configuration.project(execution.project.as_deref()?)?;
    project.providers.get(&PluginType::TaskManagement).copied()
}

fn chat(execution: &ExecutionRecord) -> Option<Destination> {
    let channel = field(execution, "channel")?.to_owned();
    // A message stands in a thread; a word of that name which a command captured is none.
    let thread = field(execution, "thread").filter(|_| field(execution, "message").is_some());
    Some(Destination::Chat { channel, thread: thread.map(str::to_owned) })
}

/// A text field of the event that started the execution.
pub(crate) fn field<'a>(execution: &'a ExecutionRecord, name: &str) -> Option<&'a str> {
    execution.input.event.get(name)?.as_str()
}
