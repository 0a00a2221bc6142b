//! An engine with actions that answer what a test tells them.

use crate::support::shipped;
use async_trait::async_trait;
use domain::execution::TaskPayload;
use engine::{Durability, Engine, ExecutionDescription, FunctionError, Invoke, Settings, SkippingClock};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use workflow::{Compilation, state_machine_placeholder, substitute};

/// What an action does the n-th time it is called, counted from 0.
type Answer = Box<dyn Fn(usize, &TaskPayload) -> Result<Value, FunctionError> + Send + Sync>;
/// What somebody answers to a parked action; `None` for nothing at all.
type Reply = Box<dyn Fn(&TaskPayload) -> Option<Result<Value, FunctionError>> + Send + Sync>;

/// The actions of these tests that change something outside, and what takes that back.
const EFFECTS: [(&str, Option<&str>); 4] = [
    ("CreateBranch", Some("delete_branch")),
    ("CommitChanges", Some("revert_commit")),
    ("CreatePullRequest", Some("close_pull_request")),
    ("SendMessage", None),
];

/// Actions that answer as told, and otherwise with a value of the right shape; every call is kept.
#[derive(Default)]
pub(crate) struct Actions {
    answers: BTreeMap<&'static str, Answer>,
    replies: BTreeMap<&'static str, Reply>,
    /// What was done outside and not taken back, oldest first.
    journal: Mutex<Vec<Value>>,
    calls: Mutex<Vec<(String, TaskPayload)>>,
    /// What was sent to be admitted; it is no call of the workflow's.
    admissions: Mutex<Vec<TaskPayload>>,
    engine: OnceLock<Engine>,
    /// How long actions work; those that are not named take no time.
    durations: BTreeMap<&'static str, Duration>,
    clock: OnceLock<Arc<SkippingClock>>,
}

impl Actions {
    pub(crate) fn with(
        mut self,
        function: &'static str,
        answer: impl Fn(usize, &TaskPayload) -> Result<Value, FunctionError> + Send + Sync + 'static,
    ) -> Self {
        self.answers.insert(function, Box::new(answer));
        self
    }

    /// An action that works for a while.
    pub(crate) fn taking(mut self, function: &'static str, seconds: u64) -> Self {
        self.durations.insert(function, Duration::from_secs(seconds));
        self
    }

    /// What somebody answers to a parked action.
    pub(crate) fn replying(
        mut self,
        function: &'static str,
        reply: impl Fn(&TaskPayload) -> Option<Result<Value, FunctionError>> + Send + Sync + 'static,
    ) -> Self {
        self.replies.insert(function, Box::new(reply));
        self
    }

    /// Keeps the journal that actions keep: effects by key, once, and gone when they are taken back.
    fn note(&self, function: &str, payload: &TaskPayload) {
        let mut journal = self.journal.lock().unwrap();
        if let Some(key) = payload.key.strip_suffix("/undo") {
            journal.retain(|effect| effect["key"] != key);
        } else if let Some((_, inverse)) = EFFECTS.iter().find(|(effect, _)| *effect == function)
            && !journal.iter().any(|effect| effect["key"] == *payload.key)
        {
            let inverse = inverse.map(|action| json!({"action": action, "input": {}}));
            journal.push(json!({"key": payload.key, "action": payload.state(), "inverse": inverse}));
        }
    }

    pub(crate) fn failing(self, function: &'static str, error: &'static str) -> Self {
        self.with(function, move |_, _| Err(FunctionError::new(error, "because")))
    }
}

#[async_trait]
impl Invoke for Actions {
    async fn invoke(&self, function: &str, payload: Value) -> Result<Value, FunctionError> {
        let payload: TaskPayload = serde_json::from_value(payload).unwrap();
        if function == "Admit" {
            self.admissions.lock().unwrap().push(payload.clone());
            let admitted = || Ok(json!({"grant": "configuration"}));
            return self.answers.get(function).map_or_else(admitted, |answer| answer(0, &payload));
        }
        let count = {
            let mut calls = self.calls.lock().unwrap();
            let count = calls.iter().filter(|(known, _)| known == function).count();
            calls.push((function.to_owned(), payload.clone()));
            count
        };
        if let Some(token) = &payload.task_token {
            let engine = self.engine.get().unwrap();
            let resumed = || Some(Ok(json!({"resumed": true, "conclusion": "success"})));
            match self.replies.get(function).map_or_else(resumed, |reply| reply(&payload)) {
                Some(Ok(output)) => engine.send_task_success(token, &output).await.unwrap(),
                Some(Err(error)) => {
                    let (name, cause) = (error.error_type, error.error_message);
                    engine.send_task_failure(token, &name, &cause).await.unwrap();
                }
                None => {}
            }
        }
        if let (Some(duration), Some(clock)) = (self.durations.get(function), self.clock.get()) {
            clock.advance(*duration);
        }
        let answer = match (self.answers.get(function), function) {
            (Some(answer), _) => answer(count, &payload)?,
            (None, "ListEffects") => {
                let journal = self.journal.lock().unwrap();
                json!({"effects": journal.iter().rev().collect::<Vec<_>>()})
            }
            (None, _) => usual(function),
        };
        self.note(function, &payload);
        Ok(answer)
    }
}

/// What an action gives when all goes well.
pub(crate) fn usual(function: &str) -> Value {
    let stored = json!({"ref": "r", "bytes": 1, "sha256": "0"});
    match function {
        "GetTask" => json!({"task": task()}),
        "AnalyzeCodebase" => json!({"analysis": stored, "relevant_files": [], "summary": "s"}),
        "GenerateImplementationPlan" => json!({"plan": stored, "files": [], "summary": "s"}),
        "GenerateCodeImplementation" => json!({"implementation": {
            "summary": "Adds a limit", "pr_title": "Limit carts", "pr_description": "It limits.", "documentation": "# Limits",
            "commit_message": "Limit carts", "files": ["a.rs"], "edits": stored
        }}),
        "OpenSession" => json!({"session": "s", "next": "think", "turn": 0}),
        "Think" => json!({"session": "s", "next": "run_tools", "turn": 1, "cost_usd": 0.1}),
        "RunTools" => json!({
            "session": "s", "next": "done", "turn": 1, "turns": 1, "question": null, "cost_usd": 0.1, "result": {
                "outcome": "done", "summary": "Adds a limit", "pr_title": "Limit carts", "pr_description": "It limits.",
                "branch": "feature/SHOP-1", "commit_message": "Limit carts", "tests": "None ran", "open_points": [],
                "implementation": usual("GenerateCodeImplementation")["implementation"],
            },
        }),
        "ReviewPush" => json!({"needed": false, "question": "", "details": "", "approvers": []}),
        "CommitChanges" => json!({"sha": "0a1b2c3d"}),
        "ReadChecks" => {
            json!({"verdict": "green", "summary": "All checks passed.", "log": "", "failures": null})
        }
        "MarkReady" => json!({"ready": true, "refusal": null}),
        "CreatePullRequest" => {
            json!({"branch": "b", "created": true, "files": ["a.rs"], "number": 7, "pr_url": "https://x/7", "reference": "acme/shop#7", "repository": "acme/shop"})
        }
        _ => json!({}),
    }
}

fn task() -> Value {
    let mut task = serde_json::to_value(domain::Task {
        task_id: "SHOP-1".into(),
        id: "SHOP-1".into(),
        title: "Limit carts".into(),
        ..serde_json::from_value(json!({"task_id": "", "title": ""})).unwrap()
    })
    .unwrap();
    task["repository_url"] = json!("https://github.com/acme/shop");
    task
}

/// How an execution ended, and what was called.
pub(crate) struct Ended {
    pub(crate) execution: ExecutionDescription,
    pub(crate) calls: Vec<(String, TaskPayload)>,
    pub(crate) admissions: Vec<TaskPayload>,
}

impl Ended {
    pub(crate) fn functions(&self) -> Vec<&str> {
        self.calls.iter().map(|(function, _)| function.as_str()).collect()
    }

    /// The name of the error it failed with.
    #[track_caller]
    pub(crate) fn error(&self) -> &str {
        assert_eq!(self.execution.status, "FAILED", "{:?}", self.execution.output);
        self.execution.error.as_deref().unwrap()
    }

    /// How long it took.
    pub(crate) fn seconds(&self) -> i64 {
        self.execution.stopped.unwrap().duration_since(self.execution.started).as_secs()
    }

    #[track_caller]
    pub(crate) fn input(&self, function: &str) -> &Value {
        &self.calls.iter().find(|(known, _)| known == function).unwrap().1.input
    }

    #[track_caller]
    pub(crate) fn output(&self) -> Value {
        assert_eq!(
            self.execution.status, "SUCCEEDED",
            "{:?} {:?}",
            self.execution.error, self.execution.cause
        );
        serde_json::from_str(self.execution.output.as_deref().unwrap()).unwrap()
    }

    #[track_caller]
    pub(crate) fn failure(&self) -> (&str, Value) {
        assert_eq!(self.execution.status, "FAILED");
        let cause = self.execution.cause.as_deref().unwrap();
        (
            self.execution.error.as_deref().unwrap(),
            serde_json::from_str(cause).unwrap_or_else(|_| cause.into()),
        )
    }
}

/// Runs a compiled workflow to its end; time is skipped, not slept.
pub(crate) async fn run(compilation: &Compilation, inputs: Value, actions: Actions) -> Ended {
    // The shipped workflows run this one.
    let checks = shipped("pull_request_checks");
    let runs_it = compilation.name != checks.name
        && compilation.definition.as_ref().is_some_and(|definition| {
            definition.to_string().contains(&state_machine_placeholder(&checks.name))
        });
    let others: &[&Compilation] = if runs_it { &[&checks] } else { &[] };
    run_among(compilation, others, inputs, actions).await
}

/// The same for a workflow that runs others, which come callees first.
pub(crate) async fn run_among(
    compilation: &Compilation,
    others: &[&Compilation],
    inputs: Value,
    actions: Actions,
) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    let actions = Arc::new(actions);
    let clock = Arc::new(SkippingClock::new("2026-01-01T00:00:00Z".parse().unwrap()));
    assert!(actions.clock.set(Arc::clone(&clock)).is_ok());
    let settings = Settings { durability: Durability::ProcessDeath, ..Settings::default() };
    let engine =
        Engine::open(&folder.path().join("log"), clock, Arc::clone(&actions) as Arc<dyn Invoke>, settings)
            .unwrap();
    assert!(actions.engine.set(engine.clone()).is_ok());
    let mut changes = engine.subscribe();
    engine.resume().await.unwrap();
    let mut machines: BTreeMap<String, String> = BTreeMap::new();
    let mut machine = String::new();
    for compilation in others.iter().copied().chain([compilation]) {
        let definition = substitute(compilation.definition.as_ref().unwrap(), |name| {
            name.strip_suffix("FunctionArn").map(str::to_owned).or_else(|| machines.get(name).cloned())
        });
        machine = engine.put_state_machine(&compilation.name, &definition.to_string()).await.unwrap();
        machines.insert(state_machine_placeholder(&compilation.name), machine.clone());
    }
    let input = json!({
        "inputs": inputs, "event": {}, "project": "SHOP",
        "actor": {"source": "jira", "id": "5b10"}, "parent": null
    });
    let execution = engine.start_execution(&machine, Some("jira-SHOP-1-ab"), &input).await.unwrap();
    loop {
        let change = changes.recv().await.unwrap();
        if change.execution_arn == execution && change.status != "RUNNING" {
            break;
        }
    }
    let calls = actions.calls.lock().unwrap().clone();
    let admissions = actions.admissions.lock().unwrap().clone();
    Ended { execution: engine.describe_execution(&execution).await.unwrap(), calls, admissions }
}
