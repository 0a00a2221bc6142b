//! What agents are doing, turn by turn, from their sessions' records.

use crate::exit::{Exit, Outcome};
use actions::agent::session::Said;
use domain::plugins::{Content, ToolCall};
use records::{SessionHead, Table};
use serde_json::Value;
use std::collections::BTreeMap;

/// Longer lines of a conversation are cut.
const LINE: usize = 120;

/// The agents of one execution, and how much of them was shown.
#[derive(Debug, Default)]
pub(super) struct Agents {
    shown: BTreeMap<String, Shown>,
}

/// How much of a session was shown.
#[derive(Debug, Default)]
struct Shown {
    version: u64,
    generation: u32,
    messages: usize,
    summary: String,
}

/// New activity in a session.
#[derive(Debug)]
pub(super) struct News {
    /// The session.
    pub(super) session: String,
    /// New messages and calls, one line each.
    pub(super) lines: Vec<String>,
    /// Its state: turn, plan, changed files and dollars; absent if unchanged.
    pub(super) summary: Option<String>,
}

impl Agents {
    /// The activity since the last call.
    ///
    /// # Errors
    /// Unreachable when the table does not answer or a record cannot be read.
    pub(super) async fn news(&mut self, table: &Table, execution: &str) -> Outcome<Vec<News>> {
        let mut all = Vec::new();
        for link in table.sessions_of(execution).await.map_err(Exit::unreachable)? {
            let head = table.session(&link.session).await.map_err(Exit::unreachable)?;
            let shown = self.shown.entry(link.session).or_default();
            match head.filter(|head| head.version > shown.version || shown.version == 0) {
                Some(head) => all.push(news(table, head, shown).await?),
                None => continue,
            }
        }
        Ok(all)
    }
}

async fn news(table: &Table, head: SessionHead, shown: &mut Shown) -> Outcome<News> {
    let messages = table.session_messages(&head.id, head.generation).await.map_err(Exit::unreachable)?;
    let before = if shown.generation == head.generation { shown.messages } else { 0 };
    let mut lines = Vec::new();
    for json in messages.iter().skip(before) {
        let said: Said = serde_json::from_slice(json).map_err(Exit::unreachable)?;
        lines.extend(lines_of(&said));
    }
    let files = table.session_files(&head).await.map_err(Exit::unreachable)?.len();
    let summary = summary(&head, files);
    let new_summary = (head.turn > 0 && shown.summary != summary).then(|| summary.clone());
    *shown = Shown { version: head.version, generation: head.generation, messages: messages.len(), summary };
    Ok(News { session: head.id, lines, summary: new_summary })
}

/// Turn, plan, changed files and dollars of a session.
fn summary(head: &SessionHead, files: usize) -> String {
    let mut parts = vec![format!("{} turn {}", head.agent, head.turn)];
    if head.plan_items > 0 {
        parts.push(format!("plan {} of {} done", head.plan_done, head.plan_items));
    }
    if files > 0 {
        parts.push(format!("{files} {} changed", if files == 1 { "file" } else { "files" }));
    }
    parts.push(head.spent.to_string());
    parts.join(" · ")
}

/// A line for the model's text, one for each call, and one for each failed call.
fn lines_of(said: &Said) -> Vec<String> {
    let text = said.text.lines().find(|line| !line.trim().is_empty());
    let mut lines: Vec<_> = text.map(|line| format!("  “{}”", cut(line))).into_iter().collect();
    lines.extend(said.calls.iter().map(|call| format!("  {}", described(call))));
    for part in &said.message.parts {
        if let Content::ToolResult { text, is_error: true, .. } = &part.content {
            lines.push(format!("    ✗ {}", cut(text.lines().next().unwrap_or_default())));
        }
    }
    lines
}

/// A call and its most informative input.
fn described(call: &ToolCall) -> String {
    let text = |field: &str| call.input.get(field).and_then(Value::as_str);
    let telling = ["pattern", "path", "from", "question", "outcome"].into_iter().find_map(text);
    let telling = telling.map(cut).or_else(|| {
        let items = call.input.get("items").and_then(Value::as_array)?;
        let done = items.iter().filter(|item| item["status"] == "done").count();
        Some(format!("{done} of {} done", items.len()))
    });
    match telling {
        Some(telling) => format!("{} {telling}", call.name),
        None => call.name.clone(),
    }
}

fn cut(line: &str) -> String {
    let line = line.trim();
    match line.char_indices().nth(LINE) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::plugins::{ModelMessage, Part};
    use serde_json::json;

    fn call(name: &str, input: Value) -> ToolCall {
        ToolCall { id: "toolu_1".into(), name: name.into(), input }
    }

    #[test]
    fn each_call_is_a_line_with_what_tells_most_of_it() {
        for (call, line) in [
            (call("edit_file", json!({"old_string": "a", "path": "src/a.rs"})), "edit_file src/a.rs"),
            (call("move_file", json!({"from": "a", "to": "b"})), "move_file a"),
            (call("list_files", json!({})), "list_files"),
            (call("finish", json!({"outcome": "done"})), "finish done"),
            (
                call("update_plan", json!({"items": [{"status": "done"}, {"status": "open"}]})),
                "update_plan 1 of 2 done",
            ),
            (call("search", json!({"pattern": "x".repeat(200)})), &format!("search {}…", "x".repeat(120))),
        ] {
            assert_eq!(described(&call), line);
        }
    }

    #[test]
    fn what_failed_is_shown_with_its_first_line() {
        let result = |text: &str, is_error| {
            Part::new(Content::ToolResult { call: "toolu_1".into(), text: text.into(), is_error })
        };
        let message =
            ModelMessage::ours(vec![result("fine", false), result("No match. Closest text:\n1\ta", true)]);
        let said = Said { message, calls: Vec::new(), text: String::new() };
        assert_eq!(lines_of(&said), ["    ✗ No match. Closest text:"]);
        let message = ModelMessage::ours(Vec::new());
        let said =
            Said { message, calls: vec![call("list_files", json!({}))], text: "\nI look.\nThen".into() };
        assert_eq!(lines_of(&said), ["  “I look.”", "  list_files"]);
    }
}
