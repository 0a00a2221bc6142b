//! A model that works in a session as a script says, and what drives it.

use crate::world::World;
use domain::ActionError;
use serde_json::{Value, json};
use simulators::claude::Reply;

/// The line that the scripted model adds.
pub(crate) const ADDED: &str = "    # Checked by the agent.";
const HEAD: &str = "def percent_of(cents: int, percent: int) -> int:";

/// The built-in world with a model that says these things: of the replies whose `for` occurs in a request, the first one.
pub(crate) async fn world(replies: Value) -> World {
    World::start_with(|world| change(world, replies)).await
}

pub(crate) fn change(world: &mut simulators::World, replies: Value) {
    let claude = world.section_mut::<simulators::claude::World>("claude").unwrap();
    claude.replies = serde_json::from_value::<Vec<Reply>>(replies).unwrap();
    world.configuration["budgets"]["per_task_usd"] = json!(1_000);
    world.configuration["budgets"]["per_user_month_usd"] = json!(10_000);
}

/// A call of a tool, as a block of a reply.
pub(crate) fn call(name: &str, input: Value) -> Value {
    json!({"tool_use": {"name": name, "input": input}})
}

/// A reply to requests that hold `about`.
pub(crate) fn reply(about: Option<&str>, content: &[Value]) -> Value {
    json!({"for": about, "times": 10_000, "content": content})
}

pub(crate) fn finish(outcome: &str) -> Value {
    let done = outcome == "done";
    let words = |text: &str| if done { text.to_owned() } else { String::new() };
    call(
        "finish",
        json!({
            "outcome": outcome, "summary": "Checked the rounding.", "pr_title": words("Check the rounding"),
            "pr_description": words("The rounding is checked."), "commit_message": words("Check the rounding"),
            "tests": "None were run.", "open_points": ["Does anybody round up?"]
        }),
    )
}

/// Reads a file, edits it, and finishes.
pub(crate) fn three_turns() -> Value {
    let edit =
        json!({"path": "src/shop/money.py", "old_string": HEAD, "new_string": format!("{HEAD}\n{ADDED}")});
    json!([
        reply(Some(ADDED.trim()), &[json!({"text": "I am done."}), finish("done")]),
        reply(Some(HEAD), &[call("edit_file", edit)]),
        reply(
            None,
            &[
                json!({"text": "I look first."}),
                call("read_file", json!({"path": "src/shop/money.py"})),
                call("list_files", json!({}))
            ]
        ),
    ])
}

impl World {
    /// Opens a session in a state.
    pub(crate) async fn open(&self, state: &str) -> Result<Value, ActionError> {
        let input = json!({"agent": "development", "task": self.task().await, "branch": "feature/SHOP-1"});
        self.step(state, "open_session", input).await
    }

    /// Performs the session's next need, as the loop of a workflow does.
    pub(crate) async fn next(&self, state: &str, report: &Value) -> Result<Value, ActionError> {
        let session = json!({"session": report["session"]});
        match report["next"].as_str().unwrap() {
            "think" => self.step(&format!("{state}.Think"), "think", session).await,
            "run_tools" => self.step(&format!("{state}.RunTools"), "run_tools", session).await,
            "load" => self.step(&format!("{state}.Load"), "load_paths", session).await,
            "check" => self.step(&format!("{state}.Check"), "run_checks", session).await,
            other => unreachable!("{other}"),
        }
    }

    /// Goes on until the session is done or asks.
    pub(crate) async fn until_it_stops(&self, state: &str, mut report: Value) -> Result<Value, ActionError> {
        for _ in 0..400 {
            if matches!(report["next"].as_str().unwrap(), "done" | "ask") {
                return Ok(report);
            }
            report = self.next(state, &report).await?;
        }
        unreachable!("the session does not end: {report}");
    }

    /// Opens a session and continues until it is done or asks.
    pub(crate) async fn whole_session(&self, state: &str) -> Result<Value, ActionError> {
        let opened = self.open(state).await?;
        self.until_it_stops(state, opened).await
    }

    /// The messages of a session: our text, and the tools that the model called.
    pub(crate) async fn conversation(&self, session: &Value) -> Vec<String> {
        let session = self.table.session(session.as_str().unwrap()).await.unwrap().unwrap();
        let messages = self.table.session_messages(&session.id, session.generation).await.unwrap();
        assert_eq!(messages.len(), usize::try_from(session.messages).unwrap());
        let read = |json: Vec<u8>| -> Value { serde_json::from_slice(&json).unwrap() };
        messages.into_iter().map(read).map(|said| words(&said)).collect()
    }
}

/// One message, without IDs.
fn words(said: &Value) -> String {
    let parts = said["message"]["parts"].as_array().unwrap().iter().map(|part| {
        let content = &part["content"];
        let text = content["text"].as_str().or(content["tool_result"]["text"].as_str());
        text.map(str::to_owned).unwrap_or_default()
    });
    let calls = said["calls"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|call| format!("{} {}", call["name"], call["input"]));
    parts.chain(calls).filter(|words| !words.is_empty()).collect::<Vec<_>>().join("\n---\n")
}
