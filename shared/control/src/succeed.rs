//! The successor of an execution that ends while words wait for the agents of its ticket: a revision that begins with them.

use crate::control::Control;
use crate::directory::Directory;
use crate::plan::{StartDecision, decide};
use crate::start::StartResult;
use domain::event::{Event, EventName, SAID_IN, SAID_ON, UPLOADED};
use domain::stored::cut_inline;
use records::{
    ExecutionRecord, Inbox, NewExecution, OpenedPullRequest, RecordsError, ReplyPlace, WaitingWord,
};
use serde_json::{Map, Value, json};

/// The successor of an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Successor {
    /// A revision has the ticket now.
    Begun {
        /// Its name.
        execution: String,
    },
    /// None can begin; the reason is for the authors of the words.
    None(String),
}

impl Control {
    /// Begins a revision with the words that wait for the agents of a ticket when an execution on it has ended. It takes the ticket over in
    /// one transaction, so that nothing comes between, and it is begun once.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn succeed(
        &self,
        directory: &Directory,
        ended: &ExecutionRecord,
        inbox: &Inbox,
    ) -> Result<Successor, RecordsError> {
        let none = |reason: &str| Ok(Successor::None(reason.to_owned()));
        let Some(first) = inbox.words.first() else { return none("nothing waits") };
        if inbox.words.iter().all(|waiting| waiting.word.text.starts_with(UPLOADED)) {
            return none("files without words ask for nothing");
        }
        let project = ended.project.as_deref().and_then(|key| directory.configuration().project(key));
        let (Some(project), Some(task_id)) = (project, ended.task_id.as_deref()) else {
            return none("its project is no longer configured");
        };
        let Some(opened) = self.table.pull_request_of_task(&project.repository, task_id).await? else {
            return none(&format!("it has no {} to revise", directory.pull_request_name(project)));
        };
        let routes = self.table.routes(self.clock.now()).await?;
        let request = match decide(directory, &routes, revision(&ended.name, first, inbox, &opened, task_id))
        {
            StartDecision::Start(request) => request,
            StartDecision::Ignore(_) => {
                return none(&format!("no workflow revises {}s", directory.pull_request_name(project)));
            }
            StartDecision::Refuse(reason) => return Ok(Successor::None(reason)),
        };
        if let Some(reason) = self.too_many_rounds(directory.configuration(), &request).await? {
            return Ok(Successor::None(reason));
        }
        let concurrency = request.concurrency;
        let (new, _) = self.new_execution(*request);
        let new: NewExecution = new.taking_over(&ended.name, inbox.clone());
        Ok(match self.start_new(&new, concurrency).await? {
            StartResult::Started { execution, .. }
            | StartResult::Pending { execution, .. }
            | StartResult::InLine { execution, .. }
            | StartResult::Duplicate { execution }
            | StartResult::AlreadyAtWork { execution } => Successor::Begun { execution },
        })
    }
}

/// The request for a revision that waiting words are.
fn revision(
    ended: &str,
    first: &WaitingWord,
    inbox: &Inbox,
    opened: &OpenedPullRequest,
    task_id: &str,
) -> Event {
    let mut fields: Map<String, Value> = Map::new();
    for (name, value) in [
        ("task_id", json!(task_id)),
        ("repository", json!(opened.repository)),
        ("number", json!(opened.number)),
        ("branch", json!(opened.branch)),
        ("comments", json!(cut_inline(&in_words(inbox)))),
        ("actor", json!(first.word.author.id)),
    ] {
        fields.insert(name.to_owned(), value);
    }
    if let Some(ReplyPlace::Ticket { task_id: place, restriction }) = &first.word.place {
        fields.insert(SAID_ON.to_owned(), json!(place));
        fields.insert("restriction".to_owned(), json!(restriction));
    }
    if let Some(channel) = said_in(inbox) {
        fields.insert(SAID_IN.to_owned(), json!(channel));
    }
    Event {
        kind: EventName::REVISION_REQUESTED,
        delivery: format!("words left by {ended}"),
        actor: Some(first.word.author.clone()),
        project: Some(opened.project.clone()),
        task_id: Some(task_id.to_owned()),
        fields,
    }
}

/// The channel of the chat in which all words were said. If some were said elsewhere, their authors may not see its files.
fn said_in(inbox: &Inbox) -> Option<&str> {
    let mut channels = inbox.words.iter().map(|waiting| match &waiting.word.place {
        Some(ReplyPlace::Thread { channel, .. }) => Some(channel.as_str()),
        _ => None,
    });
    let first = channels.next()??;
    channels.all(|channel| channel == Some(first)).then_some(first)
}

/// The words, with their authors if there are several.
fn in_words(inbox: &Inbox) -> String {
    match inbox.words.as_slice() {
        [only] => only.word.text.clone(),
        words => {
            let said = words.iter().map(|waiting| format!("{}:\n{}", waiting.author(), waiting.word.text));
            said.collect::<Vec<_>>().join("\n\n")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Actor, SourceName};
    use records::Word;

    fn said(channel: Option<&str>) -> WaitingWord {
        let source = SourceName::from_static("slack");
        let place = channel.map(|channel| ReplyPlace::Thread { channel: channel.into(), thread: "1".into() });
        let word = Word {
            source: source.clone(),
            delivery: "d".to_owned(),
            author: Actor { source, id: "U1".into(), display_name: None, person: None },
            may_trigger: true,
            text: "See this".to_owned(),
            place,
            review: None,
            at: jiff::Timestamp::UNIX_EPOCH,
        };
        WaitingWord { key: "k".to_owned(), word }
    }

    #[test]
    fn the_channel_counts_only_for_words_that_were_all_said_there() {
        let inbox = |channels: &[Option<&str>]| {
            let mut inbox = Inbox::default();
            inbox.words = channels.iter().map(|channel| said(*channel)).collect();
            inbox
        };
        assert_eq!(said_in(&inbox(&[Some("C1"), Some("C1")])), Some("C1"));
        for elsewhere in [&[][..], &[None], &[Some("C1"), None], &[Some("C1"), Some("C2")]] {
            assert_eq!(said_in(&inbox(elsewhere)), None, "{elsewhere:?}");
        }
    }
}
