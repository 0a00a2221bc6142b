//! `ticketsmith try`: an agent works on a real ticket and repository, and nothing outside changes.

use crate::folders::copy_folder;
use crate::process::executable;
use crate::support::{World, WorldFile, worlds};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;

const HEAD: &str = "def percent_of(cents: int, percent: int) -> int:";
const ADDED: &str = "    # Checked by the agent.";

/// An issue at the simulated GitHub, a model that works on it as a script says, and a clone of the repository.
struct Trial {
    world: World,
    /// The clone, and the folder for the trials' files.
    place: TempDir,
}

fn call(name: &str, input: Value) -> Value {
    json!({"tool_use": {"name": name, "input": input}})
}

/// A model that reads, edits, runs the checks if it can, and finishes.
fn replies(checks: bool) -> Value {
    let finish = json!({
        "outcome": "done", "summary": "The rounding is checked.", "pr_title": "Check", "pr_description": "Check", "commit_message": "Check",
        "tests": "run_checks", "open_points": ["Who rounds up?"]
    });
    let edit =
        json!({"path": "src/shop/money.py", "old_string": HEAD, "new_string": format!("{HEAD}\n{ADDED}")});
    let done = if checks { "Passed: test exited with code 0." } else { ADDED.trim() };
    json!([
        {"for": done, "times": 9, "content": [call("finish", finish)]},
        {"for": ADDED.trim(), "times": 9, "content": [call("run_checks", json!({}))]},
        {"for": HEAD, "times": 9, "content": [call("edit_file", edit)]},
        {"times": 9, "content": [{"text": "I look first."}, call("read_file", json!({"path": "src/shop/money.py"}))]},
    ])
}

impl Trial {
    async fn new(checks: bool) -> Self {
        let world = WorldFile::quick_shop().edit(|document| document["claude"]["replies"] = replies(checks));
        let world = world.simulate().await;
        let place = TempDir::with_prefix("ticketsmith-trying-").unwrap();
        let trial = Self { world, place };
        std::fs::create_dir(trial.temporary()).unwrap();
        let clone = trial.clone();
        copy_folder(&worlds().join("shop-repository"), &clone);
        trial.git(&["init", "--quiet", "--initial-branch", "trunk"]);
        // A link that must not reach any file of the machine.
        #[cfg(unix)]
        std::os::unix::fs::symlink("/etc", clone.join("outside")).unwrap();
        trial.git(&["add", "--all"]);
        trial.git(&["-c", "user.name=a", "-c", "user.email=a@b.example", "commit", "--quiet", "-m", "First"]);
        std::fs::write(clone.join("notes.txt"), "not committed").unwrap();
        trial
    }

    fn clone(&self) -> PathBuf {
        self.place.path().join("clone")
    }

    fn temporary(&self) -> PathBuf {
        self.place.path().join("tmp")
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git").args(arguments).current_dir(self.clone()).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// `ticketsmith try`, as a person types it.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(executable());
        command
            .arg("try")
            .args([
                "--base-url",
                &url_of(&self.world, "claude"),
                "--github-url",
                &url_of(&self.world, "github"),
            ])
            .args(arguments)
            .env("ANTHROPIC_API_KEY", "simulated-claude-key")
            .env("GITHUB_TOKEN", "simulated-github-token")
            .env("TMPDIR", self.temporary())
            .current_dir(self.place.path())
            .stdin(Stdio::null());
        command
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = tokio::process::Command::from(self.command(arguments));
        let output = tokio::time::timeout(Duration::from_secs(120), command.kill_on_drop(true).output());
        output.await.expect("it ends").unwrap()
    }

    /// The leftovers of trials.
    fn left(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.temporary()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
    }
}

/// The address of a simulated service.
pub(crate) fn url_of(world: &World, service: &str) -> String {
    let text = std::fs::read_to_string(world.folder().join("ticketsmith.yaml")).unwrap();
    let file: Value = serde_saphyr::from_str(&text).unwrap();
    file["plugins"][service]["base_url"].as_str().unwrap().to_owned()
}

/// Everything that a process wrote.
pub(crate) fn said(output: &Output) -> String {
    format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Whether this machine makes sandboxes; otherwise tests that need one are recorded as skipped.
pub(crate) fn has_sandboxes(place: &Path, what: &str) -> bool {
    let config = place.join("checks.yaml");
    let text = "projects: [{ key: A, repository: a/b, providers: { version_control: github }, checks: { test: \"true\" } }]\nplugins: { github: {} }\n";
    std::fs::write(&config, text).unwrap();
    let output = Command::new(executable())
        .args(["doctor", "--json", "--config"])
        .arg(&config)
        .arg("--data")
        .arg(place.join("doctor"))
        .output()
        .unwrap();
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let finding =
        found["findings"].as_array().unwrap().iter().find(|finding| finding["subject"] == "checks of A");
    let finding = finding.expect("doctor tries a sandbox");
    if finding["ok"] == false {
        test_inputs::skip(&format!("run_checks: {what}"), finding["problem"].as_str().unwrap());
    }
    finding["ok"] == true
}

#[tokio::test]
async fn an_issue_becomes_a_patch_and_nothing_outside_changes() {
    let trial = Trial::new(false).await;
    let clone = trial.clone();
    let patch = trial.place.path().join("change.patch");
    let (clone, patch) = (clone.to_str().unwrap(), patch.to_str().unwrap());
    let issue = "https://github.com/acme/shop/issues/1";
    let output = trial.run(&[issue, "--repository", clone, "--output", patch]).await;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let text = said(&output);
    for words in [
        "edit_file src/shop/money.py",
        "The rounding is checked.",
        "- Who rounds up?",
        "The model cost $",
        "1 uncommitted changes",
    ] {
        assert!(text.contains(words), "{words} in {text}");
    }
    trial.git(&["apply", "--check", patch]);
    assert!(std::fs::read_to_string(patch).unwrap().contains(&format!("\n+{ADDED}\n")));
    // Without --output, the same is printed; the color of a terminal is not in it.
    let printed = trial.run(&[issue, "--repository", clone]).await;
    assert!(said(&printed).contains(&std::fs::read_to_string(patch).unwrap()), "{}", said(&printed));
    assert_eq!(trial.left(), [""; 0]);
    assert_eq!(trial.git(&["status", "--porcelain"]), "?? notes.txt\n");
    let log = trial.world.log().await;
    let asked: Vec<String> = log
        .iter()
        .filter(|entry| entry["service"] != "claude")
        .map(|entry| format!("{} {}", entry["method"].as_str().unwrap(), entry["path"].as_str().unwrap()))
        .collect();
    assert_eq!(asked, ["GET /repos/acme/shop/issues/1", "GET /repos/acme/shop/issues/1"], "{asked:?}");
}

#[tokio::test]
async fn checks_run_on_the_change_and_decide() {
    let trial = Trial::new(true).await;
    if !has_sandboxes(trial.place.path(), "try with checks") {
        return;
    }
    let ticket = trial.place.path().join("rounding.md");
    std::fs::write(&ticket, "# Check the rounding\n\nSomebody should.\n").unwrap();
    let (ticket, clone) = (ticket.to_str().unwrap(), trial.clone());
    let arguments = ["--ticket-file", ticket, "--repository", clone.to_str().unwrap(), "--checks"];
    let checks = "grep -n 'Checked by the agent' src/shop/money.py && ! ls outside/passwd";
    let output = trial.run(&[&arguments[..], &[checks]].concat()).await;
    let text = said(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(
        text.contains("run_checks") && text.contains("Checks: Passed: test exited with code 0."),
        "{text}"
    );
    assert_eq!(trial.left(), [""; 0]);
}

#[cfg(unix)]
#[tokio::test]
async fn checks_that_cannot_be_isolated_are_refused_before_the_model_is_asked() {
    use std::os::unix::fs::PermissionsExt;
    let trial = Trial::new(true).await;
    let programs = trial.place.path().join("programs");
    std::fs::create_dir(&programs).unwrap();
    let bwrap = programs.join("bwrap");
    std::fs::write(&bwrap, "#!/bin/sh\necho 'bwrap: No permissions' >&2\nexit 1\n").unwrap();
    std::fs::set_permissions(&bwrap, std::fs::Permissions::from_mode(0o755)).unwrap();
    let others = std::env::var_os("PATH").unwrap();
    let path = std::env::join_paths(std::iter::once(programs).chain(std::env::split_paths(&others))).unwrap();
    let clone = trial.clone();
    let issue = "https://github.com/acme/shop/issues/1";
    let mut command = trial.command(&[issue, "--repository", clone.to_str().unwrap(), "--checks", "true"]);
    command.env("PATH", path);
    let output = tokio::process::Command::from(command).kill_on_drop(true).output().await.unwrap();
    let text = said(&output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("--checks: none can be run on this machine: "), "{text}");
    let log = trial.world.log().await;
    assert!(log.iter().all(|entry| entry["service"] != "claude"), "{log:?}");
    assert_eq!(trial.left(), [""; 0]);
}

#[tokio::test]
async fn nothing_of_checks_is_left_after_a_kill() {
    let trial = Trial::new(true).await;
    if !has_sandboxes(trial.place.path(), "nothing is left after kill -9") {
        return;
    }
    let marker = format!("6{}", std::process::id());
    let ticket = trial.place.path().join("rounding.md");
    std::fs::write(&ticket, "Check the rounding").unwrap();
    let clone = trial.clone();
    let (ticket, clone) = (ticket.to_str().unwrap(), clone.to_str().unwrap());
    let checks = format!("(setsid sleep {marker} &); sleep {marker}");
    let mut killed = trial
        .command(&["--ticket-file", ticket, "--repository", clone, "--checks", &checks])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until("the checks run", || sleeping(&marker) == 2).await;
    killed.kill().unwrap();
    killed.wait().unwrap();
    until("nothing of them runs", || sleeping(&marker) == 0).await;
    assert!(!trial.left().is_empty(), "a killed process removes nothing");
    let output = trial.run(&["--ticket-file", "none.md", "--repository", clone]).await;
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    let output = trial.run(&["--ticket-file", ticket, "--repository", "no-such-folder"]).await;
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert_eq!(trial.left(), [""; 0], "the next one removes it");
}

/// How many processes sleep for so long.
fn sleeping(marker: &str) -> usize {
    let line = format!("sleep\0{marker}\0");
    let of = |entry: std::io::Result<std::fs::DirEntry>| {
        let found = std::fs::read(entry.ok()?.path().join("cmdline")).ok()?;
        (found == line.as_bytes()).then_some(())
    };
    std::fs::read_dir("/proc").unwrap().filter_map(of).count()
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    let waited = async {
        let mut tick = tokio::time::interval(Duration::from_millis(50));
        while !is_so() {
            tick.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waited).await.unwrap_or_else(|_| panic!("{what}"));
}

#[tokio::test]
async fn what_cannot_be_tried_is_refused_before_anything_is_paid() {
    let trial = Trial::new(false).await;
    let clone = trial.clone();
    let clone = clone.to_str().unwrap();
    let empty = trial.place.path().join("empty.md");
    std::fs::write(&empty, "\n").unwrap();
    for (arguments, words) in [
        (&["https://github.com/acme/shop/issues/999"][..], "the issue does not exist"),
        (&["acme/shop#1"], "is not the URL of a GitHub issue"),
        (&[], "TICKET"),
        (
            &["--ticket-file", empty.to_str().unwrap(), "--repository", clone],
            "first line is the ticket's title",
        ),
        (&["https://github.com/acme/shop/issues/1", "--max-usd", "0"], "above 0"),
        (
            &["https://github.com/acme/shop/issues/1", "--repository", clone, "--branch", "no"],
            "cannot be cloned",
        ),
    ] {
        let output = trial.run(arguments).await;
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", said(&output));
        assert!(said(&output).contains(words), "{words} in {}", said(&output));
    }
    let mut keyless = trial.command(&["https://github.com/acme/shop/issues/1"]);
    let output = keyless.env_remove("ANTHROPIC_API_KEY").output().unwrap();
    assert!(
        output.status.code() == Some(2) && said(&output).contains("ANTHROPIC_API_KEY"),
        "{}",
        said(&output)
    );
    assert_eq!(trial.left(), [""; 0]);
}

#[tokio::test]
async fn a_model_that_cannot_be_asked_ends_the_trial_early_and_says_what_to_change() {
    let trial = Trial::new(false).await;
    let clone = trial.clone();
    let ticket = trial.place.path().join("ticket.md");
    std::fs::write(&ticket, "Check the rounding").unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let claude = url_of(&trial.world, "claude");
    for (base_url, key, words) in [
        (nobody.as_str(), "simulated-claude-key", format!("nothing answers at {nobody}: correct --base-url")),
        (&claude, "wrong", format!("set ANTHROPIC_API_KEY to a key that {claude} accepts")),
    ] {
        let mut command = tokio::process::Command::new(executable());
        command.args(["try", "--base-url", base_url, "--ticket-file"]).arg(&ticket).arg("--repository");
        command.arg(&clone).env("ANTHROPIC_API_KEY", key).env("TMPDIR", trial.temporary());
        let output = command.stdin(Stdio::null()).kill_on_drop(true).output();
        // Long before the hour that it may take by itself.
        let output = tokio::time::timeout(Duration::from_secs(60), output).await.expect("it ends").unwrap();
        assert_eq!(output.status.code(), Some(3), "{}", said(&output));
        assert!(said(&output).contains(&words), "{words} in {}", said(&output));
    }
    assert_eq!(trial.left(), [""; 0]);
}

#[tokio::test]
async fn no_more_than_the_bound_is_spent() {
    let trial = Trial::new(false).await;
    let clone = trial.clone();
    let issue = "https://github.com/acme/shop/issues/1";
    let output = trial.run(&[issue, "--repository", clone.to_str().unwrap(), "--max-usd", "0.001"]).await;
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("The model cost $0.00"), "{}", said(&output));
}
