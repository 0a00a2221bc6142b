//! Where an execution reports: where the person who started it looks.

use domain::configuration::{Configuration, Provider};
use domain::{EventKind, PluginType, Source};
use records::ExecutionRecord;

/// A place for the progress comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Destination {
    /// A comment on a ticket, an issue or a pull request.
    Ticket { provider: Provider, ticket: String },
    /// A message in a channel or thread.
    Chat { channel: String, thread: Option<String> },
}

/// Where the execution reports; `None` when nobody would see it.
pub(crate) fn destination(execution: &ExecutionRecord, configuration: &Configuration) -> Option<Destination> {
    let ticket = |provider| {
        let ticket = execution.task_id.clone()?;
        Some(Destination::Ticket { provider, ticket })
    };
    match execution.trigger.source() {
        Source::Slack => chat(execution),
        Source::Jira => ticket(Provider::Jira),
        Source::Github => ticket(Provider::Github),
        Source::Schedule | Source::Api => ticket(tracker(execution, configuration)?),
    }
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
    let thread = field(execution, "thread").filter(|_| execution.trigger == EventKind::SlackMentioned);
    Some(Destination::Chat { channel, thread: thread.map(str::to_owned) })
}

/// A text field of the event that started the execution.
pub(crate) fn field<'a>(execution: &'a ExecutionRecord, name: &str) -> Option<&'a str> {
    execution.input.event.get(name)?.as_str()
}
