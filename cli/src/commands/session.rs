//! `ticketsmith session`: shows what an agent did in an execution: the conversation, its plan, and the change.

use crate::connection::Connection;
use crate::exit::{Exit, Outcome};
use crate::place::PlaceArgument;
use crate::steering::no_execution;
use actions::agent::session::{FileView, Said, SessionView, view};
use domain::plugins::{Content, Speaker};
use domain::text::printable;
use edits::PlanStatus;
use jiff::Timestamp;
use similar::TextDiff;
use std::fmt::Write;

/// `ticketsmith session`
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The name of the execution.
    #[arg(value_name = "EXECUTION")]
    execution: String,
    #[command(flatten)]
    place: PlaceArgument,
}

const EXAMPLES: &str = "\
Examples:
  ticketsmith session jira-SHOP-1-9f86d081884c7d659a2feaa0c55ad015

Exit codes: 0 found · 1 no such execution, or no agent worked in it · 3 neither `serve` nor the stage is reachable";

/// A longer text is cut, in characters.
const MOST_OF_A_TEXT: usize = 4_000;

/// Runs the command.
///
/// # Errors
/// A negative answer if no agent worked in the execution; unreachable if neither `serve` nor the stage answers.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    let connection = Connection::open(&arguments.place).await?;
    let (table, name) = (&connection.table, &arguments.execution);
    if table.execution(name).await.map_err(Exit::unreachable)?.is_none() {
        let control = connection.control();
        let directory = control.directory().await.map_err(Exit::unreachable)?;
        return Err(Exit::negative(match directory.ticket(name) {
            Ok(ticket) => {
                let task_id = ticket.task_id();
                format!(
                    "`{name}` is a ticket; `ticketsmith status {task_id}` lists its executions, and `session` takes one of them"
                )
            }
            Err(_) => no_execution(name),
        }));
    }
    let links = table.sessions_of(name).await.map_err(Exit::unreachable)?;
    let mut shown = 0;
    for link in links {
        let session = view(table, &link.session, Timestamp::now()).await.map_err(Exit::unreachable)?;
        if let Some(session) = session {
            // In a pager too: files and models may hold anything.
            print!("{}", printable(&text(&link.state, &session)));
            shown += 1;
        }
    }
    if shown == 0 {
        return Err(Exit::negative(format!("no agent worked in `{name}`, or its session has expired")));
    }
    Ok(())
}

/// The session as people read it.
fn text(state: &str, session: &SessionView) -> String {
    let head = &session.head;
    let mut text = format!(
        "Session {} of the agent {} in the step {state}: {} turns, {}\n",
        head.id, head.agent, head.turn, head.spent
    );
    for (generation, messages) in (1..).zip(&session.generations) {
        if session.generations.len() > 1 {
            let _ = writeln!(text, "\n== Generation {generation}");
        }
        messages.iter().for_each(|said| write_message(&mut text, said));
    }
    if !session.plan.is_empty() {
        text.push_str("\n== Plan\n");
    }
    for item in &session.plan {
        let mark = match item.status {
            PlanStatus::Open => " ",
            PlanStatus::InProgress => ">",
            PlanStatus::Done => "x",
            PlanStatus::Dropped => "-",
        };
        let _ = writeln!(text, "[{mark}] {}", item.text);
    }
    if !session.files.is_empty() {
        text.push_str("\n== Change\n");
    }
    for (path, file) in &session.files {
        write_diff(&mut text, path, file);
    }
    text
}

/// A message without thinking blocks, which are only sent back and never read.
fn write_message(text: &mut String, said: &Said) {
    if said.message.speaker == Speaker::Model {
        text.push_str("\n-- Model\n");
        if !said.text.is_empty() {
            let _ = writeln!(text, "{}", cut(&said.text));
        }
        for call in &said.calls {
            let _ = writeln!(text, "{} {}", call.name, cut(&call.input.to_string()));
        }
        return;
    }
    text.push_str("\n-- Ticketsmith\n");
    for part in &said.message.parts {
        match &part.content {
            Content::Text(words) => {
                let _ = writeln!(text, "{}", cut(words));
            }
            Content::ToolResult { text: result, is_error, .. } => {
                let sign = if *is_error { "! " } else { "= " };
                let _ = writeln!(text, "{sign}{}", cut(result));
            }
            Content::Image { media_type, .. } => {
                let _ = writeln!(text, "({media_type})");
            }
            Content::ToolCall(_) | Content::Opaque(_) => {}
        }
    }
}

fn write_diff(text: &mut String, path: &str, file: &FileView) {
    // Whoever approves the change sees all of it.
    if file.is_executable {
        let _ = writeln!(text, "{path} is executable");
    }
    if let Some(from) = &file.moved_from {
        let replaced = if file.before.is_some() { ", in place of what was there" } else { "" };
        let _ = writeln!(text, "{path}: moved from {from}{replaced}");
        return;
    }
    match (&file.before, &file.after) {
        (None, None) => {
            let _ = writeln!(text, "{path}: deleted, or no text");
        }
        (before, after) if before.as_deref().unwrap_or_default() == after.as_deref().unwrap_or_default() => {
            let what = match after {
                Some(text) if text.is_empty() => "empty",
                Some(_) => "only its mode changed",
                None => "deleted; it was empty",
            };
            let _ = writeln!(text, "{path}: {what}");
        }
        (before, after) => {
            let name = |side: &Option<String>| if side.is_some() { path } else { "/dev/null" };
            let (old, new) = (before.as_deref().unwrap_or_default(), after.as_deref().unwrap_or_default());
            let diff = TextDiff::from_lines(old, new);
            let _ = write!(text, "{}", diff.unified_diff().header(name(before), name(after)));
        }
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MOST_OF_A_TEXT) {
        Some((at, _)) => format!("{}… (cut)", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::plugins::{ModelMessage, Part, ToolCall};
    use serde_json::json;

    #[test]
    fn thoughts_are_not_shown_and_calls_are() {
        let thought = r#"{"type":"thinking","thinking":"secret"}"#;
        let said = Said {
            message: ModelMessage {
                speaker: Speaker::Model,
                parts: vec![Part::new(Content::Opaque(thought.into()))],
            },
            calls: vec![ToolCall { id: "1".into(), name: "read_file".into(), input: json!({"path": "a"}) }],
            text: "I look.".into(),
        };
        let mut text = String::new();
        write_message(&mut text, &said);
        assert_eq!(text, "\n-- Model\nI look.\nread_file {\"path\":\"a\"}\n");
    }

    #[test]
    fn a_change_is_a_unified_diff() {
        let mut text = String::new();
        let view = |before: Option<&str>, after: Option<&str>, is_executable| FileView {
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
            moved_from: None,
            is_executable,
        };
        let file = view(Some("a\nb\n"), Some("a\nc\n"), false);
        write_diff(&mut text, "x.py", &file);
        assert_eq!(text, "--- x.py\n+++ x.py\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n");
        text.clear();
        write_diff(&mut text, "y.py", &view(None, Some("a\n"), false));
        assert!(text.starts_with("--- /dev/null\n+++ y.py\n"), "{text}");
        for (before, after, is_executable, shown) in [
            (None, Some(""), false, "z: empty\n"),
            (Some(""), None, false, "z: deleted; it was empty\n"),
            (Some("a\n"), Some("a\n"), true, "z is executable\nz: only its mode changed\n"),
            (None, Some("a\n"), true, "z is executable\n--- /dev/null\n+++ z\n"),
        ] {
            text.clear();
            write_diff(&mut text, "z", &view(before, after, is_executable));
            assert!(text.starts_with(shown), "{text}");
        }
        text.clear();
        write_diff(&mut text, "z", &FileView { moved_from: Some("y".into()), ..view(None, None, true) });
        assert_eq!(text, "z is executable\nz: moved from y\n");
        text.clear();
        write_diff(
            &mut text,
            "z",
            &FileView { moved_from: Some("y".into()), ..view(Some("a"), None, false) },
        );
        assert_eq!(text, "z: moved from y, in place of what was there\n");
    }
}
