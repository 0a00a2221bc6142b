//! `approve`, `deny`, `stop`, `status` and `logs` at the command line: the same operations as in Slack, by name.

use crate::process::executable;
use crate::support::{EXECUTION_LIMIT, World, WorldFile, eventually};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

const ASK: &str = "\
name: Ask
inputs:
  task_id: { type: string }
steps:
  - name: ask
    type: approval
    question: \"Ship ${task_id}?\"
    approvers: [ada]
    timeout: 1h
    outputs: { by: answer.by, comment: answer.comment }
outputs: { by: \"${by}\", comment: \"${comment}\" }
";

async fn world() -> World {
    WorldFile::quick_shop().with_file("workflows/ask.yaml", ASK).start().await
}

/// Starts `ask` on a ticket and waits for its question.
async fn asked(world: &World, ticket: &str) -> String {
    let input = format!("task_id={ticket}");
    let (code, printed, errors) =
        world.command(&["run", "ask", "--input", &input, "--as", "ada", "--detach"]).await;
    assert_eq!(code, 0, "{errors}");
    let name = printed.trim().to_owned();
    let asks = async || (world.execution(&name).await["outcome"] == "waiting").then_some(());
    eventually("the question", EXECUTION_LIMIT, asks).await;
    name
}

#[tokio::test]
async fn a_question_is_answered_and_work_is_stopped_by_name_or_ticket() {
    let world = world().await;
    let (first, second) = (asked(&world, "SHOP-1").await, asked(&world, "SHOP-2").await);

    // Unknown people are told how to identify themselves.
    let (code, _, errors) = world.command(&["approve", &first, "--as", "root"]).await;
    assert!(code == 1 && errors.contains("--as with one of: ada"), "{errors}");
    let (code, printed, errors) =
        world.command(&["approve", &first, "--as", "ada", "--comment", "On Monday"]).await;
    assert_eq!((code, printed.as_str()), (0, "approved: Ship SHOP-1?\n"), "{errors}");
    let ended = world.ended(&first).await;
    assert_eq!(ended["outcome"], "succeeded", "{ended:#}");
    assert_eq!(ended["output"]["comment"], "On Monday", "{ended:#}");

    let third = asked(&world, "SHOP-1").await;
    let (code, printed, errors) = world.command(&["deny", "SHOP-1", "--as", "ada"]).await;
    assert_eq!((code, printed.as_str()), (0, "denied: Ship SHOP-1?\n"), "{errors}");
    assert_eq!(world.ended(&third).await["outcome"], "failed");

    let (code, _, errors) = world.command(&["stop", "SHOP-2", "--as", "root"]).await;
    assert!(code == 1 && errors.contains("--as with one of: ada"), "{errors}");
    let (code, printed, errors) = world.command(&["stop", &second, "--as", "ada"]).await;
    assert!(code == 0 && printed.contains("is being stopped"), "{errors}");
    assert_eq!(world.ended(&second).await["outcome"], "stopped");
    for (arguments, expected) in [
        (["stop", second.as_str()], "has already ended"),
        (["stop", "SHOP-1"], "nothing is at work on SHOP-1"),
        (
            ["approve", second.as_str()],
            "the question is closed, because ada stopped the work before anybody answered",
        ),
        (["deny", "nonsense"], "no execution is named `nonsense`"),
        (["costs", "ada"], "`ada` is not a ticket"),
    ] {
        let (code, _, errors) = world.command(&[&arguments[..], &["--as", "ada"]].concat()).await;
        assert!(code == 1 && errors.contains(expected), "{arguments:?}: {errors}");
    }

    let listed = async |arguments: &[&str]| {
        let (code, printed, errors) = world.command(&[&["status", "--json"], arguments].concat()).await;
        assert_eq!(code, 0, "{errors}");
        let document: Value = serde_json::from_str(&printed).unwrap();
        let list = document["executions"].as_array().unwrap().clone();
        list.iter().map(|one| one["execution"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(listed(&["--outcome", "stopped"]).await, std::slice::from_ref(&second));
    assert_eq!(listed(&["--ticket", "SHOP-1"]).await, [third.clone(), first.clone()]);
    assert_eq!(listed(&["--ticket", "SHOP-1", "--outcome", "failed"]).await, [third]);
    assert_eq!(listed(&["--person", "ADA", "--outcome", "succeeded"]).await, [first]);
    assert_eq!(listed(&["--person", "grace"]).await, Vec::<String>::new());
    let (code, printed, errors) = world.command(&["status", "--person", "adda"]).await;
    assert!(code == 0 && printed.contains("did you mean `ada`?"), "{printed}{errors}");
    let (code, _, errors) = world.command(&["costs", "--as", "adda"]).await;
    assert!(code == 1 && errors.contains("--as with one of: ada"), "{errors}");
    let (code, _, errors) = world.command(&["status", "--outcome", "done"]).await;
    assert!(code == 2 && errors.contains("succeeded"), "{errors}");
    world.finish().await;
}

#[tokio::test]
async fn status_and_logs_go_on_until_the_execution_ends() {
    let world = world().await;
    let name = asked(&world, "SHOP-1").await;
    let start = |arguments: &[&str]| {
        let mut command = Command::new(executable());
        command.args(arguments).args(["--data", ".ticketsmith"]).current_dir(world.folder());
        command.stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap()
    };
    let mut logs = start(&["logs", &name, "--follow", "--json"]);
    let mut status = start(&["status", &name, "--watch", "--json"]);
    let mut lines = BufReader::new(status.stdout.take().unwrap()).lines();
    let first: Value = serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap();
    assert_eq!(first["outcome"], "waiting");
    let mut logged = BufReader::new(logs.stdout.take().unwrap()).lines();
    assert!(logged.next_line().await.unwrap().unwrap().contains(&name));

    assert_eq!(world.command(&["approve", &name, "--as", "ada"]).await.0, 0);
    let mut last = first;
    while let Some(line) = lines.next_line().await.unwrap() {
        last = serde_json::from_str(&line).unwrap();
    }
    assert_eq!(last["outcome"], "succeeded");
    let mut messages = Vec::new();
    while let Some(line) = logged.next_line().await.unwrap() {
        messages.push(serde_json::from_str::<Value>(&line).unwrap()["message"].clone());
    }
    assert!(messages.contains(&json!("the execution ended")), "{messages:?}");
    assert!(status.wait().await.unwrap().success() && logs.wait().await.unwrap().success());
    world.finish().await;
}

#[tokio::test]
async fn the_logs_of_a_ticket_are_those_of_all_its_executions() {
    let world = world().await;
    let (first, other) = (asked(&world, "SHOP-1").await, asked(&world, "SHOP-2").await);
    assert_eq!(world.command(&["approve", &first, "--as", "ada"]).await.0, 0);
    world.ended(&first).await;
    let second = asked(&world, "SHOP-1").await;
    let ours = BTreeSet::from([first.clone(), second.clone()]);
    let subjects = |printed: &str| {
        let lines = printed.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.map(|line| line["execution"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>()
    };
    // As people type it, as everywhere else.
    let (code, printed, errors) = world.command(&["logs", "shop-1", "--json"]).await;
    assert_eq!((code, subjects(&printed)), (0, ours.clone()), "{errors}");
    let (_, printed, _) = world.command(&["logs", "SHOP-1"]).await;
    for name in &ours {
        assert!(printed.contains(&format!(" execution={name}")), "{printed}");
    }
    assert!(!printed.contains(&other), "{printed}");

    let mut command = Command::new(executable());
    command.args(["logs", "SHOP-1", "--follow", "--json", "--data", ".ticketsmith"]);
    command.current_dir(world.folder()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut follow = command.spawn().unwrap();
    let mut lines = BufReader::new(follow.stdout.take().unwrap()).lines();
    let mut printed = lines.next_line().await.unwrap().unwrap() + "\n";
    assert_eq!(world.command(&["approve", &second, "--as", "ada"]).await.0, 0);
    while let Some(line) = lines.next_line().await.unwrap() {
        printed.push_str(&line);
        printed.push('\n');
    }
    assert_eq!(subjects(&printed), ours);
    let ended = printed.lines().filter(|line| line.contains("the execution ended")).count();
    assert!(follow.wait().await.unwrap().success() && ended == 2, "{printed}");

    for (named, expected) in [
        ("nonsense", "no execution is named `nonsense`, and `nonsense` is not a ticket"),
        ("SHOP-3", "nothing has been started on SHOP-3 yet"),
    ] {
        for more in [&[][..], &["--follow"]] {
            let (code, _, errors) = world.command(&[&["logs", named], more].concat()).await;
            assert!(code == 1 && errors.contains(expected), "{named}: {errors}");
        }
    }

    // The log files alone are enough for an execution, but not for a ticket.
    let copy = tempfile::tempdir().unwrap();
    std::fs::copy(world.folder().join(".ticketsmith/logs.jsonl"), copy.path().join("logs.jsonl")).unwrap();
    let data = copy.path().to_str().unwrap();
    let without = async |named: &str| {
        let mut command = Command::new(executable());
        command.args(["logs", named, "--json", "--data", data]);
        command.output().await.unwrap()
    };
    let output = without(&first).await;
    assert!(output.status.success());
    assert_eq!(subjects(&String::from_utf8(output.stdout).unwrap()), BTreeSet::from([first]));
    let output = without("SHOP-1").await;
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{errors}");
    assert!(errors.contains("the executions of a ticket are known only to `serve`"), "{errors}");
    world.finish().await;
}

#[tokio::test]
async fn a_stage_without_credentials_is_told_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let run = async |region: Option<&str>| {
        let mut command = Command::new(executable());
        command.args(["status", "--stage", "dev"]).current_dir(folder.path());
        command.env_clear().env("HOME", folder.path()).env("AWS_EC2_METADATA_DISABLED", "true");
        command.envs(region.map(|region| ("AWS_REGION", region)));
        let output = command.output().await.unwrap();
        assert_eq!(output.status.code(), Some(3));
        String::from_utf8(output.stderr).unwrap()
    };
    let told = run(Some("eu-central-1")).await;
    assert!(told.starts_with("ticketsmith: no AWS credentials were found; set AWS_PROFILE"), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
    let told = run(None).await;
    assert!(told.starts_with("ticketsmith: no AWS region is set"), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
}

#[tokio::test]
async fn whoever_may_not_start_is_told_to_say_who_asks() {
    let checked = "name: Checked\ninputs: { task_id: { type: string }, words: { type: string, required: false } }\nsteps:\n  - { name: check, plugin: version_control, action: check_actor }\n";
    let world = WorldFile::quick_shop().with_file("workflows/checked.yaml", checked).start().await;
    let run = async |person: &str| {
        world.command(&["run", "checked", "--input", "task_id=SHOP-1", "--as", person]).await
    };
    let (code, _, errors) = run("root").await;
    assert!(code == 1 && errors.contains("pass --as with one of: ada"), "{errors}");
    assert_eq!(run("ada").await.0, 0);
    // Words that no record holds are a mistake of whoever asks.
    std::fs::write(world.folder().join("long.txt"), "a".repeat(300_000)).unwrap();
    let words = format!("words=@{}", world.folder().join("long.txt").display());
    let long = ["run", "checked", "--input", "task_id=SHOP-1", "--input", &words, "--as", "ada"];
    let (code, _, errors) = world.command(&long).await;
    assert!(code == 2 && errors.contains("at most 204800 are accepted"), "{code}: {errors}");
    world.finish().await;
}
