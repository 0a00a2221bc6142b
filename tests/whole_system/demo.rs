//! `demo`: its leftovers, its first checks, and the next steps that it prints.

use crate::folders::copy_folder;
use crate::process::executable;
use crate::support::{EXECUTION_LIMIT, eventually, worlds};
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Output, Stdio};
use tempfile::TempDir;
use tokio::process::Command;

/// `demo` with a separate folder for temporary files.
pub(crate) fn demo(temporary: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(executable());
    command.arg("demo").args(arguments).env("TMPDIR", temporary).env_remove("TICKETSMITH_DESCRIPTIONS");
    command.current_dir(temporary).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.kill_on_drop(true);
    command
}

pub(crate) fn entries(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The `serve` that a demo in this folder has announced.
fn announced(temporary: &Path) -> Option<Value> {
    let folder = entries(temporary).into_iter().find(|name| name.starts_with("ticketsmith-demo-"))?;
    let running = std::fs::read(temporary.join(folder).join(".ticketsmith/running.json")).ok()?;
    serde_json::from_slice(&running).ok()
}

#[cfg(unix)]
#[tokio::test]
async fn an_interrupted_demo_leaves_nothing_behind() {
    use rustix::process::{Pid, Signal, kill_process, test_kill_process};
    let temporary = TempDir::new().unwrap();
    let child = demo(temporary.path(), &["--keep"]).spawn().unwrap();
    let running =
        eventually("the demo's `serve`", EXECUTION_LIMIT, async || announced(temporary.path())).await;
    let pid = |id: u64| Pid::from_raw(i32::try_from(id).unwrap()).unwrap();
    let serve = pid(running["process"].as_u64().unwrap());
    test_kill_process(serve).unwrap();
    kill_process(pid(child.id().unwrap().into()), Signal::INT).unwrap();
    let Output { status, stderr, .. } = child.wait_with_output().await.unwrap();
    assert_eq!(status.code(), Some(1), "{}", text(&stderr));
    assert!(text(&stderr).contains("everything was stopped and removed"), "{}", text(&stderr));
    assert!(test_kill_process(serve).is_err(), "`serve` is still there");
    assert_eq!(entries(temporary.path()), Vec::<String>::new());
}

/// The processes that a process has started and that still run, by what the system knows.
#[cfg(target_os = "linux")]
fn children(parent: u32) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter(|id| parent_of(*id) == Some(parent)).collect()
}

/// The parent of a process that still runs: one that has ended may be listed until somebody takes note of its end.
#[cfg(target_os = "linux")]
fn parent_of(id: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // After the name, which may contain anything: the state and the parent.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let runs = fields.next()? != "Z";
    fields.next()?.parse().ok().filter(|_| runs)
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_processes_of_a_killed_demo_end() {
    let temporary = TempDir::new().unwrap();
    let mut killed = demo(temporary.path(), &["--keep"]).spawn().unwrap();
    eventually("the demo's `serve`", EXECUTION_LIMIT, async || announced(temporary.path())).await;
    let started = children(killed.id().unwrap());
    assert_eq!(started.len(), 2, "`simulate` and `serve`");
    killed.kill().await.unwrap();
    eventually("the end of `simulate` and `serve`", EXECUTION_LIMIT, async || {
        started.iter().all(|id| parent_of(*id).is_none()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_demo_that_nobody_reads_leaves_nothing_behind() {
    use rustix::process::{Pid, test_kill_process};
    let temporary = TempDir::new().unwrap();
    let mut child = demo(temporary.path(), &["--keep"]).spawn().unwrap();
    let running =
        eventually("the demo's `serve`", EXECUTION_LIMIT, async || announced(temporary.path())).await;
    let serve = Pid::from_raw(i32::try_from(running["process"].as_u64().unwrap()).unwrap()).unwrap();
    // The reader goes, as `head` does.
    drop(child.stdout.take());
    let Output { status, stderr, .. } = child.wait_with_output().await.unwrap();
    assert_eq!(status.code(), Some(0), "{}", text(&stderr));
    eventually("`serve` to end", EXECUTION_LIMIT, async || test_kill_process(serve).is_err().then_some(()))
        .await;
    assert_eq!(entries(temporary.path()), Vec::<String>::new());
}

#[tokio::test]
async fn a_limit_that_is_over_is_called_so_and_stops_everything() {
    let temporary = TempDir::new().unwrap();
    let Output { status, stderr, .. } =
        demo(temporary.path(), &["--limit-seconds", "1"]).output().await.unwrap();
    assert_eq!(status.code(), Some(1), "{}", text(&stderr));
    assert!(text(&stderr).contains("did not end within 1 s and was stopped"), "{}", text(&stderr));
    assert!(!text(&stderr).contains("still running"), "{}", text(&stderr));
    assert_eq!(entries(temporary.path()), Vec::<String>::new());
}

/// The shop with an agent that reads a file and then makes this call, in a folder.
pub(crate) fn shop_where_the_agent_calls(place: &Path, name: &str, input: Value) -> std::path::PathBuf {
    let shipped = worlds().join("shop.yaml");
    let mut world: Value = serde_saphyr::from_str(&std::fs::read_to_string(shipped).unwrap()).unwrap();
    let call = |name: &str, input: Value| json!([{"tool_use": {"name": name, "input": input}}]);
    world["claude"]["replies"] = json!([
        {"for": "You are the development agent of Ticketsmith", "content": call("list_files", json!({}))},
        {"for": "You are the development agent of Ticketsmith", "content": call(name, input)},
    ]);
    world.as_object_mut().unwrap().remove("stacks");
    copy_folder(&worlds().join("shop-repository"), &place.join("shop-repository"));
    let file = place.join("world.yaml");
    std::fs::write(&file, world.to_string()).unwrap();
    file
}

#[tokio::test]
async fn without_a_pull_request_the_agent_is_quoted_and_a_question_ends_the_demo() {
    let blocked = json!({"outcome": "blocked", "summary": "Nobody says which codes there are."});
    let asks = json!({"question": "Which codes are there?"});
    for (name, input, words) in [
        ("finish", blocked, "; the agent says: Nobody says which codes there are."),
        ("ask_person", asks, "the agent stopped to ask: Which codes are there?; nobody answers in a demo"),
    ] {
        let temporary = TempDir::new().unwrap();
        let place = TempDir::new().unwrap();
        let world = shop_where_the_agent_calls(place.path(), name, input);
        let arguments = ["--world", world.to_str().unwrap(), "--json", "--export", "clone"];
        let output = demo(temporary.path(), &arguments).output();
        let output = tokio::time::timeout(EXECUTION_LIMIT, output).await.expect("it ends by itself");
        let Output { status, stdout, stderr } = output.unwrap();
        assert_eq!(status.code(), Some(1), "{}", text(&stderr));
        assert!(text(&stderr).contains(words), "{words} in {}", text(&stderr));
        let document: Value = serde_json::from_slice(&stdout).unwrap();
        let question = if name == "ask_person" { json!("Which codes are there?") } else { Value::Null };
        assert_eq!(document["question"], question, "{document:#}");
        assert!(!document["execution"].as_str().unwrap().is_empty(), "{document:#}");
        // Without a pull request, too, the repository itself is in the folder.
        assert!(temporary.path().join("clone/.git").is_dir());
        assert_eq!(entries(temporary.path()), ["clone"]);
    }
}

#[tokio::test]
async fn a_step_that_waits_for_an_answer_ends_the_demo() {
    let temporary = TempDir::new().unwrap();
    let place = TempDir::new().unwrap();
    let done = json!({
        "outcome": "done", "summary": "Done.", "pr_title": "New", "pr_description": "New", "commit_message": "New"
    });
    let file = shop_where_the_agent_calls(place.path(), "finish", done);
    let mut world: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let write = json!({"tool_use": {"name": "write_file", "input": {"path": "NEW.md", "content": "New\n"}}});
    world["claude"]["replies"][0]["content"] = json!([write]);
    world["configuration"]["projects"][0]["ci_gate"] = json!("always");
    std::fs::write(&file, world.to_string()).unwrap();
    let output = demo(temporary.path(), &["--world", file.to_str().unwrap(), "--json"]).output();
    let output = tokio::time::timeout(EXECUTION_LIMIT, output).await.expect("it ends by itself");
    let Output { status, stdout, stderr } = output.unwrap();
    assert_eq!(status.code(), Some(1), "{}", text(&stderr));
    let document: Value = serde_json::from_slice(&stdout).unwrap();
    let question = document["question"].as_str().unwrap();
    assert!(question.starts_with("May this change be pushed to acme/shop"), "{document:#}");
    assert_eq!(document["status"], "RUNNING", "{document:#}");
    let words = "nobody answers in a demo: May this change be pushed to acme/shop: 1 file, ";
    assert!(text(&stderr).contains(words), "{}", text(&stderr));
    assert_eq!(entries(temporary.path()), Vec::<String>::new());
}

#[tokio::test]
async fn the_shipped_worlds_end_in_pull_requests_without_escape_codes() {
    // Where a person has a key for a `serve` of theirs, this one uses it, too; an empty one is none.
    for (world, branch, key) in [
        ("parcels", "feature/PAR-1", "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s="),
        ("weather", "feature/acme-weather-1", ""),
    ] {
        let temporary = TempDir::new().unwrap();
        let Output { status, stdout, stderr } =
            demo(temporary.path(), &["--world", world, "--json", "--export", "clone"])
                .env("TICKETSMITH_SECRETS_KEY", key)
                .output()
                .await
                .unwrap();
        assert_eq!(status.code(), Some(0), "{world}: {}", text(&stderr));
        let printed = text(&stdout);
        assert!(!printed.contains('\u{1b}'), "{printed:?}");
        let document: Value = serde_json::from_str(printed.lines().last().unwrap()).unwrap();
        assert_eq!(document["pull_request"]["branch"], branch, "{document:#}");
        assert_eq!(document["pull_request"]["files"].as_array().unwrap().len(), 3);
        assert!(temporary.path().join("clone/.git").is_dir());
        assert_eq!(entries(temporary.path()), ["clone"]);
    }
}

#[tokio::test]
async fn each_stack_ends_in_a_request_of_its_own_code_host() {
    for (stack, branch, ticket) in [
        ("gitlab", "feature/acme-web-shop-1", "acme/web/shop#1"),
        ("github", "feature/acme-shop-1", "acme/shop#1"),
        ("bedrock", "feature/SHOP-1", "SHOP-1"),
    ] {
        let temporary = TempDir::new().unwrap();
        let Output { status, stdout, stderr } =
            demo(temporary.path(), &["--stack", stack, "--json"]).output().await.unwrap();
        assert_eq!(status.code(), Some(0), "{stack}: {}", text(&stderr));
        let document: Value = serde_json::from_str(text(&stdout).lines().last().unwrap()).unwrap();
        assert_eq!(document["pull_request"]["branch"], branch, "{document:#}");
        assert_eq!(document["task"]["key"], ticket);
        assert!(!text(&stderr).contains("would not accept"), "{}", text(&stderr));
    }
    let temporary = TempDir::new().unwrap();
    let Output { status, stderr, .. } = demo(temporary.path(), &["--stack", "svn"]).output().await.unwrap();
    assert_eq!(status.code(), Some(2));
    assert!(text(&stderr).contains("accepted: default, gitlab, github"), "{}", text(&stderr));
}

#[tokio::test]
async fn the_commands_that_it_prints_work_as_printed_and_so_does_a_second_delivery() {
    let temporary = TempDir::new().unwrap();
    let Output { status, stdout, stderr } =
        demo(temporary.path(), &["--keep", "--world", "parcels"]).output().await.unwrap();
    assert_eq!(status.code(), Some(0), "{}", text(&stderr));
    let printed = text(&stdout);
    let told = printed.split_once("Everything keeps running").unwrap().1;
    let commands: Vec<_> = told.lines().filter_map(|line| line.strip_prefix("  ")).collect();
    let run = async |command: &str| {
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).current_dir(temporary.path()).stdin(Stdio::null());
        let Output { status, stdout, stderr } = shell.output().await.unwrap();
        assert!(status.success(), "{command}: {}{}", text(&stdout), text(&stderr));
        text(&stdout)
    };
    let (stop, steps) = commands.split_last().unwrap();
    for step in steps {
        run(step).await;
    }
    let kinds = ["status", "logs", "undo", "deliver", "status"];
    assert_eq!(steps.len(), kinds.len(), "{told}");
    assert!(steps.iter().zip(kinds).all(|(step, kind)| step.contains(&format!(" {kind} "))), "{told}");
    let status = format!("{} --json", steps[4]);
    let second = eventually("the end of the second delivery", EXECUTION_LIMIT, async || {
        let document: Value = serde_json::from_str(&run(&status).await).unwrap();
        let newest = document["executions"][0].clone();
        (!newest["ended_at"].is_null()).then_some(newest)
    });
    let second = second.await;
    assert_eq!((&second["workflow"], &second["outcome"]), (&"development".into(), &"succeeded".into()));
    let pull_request = second["output"]["pull_request"].as_str().unwrap();
    let listed = run(&steps[4].replace(" status ", &format!(" status {pull_request} "))).await;
    assert!(listed.contains(second["execution"].as_str().unwrap()), "in place of its ticket: {listed}");
    run(stop).await;
    assert!(stop.starts_with("kill "), "{stop}");
}

#[tokio::test]
async fn a_second_round_revises_the_pull_request_of_the_first() {
    for (stack, trigger) in [
        ("default", "jira-comment"),
        ("default", "pull-request-comment"),
        ("default", "review"),
        ("default", "slack-thread"),
        ("default", "checks-failed"),
        ("github", "review"),
        ("gitlab", "pull-request-comment"),
        ("gitlab", "review"),
        ("gitlab", "slack-thread"),
        ("gitlab", "checks-failed"),
    ] {
        let temporary = TempDir::new().unwrap();
        let arguments = ["--stack", stack, "--trigger", trigger, "--json"];
        let Output { status, stdout, stderr } = demo(temporary.path(), &arguments).output().await.unwrap();
        assert_eq!(status.code(), Some(0), "{stack} {trigger}: {}", text(&stderr));
        let printed = text(&stdout);
        let document: Value = serde_json::from_str(printed.lines().last().unwrap()).unwrap();
        let revisions = document["revisions"].as_array().unwrap();
        assert_eq!(revisions.len(), 1, "{document:#}");
        let revision = &revisions[0];
        assert_eq!((&revision["trigger"], &revision["turns"]), (&trigger.into(), &2.into()), "{document:#}");
        assert_eq!(revision["commit"].as_str().unwrap().len(), 40, "{document:#}");
        assert!(revision["cost_usd"].as_f64().unwrap() > 0.0, "{document:#}");
        // A fix is a step of the first execution; another revision has an execution of its own.
        let micro = |part: &Value| (part["cost_usd"].as_f64().unwrap() * 1e6).round();
        let steps: f64 = document["steps"].as_array().unwrap().iter().map(micro).sum();
        let apart = if trigger == "checks-failed" { 0.0 } else { micro(revision) };
        assert_eq!(micro(&document), steps + apart, "{document:#}");
        let files = document["pull_request"]["files"].to_string();
        assert!(files.contains("README.md"), "{document:#}");
    }
}

#[tokio::test]
async fn checks_that_run_on_a_merge_of_the_head_are_waited_for_and_fixed() {
    let (temporary, place) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let shipped = std::fs::read_to_string(worlds().join("shop.yaml")).unwrap();
    let mut world: Value = serde_saphyr::from_str(&shipped).unwrap();
    world["stacks"]["gitlab"]["gitlab"]["projects"][0]["merged_results"] = json!(true);
    copy_folder(&worlds().join("shop-repository"), &place.path().join("shop-repository"));
    let file = place.path().join("world.yaml");
    std::fs::write(&file, world.to_string()).unwrap();
    let file = file.to_str().unwrap();
    let arguments = ["--stack", "gitlab", "--world", file, "--trigger", "checks-failed", "--json"];
    let Output { status, stdout, stderr } = demo(temporary.path(), &arguments).output().await.unwrap();
    assert_eq!(status.code(), Some(0), "{}", text(&stderr));
    let document: Value = serde_json::from_slice(&stdout).unwrap();
    assert_eq!(document["revisions"].as_array().unwrap().len(), 1, "{document:#}");
}

#[tokio::test]
async fn what_a_world_has_no_place_for_is_refused_before_anything_starts() {
    for (stack, trigger, reason) in [
        ("gitlab", "jira-comment", "no person or place for `jira-comment`"),
        ("github", "slack-thread", "no person or place for `slack-thread`"),
        ("github", "plan", "no delivery `plan`"),
    ] {
        let temporary = TempDir::new().unwrap();
        let arguments = ["--stack", stack, "--trigger", trigger];
        let Output { status, stdout, stderr } = demo(temporary.path(), &arguments).output().await.unwrap();
        let errors = text(&stderr);
        assert_eq!(status.code(), Some(2), "{stack} {trigger}: {errors}");
        assert!(errors.contains(reason) && stdout.is_empty(), "{errors}");
        let (_, accepted) = errors.split_once("accepted: ").unwrap();
        assert!(accepted.contains("review") && !accepted.contains(trigger), "{errors}");
    }
}

#[tokio::test]
async fn requirements_end_in_tickets_that_somebody_approved() {
    for stack in ["default", "gitlab"] {
        let temporary = TempDir::new().unwrap();
        let arguments = ["--trigger", "plan", "--stack", stack, "--json"];
        let output = demo(temporary.path(), &arguments).output().await.unwrap();
        let (printed, errors) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "{stack}: {printed}{errors}");
        let line = printed.lines().last().unwrap_or_default();
        let result: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {printed}"));
        let tickets = result["tickets"].as_array().unwrap();
        let states: Vec<&str> = tickets.iter().filter_map(|ticket| ticket["state"].as_str()).collect();
        assert_eq!(states, ["created"; 4], "{stack}: an epic and three tasks: {result:#}");
        assert_eq!(result["pull_request"], Value::Null, "{stack}");
    }
}

#[tokio::test]
async fn a_review_is_on_the_lines_of_the_pull_request() {
    for stack in ["default", "gitlab", "github"] {
        let temporary = TempDir::new().unwrap();
        let arguments = ["--trigger", "code-review", "--stack", stack, "--json"];
        let Output { status, stdout, stderr } = demo(temporary.path(), &arguments).output().await.unwrap();
        assert_eq!(status.code(), Some(0), "{stack}: {}", text(&stderr));
        let document: Value = serde_json::from_slice(&stdout).unwrap();
        let review = &document["review"];
        let comments = review["comments"].as_array().unwrap();
        assert_eq!(comments.len(), 2, "{document:#}");
        for comment in comments {
            assert_eq!(
                (&comment["path"], &comment["side"]),
                (&"src/shop/discounts.py".into(), &"RIGHT".into())
            );
            assert!(comment["line"].as_u64().is_some_and(|line| line > 0), "{document:#}");
        }
        assert!(
            review["summary"].as_str().unwrap().starts_with("The cart takes one discount code"),
            "{document:#}"
        );
        assert_eq!(review["pull_request"], document["pull_request"]["url"], "{document:#}");
    }
}
