//! `demo` says at once why there is no result, or only a part of it: a limit that stopped the work, a second round without a commit, or checks
//! that this machine cannot run.

use crate::demo::{demo, entries, text};
use crate::folders::copy_folder;
use crate::support::{EXECUTION_LIMIT, worlds};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Output;
use tempfile::TempDir;

/// The shop with a change to its world, in a folder.
fn shop_with(place: &Path, change: impl FnOnce(&mut Value)) -> PathBuf {
    let shipped = std::fs::read_to_string(worlds().join("shop.yaml")).unwrap();
    let mut world: Value = serde_saphyr::from_str(&shipped).unwrap();
    change(&mut world);
    copy_folder(&worlds().join("shop-repository"), &place.join("shop-repository"));
    let file = place.join("world.yaml");
    std::fs::write(&file, world.to_string()).unwrap();
    file
}

#[tokio::test]
async fn a_limit_that_stops_the_work_ends_the_demo_with_its_question() {
    for (limit, trigger) in
        [("per_task_usd", "jira-label"), ("per_user_month_usd", "plan"), ("per_user_month_usd", "review")]
    {
        let (temporary, place) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let file = shop_with(place.path(), |world| world["configuration"]["budgets"][limit] = json!(0.01));
        let arguments = ["--world", file.to_str().unwrap(), "--trigger", trigger, "--json"];
        let output = demo(temporary.path(), &arguments).output();
        let output = tokio::time::timeout(EXECUTION_LIMIT, output).await.expect("it ends by itself");
        let Output { status, stdout, stderr } = output.unwrap();
        let errors = text(&stderr);
        assert_eq!(status.code(), Some(1), "{trigger}: {errors}");
        let document: Value = serde_json::from_slice(&stdout).unwrap();
        let question = document["question"].as_str().unwrap();
        assert!(question.contains(" +5` to add five dollars"), "{document:#}");
        assert_eq!((&document["outcome"], &document["status"]), (&"waiting".into(), &"RUNNING".into()));
        let who = document["may_answer"].as_str().unwrap();
        assert!(who.starts_with("approvers may add dollars"), "{document:#}");
        for said in ["a limit stopped the work", question, who, "raise `budgets`"] {
            assert!(errors.contains(said), "{trigger}: {said} in {errors}");
        }
        assert_eq!(entries(temporary.path()), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_second_round_without_a_commit_says_why() {
    let asks = json!({"question": "Which README?"});
    let blocked = json!({"outcome": "blocked", "summary": "There are two of them."});
    for (name, input, outcome, words) in [
        ("ask_person", asks, "waiting", "the agent stopped to ask: Which README?; nobody answers in a demo"),
        (
            "finish",
            blocked,
            "succeeded",
            "succeeded without a commit; the agent says: There are two of them.",
        ),
    ] {
        let (temporary, place) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let file = shop_with(place.path(), |world| {
            let replies = world["claude"]["replies"].as_array_mut().unwrap();
            let revision = replies.iter_mut().find(|reply| {
                reply["for"].as_str().is_some_and(|words| words.starts_with("People looked at it"))
            });
            let call = json!({"tool_use": {"name": name, "input": input}});
            revision.unwrap()["turns"] = json!([{"content": [call]}]);
        });
        let arguments = ["--world", file.to_str().unwrap(), "--trigger", "review", "--json"];
        let output = demo(temporary.path(), &arguments).output();
        let output = tokio::time::timeout(EXECUTION_LIMIT, output).await.expect("it ends by itself");
        let Output { status, stdout, stderr } = output.unwrap();
        assert_eq!(status.code(), Some(1), "{}", text(&stderr));
        assert!(text(&stderr).contains(words), "{words} in {}", text(&stderr));
        let document: Value = serde_json::from_slice(&stdout).unwrap();
        assert_eq!(document["outcome"], outcome, "{document:#}");
        assert_eq!(document["question"].is_string(), name == "ask_person", "{document:#}");
    }
}

#[tokio::test]
async fn a_world_whose_repository_does_not_exist_is_an_invalid_argument() {
    let (temporary, place) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let file = shop_with(place.path(), |_| {});
    std::fs::remove_dir_all(place.path().join("shop-repository")).unwrap();
    let output = demo(temporary.path(), &["--world", file.to_str().unwrap()]).output().await.unwrap();
    let errors = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(errors.contains("github.repositories[0].path"), "{errors}");
    assert_eq!(entries(temporary.path()), Vec::<String>::new());
}

#[cfg(unix)]
#[tokio::test]
async fn checks_that_this_machine_cannot_run_are_named_in_the_result() {
    use std::os::unix::fs::PermissionsExt;
    let (temporary, place) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let file = shop_with(place.path(), |world| {
        world["configuration"]["projects"][0]["checks"] = json!({"test": "python3 -m unittest"});
    });
    let bwrap = place.path().join("bwrap");
    std::fs::write(&bwrap, "#!/bin/sh\necho 'bwrap: No permissions' >&2\nexit 1\n").unwrap();
    std::fs::set_permissions(&bwrap, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", place.path().display());
    for (arguments, prefix) in [(&["--json"][..], ""), (&[][..], "The project's own checks were not run: ")] {
        let arguments = [&["--world", file.to_str().unwrap()][..], arguments].concat();
        let output = demo(temporary.path(), &arguments).env("PATH", &path).output().await.unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let printed = text(&output.stdout);
        let reason = match serde_json::from_str::<Value>(&printed) {
            Ok(document) => document["checks_not_run"].as_str().unwrap().to_owned(),
            Err(_) => printed,
        };
        let line = reason.lines().find_map(|line| line.strip_prefix(prefix));
        assert!(line.is_some_and(|line| !line.is_empty()) && reason.contains("bwrap"), "{reason}");
    }
}
