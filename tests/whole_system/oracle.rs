//! A reference solution, replayed as an agent's calls in every style of editing: what arrives on the pull request's branch is the
//! reference, and its hidden tests pass. See `tests/tasks/README.md`.

use crate::evidence::{changed_files, pull_request, repository};
use crate::support::{World, WorldFile};
use crate::tasks::{Style, Task};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// The shop's services and people with a project, a repository and a ticket for each task, and a model that knows the solutions.
fn world(tasks: &[Task], style: Style) -> WorldFile {
    WorldFile::quick_shop().edit(|document| {
        let of = |pointer: &str| document.pointer(pointer).unwrap().clone();
        let (project, repository) = (of("/jira/projects/0"), of("/github/repositories/0"));
        let configured = of("/configuration/projects/0");
        let with = |template: &Value, changes: Value| {
            let mut copy = template.clone();
            copy.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
            copy
        };
        let all = |make: &dyn Fn(&Task) -> Value| tasks.iter().map(make).collect::<Value>();
        document["jira"]["projects"] = all(&|task| with(&project, json!({"key": task.project()})));
        document["jira"]["tickets"] = all(&|task| {
            let (summary, description) = (&task.ticket["summary"], &task.ticket["description"]);
            json!({"key": task.key(), "summary": summary, "description": description, "reporter": "grace"})
        });
        document["github"]["repositories"] = all(&|task| {
            let name = format!("acme/{}", task.name);
            with(&repository, json!({"name": name, "path": task.folder.join("before"), "issues": []}))
        });
        document["configuration"]["projects"] = all(&|task| {
            let name = format!("acme/{}", task.name);
            with(&configured, json!({"key": task.project(), "repository": name}))
        });
        document["claude"]["replies"] = tasks.iter().flat_map(|task| task.replies(style)).collect();
        document["deliveries"] = json!({});
    })
}

async fn every_task_arrives(style: Style) {
    let tasks = Task::all();
    let world = world(&tasks, style).start().await;
    for task in &tasks {
        let label = json!({"kind": "jira-label", "ticket": task.key(), "label": "agent", "by": "ada"});
        let receipt = world.deliver(label).await;
        assert_eq!(receipt["status"], 200, "{receipt}");
    }
    // All are at work now; checking the list after each would take longer than the work.
    let executions = world.executions().await;
    for task in &tasks {
        let started = executions.iter().find(|execution| execution["task"] == task.key());
        let name = started.unwrap()["execution"].as_str().unwrap();
        let ended = world.ended(name).await;
        assert_eq!(ended["outcome"], "succeeded", "{ended:#}");
    }
    let state = world.state().await;
    for task in &tasks {
        let repository = repository(&state, &format!("acme/{}", task.name));
        let branch = format!("feature/{}", task.key());
        let files = changed_files(pull_request(repository, &branch));
        assert!(!files.is_empty());
        check(&world, task, &branch).await;
    }
    world.finish().await;
}

/// Compares a clone with the reference, byte for byte, and runs the hidden tests in it.
async fn check(world: &World, task: &Task, branch: &str) {
    let folder = tempfile::tempdir().unwrap();
    let clone = folder.path().join(&task.name);
    world.export(&format!("acme/{}", task.name), &clone).await;
    run(Command::new("git").args(["checkout", "--quiet", branch]).current_dir(&clone));
    let listed =
        run(Command::new("git").args(["-c", "core.quotePath=false", "ls-files", "-s"]).current_dir(&clone));
    let arrived: BTreeMap<String, (Vec<u8>, bool)> = listed
        .lines()
        .map(|line| {
            let (entry, path) = line.split_once('\t').unwrap();
            (path.to_owned(), (std::fs::read(clone.join(path)).unwrap(), entry.starts_with("100755")))
        })
        .collect();
    let expected = task.solved();
    assert_eq!(arrived.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>(), "{}", task.name);
    for (path, (content, is_executable)) in &expected {
        let (found, executable) = &arrived[path];
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(text(found), text(content), "{}: {path}", task.name);
        assert_eq!(executable, is_executable, "{}: {path}", task.name);
    }
    for (path, content) in task.hidden() {
        let path = clone.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    let Some(tools) = tools(task) else { return };
    let [program, arguments @ ..] = &task.test[..] else { panic!("{} has no command", task.name) };
    let mut command = Command::new(program);
    command.args(arguments).current_dir(&clone).env("CARGO_TARGET_DIR", folder.path().join("target"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all = [tools].into_iter().chain(std::env::split_paths(&path));
    run(command.env("PATH", std::env::join_paths(all).unwrap()));
}

/// The folder with the tools for a task's tests, in addition to the machine's.
fn tools(task: &Task) -> Option<std::path::PathBuf> {
    if task.language != "typescript" {
        return Some(std::path::PathBuf::from("/usr/bin"));
    }
    let what = format!("the hidden tests of {}", task.name);
    let folder = test_inputs::installed(&what, "TICKETSMITH_NODE_MODULES")?.join(".bin");
    let has_compiler = Path::exists(&folder.join("tsc"));
    if !has_compiler {
        test_inputs::skip(&what, "no TypeScript compiler");
    }
    has_compiler.then_some(folder)
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{command:?}\n{}\n{}", said.0, said.1);
    said.0
}

#[tokio::test]
async fn every_reference_arrives_as_whole_files() {
    every_task_arrives(Style::Whole).await;
}

#[tokio::test]
async fn every_reference_arrives_as_hunks_with_context() {
    every_task_arrives(Style::Hunks).await;
}

#[tokio::test]
async fn every_reference_arrives_as_the_smallest_edits() {
    every_task_arrives(Style::Smallest).await;
}
