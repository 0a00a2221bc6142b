//! Steps that wait: for people, for events, for a time, for other workflows.

use crate::bench::{Actions, Ended, run, run_among};
use crate::support::{folder, right};
use engine::FunctionError;
use serde_json::{Value, json};
use workflow::Compilation;

/// Asks, and tells how it went.
fn asking(more: &str) -> Compilation {
    right(&format!(
        "name: Ask
steps:
  - name: ask
    type: approval
    question: Ship it?
    approvers: [engineering]
    outputs: {{ by: answer.by, via: answer.via }}
{more}  - {{ name: tell, plugin: communication, action: send_message, inputs: {{ message: \"${{answer.via}}${{answer.by}}\" }} }}
"
    ))
}

fn answering(reply: impl Fn() -> Option<Result<Value, FunctionError>> + Send + Sync + 'static) -> Actions {
    Actions::default().replying("RequestApproval", move |_| reply())
}

fn yes() -> Actions {
    answering(|| {
        Some(Ok(json!({"by": "ada", "via": "slack", "at": "2026-01-01T00:00:00Z", "comment": null})))
    })
}

fn no() -> Actions {
    answering(|| Some(Err(FunctionError::new("Declined", "not today"))))
}

fn nobody() -> Actions {
    answering(|| None)
}

fn message(ended: &Ended) -> &Value {
    &ended.input("SendMessage")["message"]
}

#[tokio::test]
async fn a_yes_goes_on_and_says_who() {
    let ended = run(&asking(""), json!({}), yes()).await;
    assert_eq!(message(&ended), "slackada");
    let (_, asked) = &ended.calls[0];
    let question = json!({
        "question": "Ship it?", "details": null, "approvers": ["engineering"], "timeout_seconds": 604_800,
    });
    assert_eq!(asked.input, question);
    assert!(asked.task_token.is_some() && asked.state() == "Ask");
}

#[tokio::test]
async fn a_question_names_the_moves_that_answer_it() {
    let moves = "    approve_status: Approved\n    decline_status: to_do\n";
    let ended = run(&asking(moves), json!({}), yes()).await;
    let (_, asked) = &ended.calls[0];
    assert_eq!(
        (&asked.input["approve_status"], &asked.input["decline_status"]),
        (&json!("Approved"), &json!("to_do"))
    );
}

#[tokio::test]
async fn a_no_is_the_error_declined() {
    let ended = run(&asking(""), json!({}), no()).await;
    assert_eq!(ended.failure(), ("Declined", json!("not today")));
    assert_eq!(ended.functions(), ["RequestApproval"]);
    let ended = run(&asking("    on_error: retry\n"), json!({}), no()).await;
    assert_eq!(ended.functions(), ["RequestApproval"], "nobody is asked again after a no");
    let tolerated = asking("    on_error: continue\n").definition.is_some();
    assert!(tolerated);
}

#[tokio::test]
async fn silence_means_what_the_step_says() {
    let ended = run(&asking(""), json!({}), nobody()).await;
    assert_eq!(ended.execution.error.as_deref(), Some("States.Timeout"));
    let ended = run(&asking("    on_timeout: approve\n    timeout: 2d\n"), json!({}), nobody()).await;
    assert_eq!(message(&ended), "timeout");
    let ended = run(&asking("    on_timeout: decline\n"), json!({}), nobody()).await;
    assert_eq!(ended.failure(), ("Declined", json!("nobody answered in time")));

    let tolerated = asking("    on_timeout: decline\n    on_error: continue\n").definition.unwrap();
    assert_eq!(tolerated["States"]["Ask"]["TimeoutSeconds"], 604_800);
    let text = "name: Ask
steps:
  - { name: ask, type: approval, message: Ship it?, approvers: [engineering], on_timeout: decline, on_error: continue }
  - { name: tell, plugin: communication, action: send_message, inputs: { message: \"${ask_error != null ? ask_error.error & ': ' & ask_error.cause : 'fine'}\" } }
";
    let ended = run(&right(text), json!({}), nobody()).await;
    assert_eq!(message(&ended), "Declined: nobody answered in time");
    let ended = run(&right(&text.replace("decline,", "fail,")), json!({}), nobody()).await;
    assert_eq!(message(&ended), "States.Timeout: ");
    assert_eq!(message(&run(&right(text), json!({}), yes()).await), "fine");
}

#[tokio::test]
async fn a_timeout_may_be_rolled_back() {
    let text = "name: Ask
steps:
  - { name: branch, plugin: version_control, action: create_branch, inputs: { branch: b } }
  - { name: ask, type: approval, question: Ship it?, approvers: [engineering], on_timeout: decline, on_error: rollback }
";
    let ended = run(&right(text), json!({}), nobody()).await;
    let (error, cause) = ended.failure();
    assert_eq!(
        (error, &cause["step"], &cause["error"], &cause["undone"]),
        ("RolledBack", &json!("ask"), &json!("Declined"), &json!(["Branch"]))
    );
}

#[tokio::test]
async fn an_event_gives_its_fields() {
    let text = "name: Wait
steps:
  - name: checks
    type: wait
    event: github.checks_completed
    match: { repository: acme/shop, sha: \"${sha}\" }
    timeout: 2h
    outputs: { conclusion: conclusion }
  - { name: tell, plugin: communication, action: send_message, inputs: { message: \"${conclusion}\" } }
";
    let done = Actions::default().replying("AwaitEvent", |_| {
        Some(Ok(json!({"repository": "acme/shop", "sha": "1", "conclusion": "success"})))
    });
    let ended = run(&right(text), json!({"sha": "1"}), done).await;
    assert_eq!(message(&ended), "success");
    assert_eq!(
        ended.input("AwaitEvent"),
        &json!({"event": "github.checks_completed", "match": {"repository": "acme/shop", "sha": "1"}})
    );
    let ended =
        run(&right(text), json!({"sha": "1"}), Actions::default().replying("AwaitEvent", |_| None)).await;
    assert_eq!(ended.execution.error.as_deref(), Some("States.Timeout"));
}

#[tokio::test]
async fn time_passes() {
    let text = "name: Wait
inputs: { at: string, minutes: { type: integer, default: 1 } }
steps:
  - { name: a_while, type: wait, for: 1h 30m }
  - { name: some_minutes, type: wait, for: \"${minutes * 60}\" }
  - { name: the_day, type: wait, until: \"${at}\" }
outputs: { at: \"${at}\" }
";
    let compiled = right(text);
    let states = &compiled.definition.as_ref().unwrap()["States"];
    assert_eq!(states["AWhile"]["Seconds"], 5400);
    assert!(states["SomeMinutes"]["Seconds"].as_str().unwrap().starts_with("{% $max([0, $ceil("));
    assert_eq!(states["TheDay"]["Timestamp"], "{% $states.context.Execution.Input.inputs.at %}");
    let ended = run(&compiled, json!({"at": "2026-02-01T00:00:00Z"}), Actions::default()).await;
    assert_eq!(ended.output(), json!({"at": "2026-02-01T00:00:00Z"}));
}

const CHILD: &str = "name: Child
inputs: { word: string, times: { type: integer, default: 2 } }
steps:
  - { name: say, plugin: communication, action: send_message, inputs: { message: \"${word}${times}\" }, outputs: { message_id: id } }
outputs: { id: \"${id}\", length: \"${$length(word)}\" }
";

#[tokio::test]
async fn a_workflow_runs_another_and_takes_its_outputs() {
    let [parent, child] = folder([
        ("parent", "name: Parent
steps:
  - name: each
    type: foreach
    items: [hi, hello]
    as: word
    max_concurrency: 1
    steps:
      - { name: call, type: workflow, workflow: the-child, inputs: { word: \"${word}\" }, outputs: { id: id, length: letters }, timeout: 1h }
    result: \"${id}:${letters + 1}\"
    outputs: { results: ids }
outputs: { ids: \"${ids}\" }
"),
        ("the-child", CHILD),
    ]);
    let actions = Actions::default().with("SendMessage", |_, payload| {
        Ok(json!({"message_id": payload.input["message"], "url": null, "channel": "c"}))
    });
    let ended = run_among(&parent, &[&child], json!({}), actions).await;
    assert_eq!(ended.output(), json!({"ids": ["hi2:3", "hello2:6"]}));
    let (_, first) = &ended.calls[0];
    assert_eq!(first.key, format!("{}/Call.0/Say", first.run));
    assert!(first.run.ends_with("jira-SHOP-1-ab"), "{}", first.run);
    assert_eq!((first.project.as_deref(), first.actor.as_ref().unwrap().id.as_str()), (Some("SHOP"), "5b10"));

    let actions = Actions::default().failing("SendMessage", "Rejected");
    let ended = run_among(&parent, &[&child], json!({}), actions).await;
    assert_eq!(ended.failure().0, "States.TaskFailed");
}
