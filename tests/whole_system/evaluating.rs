//! `ticketsmith eval`: a model works on tasks within a budget, and hidden tests say what came of it.

use crate::process::executable;
use crate::support::{World, WorldFile};
use crate::trying::{has_sandboxes, said, url_of};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;

const KEY: &str = "simulated-claude-key";
/// Runs every test of a task.
const RUN: &str = "for file in tests/*.sh; do sh \"$file\" || exit 1; done\n";
const HIDDEN: &str = "grep -qx 'Hello, World' greeting.txt\n";

/// Three tasks, and a model that solves the first, and answers the second wrong and with a script that runs no test.
struct Evaluation {
    world: World,
    place: TempDir,
}

fn call(name: &str, input: Value) -> Value {
    json!({"tool_use": {"name": name, "input": input}})
}

fn read(path: &str) -> Value {
    call("read_file", json!({"path": path}))
}

fn finish() -> Value {
    call(
        "finish",
        json!({"outcome": "done", "summary": "Greeted.", "pr_title": "Greet", "pr_description": "Greet", "commit_message": "Greet",
               "tests": "None.", "open_points": []}),
    )
}

fn replies() -> Value {
    let edit = |with: &str| {
        call("edit_file", json!({"path": "greeting.txt", "old_string": "Hello", "new_string": with}))
    };
    let cheat = call("write_file", json!({"path": "test.sh", "content": "exit 0\n"}));
    json!([
        {"for": "Greet the world", "times": 9, "turns": [
            {"content": [read("greeting.txt")]},
            {"content": [edit("Hello, World")]},
            {"content": [finish()]},
        ]},
        {"for": "Greet everybody", "times": 9, "turns": [
            {"content": [read("greeting.txt"), read("test.sh")]},
            {"content": [edit("Hello, Wrold"), cheat]},
            // Long answers are expensive.
            {"content": [finish()], "usage": {"input_tokens": 1000, "output_tokens": 15_000}},
        ]},
    ])
}

impl Evaluation {
    async fn new() -> Self {
        let world = WorldFile::quick_shop().edit(|document| document["claude"]["replies"] = replies());
        let evaluation =
            Self { world: world.simulate().await, place: TempDir::with_prefix("ticketsmith-eval-").unwrap() };
        std::fs::create_dir(evaluation.temporary()).unwrap();
        for (name, summary) in
            [("1-solved", "Greet the world"), ("2-wrong", "Greet everybody"), ("3-last", "Greet nobody")]
        {
            write_task(&evaluation.place.path().join("tasks").join(name), summary, HIDDEN);
        }
        evaluation
    }

    fn temporary(&self) -> PathBuf {
        self.place.path().join("tmp")
    }

    /// `ticketsmith eval`, as a person types it.
    fn command(&self, arguments: &[&str]) -> tokio::process::Command {
        let mut command = tokio::process::Command::new(executable());
        command
            .args(["eval", "--base-url", &url_of(&self.world, "claude")])
            .args(arguments)
            .env("ANTHROPIC_API_KEY", KEY)
            .env("OPENAI_API_KEY", KEY)
            .env("TMPDIR", self.temporary())
            .current_dir(self.place.path())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        let output = tokio::time::timeout(Duration::from_secs(180), self.command(arguments).output());
        output.await.expect("it ends").unwrap()
    }

    /// How many requests the model got.
    async fn asked(&self) -> usize {
        self.world.log().await.iter().filter(|entry| entry["service"] == "claude").count()
    }

    /// Nothing is left of it.
    fn is_clean(&self) -> bool {
        std::fs::read_dir(self.temporary()).unwrap().next().is_none()
    }
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn write_task(folder: &Path, summary: &str, hidden: &str) {
    let yaml = format!(
        "language: shell\nticket: {{ key: HI-1, summary: {summary}, description: As in the books }}\ntest: [sh, test.sh]\n"
    );
    for (path, text) in [
        ("task.yaml", yaml.as_str()),
        ("before/greeting.txt", "Hello\n"),
        ("before/test.sh", RUN),
        ("before/tests/own.sh", "grep -q Hello greeting.txt\n"),
        ("after/greeting.txt", "Hello, World\n"),
        ("hidden/tests/hidden.sh", hidden),
    ] {
        write(&folder.join(path), text);
    }
}

#[tokio::test]
async fn hidden_tests_decide_and_the_budget_ends_it() {
    let evaluation = Evaluation::new().await;
    if !has_sandboxes(evaluation.place.path(), "eval runs hidden tests") {
        let output = evaluation.run(&["tasks", "--budget", "1"]).await;
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains("are not run without isolation"), "{}", said(&output));
        assert_eq!(evaluation.asked().await, 0);
        return;
    }
    let bounds = ["--budget", "1.1", "--max-usd", "1"];
    let output = evaluation
        .run(&[&bounds[..], &["tasks", "--record", "cassettes", "--format", "json"]].concat())
        .await;
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let table: Value = serde_json::from_slice(&output.stdout).unwrap();
    let tasks = table["tasks"].as_array().unwrap();
    let rows: Vec<_> = tasks
        .iter()
        .map(|row| (row["task"].as_str(), row["hidden_tests"].as_str(), row["turns"].as_u64()))
        .collect();
    let expected = [
        (Some("1-solved"), Some("passed"), Some(3)),
        (Some("2-wrong"), Some("failed"), Some(3)),
        (Some("3-last"), Some("not_run"), None),
    ];
    assert_eq!(rows, expected, "{table:#}");
    assert_eq!((&tasks[0]["outcome"], &tasks[1]["outcome"]), (&json!("done"), &json!("done")));
    assert!(tasks[2]["outcome"].as_str().unwrap().starts_with("not run: $"), "{table:#}");
    let dollars: Vec<f64> = tasks.iter().map(|row| row["usd"].as_f64().unwrap()).collect();
    assert!(dollars[0] > 0.0 && dollars[1] > 0.15 && dollars[2] == 0.0, "{table:#}");
    let spent = table["spent_usd"].as_f64().unwrap();
    assert!((spent - dollars[0] - dollars[1]).abs() < 1e-9 && spent <= 1.1, "{table:#}");
    assert_eq!(table["solved"], 1);

    let mut cassettes = Vec::new();
    for task in ["1-solved", "2-wrong"] {
        for entry in std::fs::read_dir(evaluation.place.path().join("cassettes").join(task)).unwrap() {
            cassettes.push(std::fs::read_to_string(entry.unwrap().path()).unwrap());
        }
    }
    assert_eq!(cassettes.len(), evaluation.asked().await, "each request has a cassette");
    for text in &cassettes {
        assert!(!text.contains(KEY), "{text}");
        let cassette: Value = serde_json::from_str(text).unwrap();
        assert_eq!(
            (&cassette["response"]["status"], &cassette["response"]["is_whole"]),
            (&json!(200), &json!(true))
        );
        let body: Value = serde_json::from_str(cassette["request"]["body"].as_str().unwrap()).unwrap();
        assert!(body["messages"].is_array());
    }
    assert!(evaluation.is_clean(), "{}", said(&output));
    let again = evaluation.run(&["tasks", "--budget", "1", "--record", "cassettes"]).await;
    assert_eq!(again.status.code(), Some(2), "{}", said(&again));

    // For people, and with nothing that failed.
    let output = evaluation.run(&["tasks", "--budget", "1", "--task", "1-solved"]).await;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "| task | outcome | hidden tests | turns | dollars | minutes |");
    assert!(lines[2].starts_with("| 1-solved | done | passed | 3 | $0.0"), "{text}");
    assert!(text.contains(": 1 of 1 tasks solved, for $0.0"), "{text}");
}

#[tokio::test]
async fn what_cannot_be_measured_is_refused_before_anything_is_paid() {
    let evaluation = Evaluation::new().await;
    write(&evaluation.place.path().join("full/file"), "");
    write(&evaluation.place.path().join("half/task/before/file"), "");
    std::fs::create_dir(evaluation.place.path().join("empty")).unwrap();
    let mut refused = vec![
        (vec!["--budget", "1"], "tests/tasks: no such folder"),
        (vec!["empty", "--budget", "1"], "empty: contains no tasks"),
        (vec!["half", "--budget", "1"], "half/task: not a task, because it has no task.yaml"),
        (vec!["tasks"], "--budget"),
        (vec!["tasks", "--budget", "0"], "above 0"),
        (vec!["tasks", "--budget", "1", "--max-usd", "2"], "no task could begin"),
        (vec!["tasks", "--budget", "1", "--task", "4"], "accepted: 1-solved, 2-wrong, 3-last"),
        (vec!["tasks", "--budget", "1", "--record", "full"], "--record full: it is not empty"),
        (
            vec!["tasks", "--budget", "1", "--ai", "openai", "--record", "new"],
            "with --record, requests go through",
        ),
    ];
    if has_sandboxes(evaluation.place.path(), "eval checks tasks before it pays") {
        for (folder, hidden) in [("shows-nothing", "true\n"), ("broken", "no-such-program\n")] {
            write_task(&evaluation.place.path().join(folder).join("task"), "Greet", hidden);
        }
        refused.push((
            vec!["shows-nothing", "--budget", "1"],
            "its hidden tests pass before anything is changed",
        ));
        refused.push((vec!["broken", "--budget", "1"], "do not pass on its own reference"));
    }
    for (arguments, words) in refused {
        let output = evaluation.run(&arguments).await;
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", said(&output));
        assert!(said(&output).contains(words), "{words} in {}", said(&output));
    }
    let keyless = || evaluation.command(&["tasks", "--budget", "1"]);
    let unset = keyless().env_remove("ANTHROPIC_API_KEY").output().await;
    let empty = keyless().env("ANTHROPIC_API_KEY", "").output().await;
    for keyless in [unset.unwrap(), empty.unwrap()] {
        assert!(
            keyless.status.code() == Some(2) && said(&keyless).contains("ANTHROPIC_API_KEY"),
            "{}",
            said(&keyless)
        );
    }
    assert_eq!(evaluation.asked().await, 0);
    assert!(evaluation.is_clean());
}
