//! A project's own checks, for agents and as a step, with a runner that records its inputs.

use crate::session_script::{ADDED, call, change, finish, reply};
use crate::world::{BRANCH, World};
use async_trait::async_trait;
use domain::configuration::ProjectChecks;
use domain::{ActionError, CheckEnd, CheckReport, CheckRun, CheckRunner, CheckedFile, ErrorKind};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

const HEAD: &str = "def percent_of(cents: int, percent: int) -> int:";
const FILE: &str = "src/shop/money.py";

/// Records its inputs, and returns scripted reports. Everything else is tested with the real one, in `sandbox`.
#[derive(Debug)]
struct Keeper {
    set_ups: Mutex<Vec<(String, Vec<CheckedFile>)>>,
    runs: Mutex<Vec<CheckRun>>,
    report: CheckReport,
    refusal: Option<String>,
}

impl Keeper {
    fn new(report: CheckReport) -> Arc<Self> {
        Arc::new(Self { set_ups: Mutex::default(), runs: Mutex::default(), report, refusal: None })
    }
}

#[async_trait]
impl CheckRunner for Keeper {
    fn refusal(&self) -> Option<&str> {
        self.refusal.as_deref()
    }

    async fn is_set_up(&self, key: &str) -> bool {
        self.set_ups.lock().unwrap().iter().any(|(known, _)| known == key)
    }

    async fn set_up(
        &self,
        key: &str,
        files: Vec<CheckedFile>,
        _: &ProjectChecks,
    ) -> Result<CheckReport, ActionError> {
        self.set_ups.lock().unwrap().push((key.to_owned(), files));
        Ok(CheckReport::unrun())
    }

    async fn run(&self, run: CheckRun) -> Result<CheckReport, ActionError> {
        self.runs.lock().unwrap().push(run);
        Ok(self.report.clone())
    }
}

fn failed() -> CheckReport {
    CheckReport {
        end: CheckEnd::Exited(2),
        last: Some("test".into()),
        first_error: Some("AssertionError: 3".into()),
        last_lines: vec!["$ make test".into(), "AssertionError: 3".into()],
        changed_files: vec!["report.xml".into()],
    }
}

fn checks() -> Value {
    json!({"setup": "make install", "lint": "make lint", "test": "make test"})
}

async fn world(replies: Value, checks: Value) -> World {
    World::start_with(|world| {
        change(world, replies);
        if !checks.is_null() {
            world.configuration["projects"][0]["checks"] = checks;
        }
    })
    .await
}

fn content<'r>(files: &'r [CheckedFile], path: &str) -> &'r str {
    let file = files.iter().find(|file| file.path == path).unwrap();
    std::str::from_utf8(&file.content).unwrap()
}

/// Edits, runs the checks, and finishes with their output.
fn checking() -> Value {
    let edit = json!({"path": FILE, "old_string": HEAD, "new_string": format!("{HEAD}\n{ADDED}")});
    json!([
        reply(Some("First error: AssertionError: 3"), &[finish("done")]),
        reply(
            Some(ADDED.trim()),
            &[call("run_checks", json!({})), call("delete_file", json!({"path": FILE}))]
        ),
        reply(Some(HEAD), &[call("edit_file", edit)]),
        reply(None, &[call("read_file", json!({"path": FILE}))]),
    ])
}

#[tokio::test]
async fn an_agent_is_told_what_its_checks_came_to() {
    let keeper = Keeper::new(failed());
    let world = world(checking(), checks()).await.with_check_runner(keeper.clone());
    let report = world.whole_session("Develop").await.unwrap();
    assert_eq!(report["result"]["outcome"], "done", "{report}");
    let said = world.conversation(&report["session"]).await;
    let told = said.iter().find(|said| said.contains("First error")).unwrap();
    for words in [
        "Failed: `test` exited with code 2.",
        "Last 2 lines of output:\n\n$ make test\nAssertionError: 3",
        "which stay as they are in your workspace: report.xml",
        "Not run: it came after a call that ends a turn.",
    ] {
        assert!(told.contains(words), "{words} in {told}");
    }
    {
        let runs = keeper.runs.lock().unwrap();
        assert_eq!((runs.len(), &runs[0].names[..]), (1, &["lint", "test"][..]));
        assert!(content(&runs[0].files, FILE).contains(ADDED));
        assert!(runs[0].set_up.is_some());
    }
    // A repeat after that does nothing.
    let again = json!({"session": report["session"]});
    let again = world.step("Develop.Check", "run_checks", again).await.unwrap();
    assert_eq!((again["next"].as_str(), keeper.runs.lock().unwrap().len()), (Some("done"), 1));
    world.assert_no_violations();
}

#[tokio::test]
async fn setup_runs_on_the_base_branch() {
    let keeper = Keeper::new(failed());
    let world = world(json!([]), checks()).await.with_check_runner(keeper.clone());
    world.push_branch(BRANCH).await;
    let file = |path: &str, content: &str| json!({"path": path, "content": content});
    let files = [file(FILE, "steal()\n"), file("package-lock.json", "{}"), file("new.py", "new()\n")];
    let commit = json!({"branch": BRANCH, "message": "Steal", "files": files});
    world.step("Commit", "commit_changes", commit).await.unwrap();
    let output = world.step("Check", "run_checks", json!({"branch": BRANCH, "name": "test"})).await.unwrap();
    assert_eq!(
        (output["passed"].as_bool(), output["exit_code"].as_i64()),
        (Some(false), Some(2)),
        "{output}"
    );
    let set_ups = keeper.set_ups.lock().unwrap();
    assert!(set_ups.len() == 1 && content(&set_ups[0].1, FILE).contains(HEAD));
    assert!(set_ups[0].1.iter().all(|file| file.path != "new.py"));
    let runs = keeper.runs.lock().unwrap();
    assert_eq!((content(&runs[0].files, FILE), &runs[0].names[..]), ("steal()\n", &["test"][..]));
    assert_eq!(runs[0].set_up.as_ref(), Some(&set_ups[0].0));
}

#[tokio::test]
async fn nothing_is_offered_where_nothing_can_run() {
    let refusing = Keeper {
        refusal: Some("install bubblewrap".into()),
        ..Arc::into_inner(Keeper::new(failed())).unwrap()
    };
    let refusing: Arc<dyn CheckRunner> = Arc::new(refusing);
    let keeper: Arc<dyn CheckRunner> = Keeper::new(failed());
    let replies = || json!([reply(None, &[finish("blocked")])]);
    for (checks, runner, words) in [
        (checks(), None, "this installation runs no checks"),
        (Value::Null, Some(keeper), "declares no checks; declare them under `checks`"),
        (checks(), Some(refusing), "no checks can be run on this machine: install bubblewrap"),
    ] {
        let mut world = world(replies(), checks).await;
        if let Some(runner) = runner {
            world = world.with_check_runner(runner);
        }
        world.whole_session("Develop").await.unwrap();
        let asked = &world.requests("claude", "POST", "/v1/messages")[0].request;
        let tools: Vec<&str> =
            asked["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
        assert!(tools.contains(&"edit_file") && !tools.contains(&"run_checks"), "{tools:?}");
        let refused = world.step("Check", "run_checks", json!({})).await.unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Rejected);
        assert!(refused.message.contains(words), "{words}: {refused}");
    }
}

#[tokio::test]
async fn a_check_that_is_not_declared_is_named() {
    let world = world(json!([]), checks()).await.with_check_runner(Keeper::new(failed()));
    let refused = world.step("Check", "run_checks", json!({"name": "build"})).await.unwrap_err();
    assert!(refused.message.contains("declares no check `build`; declared: lint, test"), "{refused}");
}
