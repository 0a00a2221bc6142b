//! Files keep their form, and paths and contents that cannot be edited are refused by name.

use crate::world::{BRANCH, World};
use domain::{ActionError, ErrorKind};
use serde_json::{Value, json};

const WINDOWS: &str = "def total():\r\n    return 1\r\n\r\ndef one():\r\n    return 3\r\n";
const POINTER: &str = "version https://git-lfs.github.com/spec/v1\noid sha256:\
0000000000000000000000000000000000000000000000000000000000000000\nsize 12345\n";

fn part(path: &str, search: &str, replace: &str) -> Value {
    let replacements = [json!({"search": search, "replace": replace})];
    json!({"path": path, "operation": "edit", "content": null, "replacements": replacements, "executable": null})
}

fn whole(path: &str, operation: &str, content: Option<&str>) -> Value {
    json!({"path": path, "operation": operation, "content": content, "replacements": [], "executable": null})
}

/// A world whose repository has files in many forms, and whose model replies with these edits.
async fn world_with(edits: Value) -> World {
    let reply = json!({
        "summary": "s", "pr_title": "t", "pr_description": "d", "documentation": "d", "commit_message": "m", "edits": edits
    });
    let files = [
        ("src/win.py", WINDOWS),
        ("src/bom.py", "\u{feff}import os\nx = 1\n"),
        ("src/end.py", "last = 1"),
        ("assets/model.txt", POINTER),
        ("assets/logo.dat", "PIC\0\u{1}\u{2}"),
        ("docs/Cafe\u{301}.md", "# Coffee\n"),
        ("readme.md", "# Shop\n"),
        (".gitignore", "build/\n"),
        ("build/tracked.txt", "tracked\n"),
    ];
    World::start_with(|world| {
        world.section_mut::<simulators::claude::World>("claude").unwrap().replies =
            vec![serde_json::from_value(json!({"content": [{"json": reply}]})).unwrap()];
        let repository =
            &mut world.section_mut::<simulators::github::World>("github").unwrap().repositories[0];
        repository.path = None;
        repository.files = files.map(|(path, text)| (path.to_owned(), text.to_owned())).into();
    })
    .await
}

/// The content of a file on the branch after these edits were committed; `None` if it is gone.
async fn committed(edits: Value, path: &str) -> Option<String> {
    let world = world_with(edits).await;
    let implementation = world.implementation().await.unwrap();
    world
        .step("Commit", "commit_changes", json!({"branch": BRANCH, "implementation": implementation}))
        .await
        .unwrap();
    world.file(BRANCH, path).await
}

#[tokio::test]
async fn a_file_keeps_its_line_endings_mark_and_final_newline() {
    let two = part("src/win.py", "def total():\n    return 1\n", "def total():\n    return 2\n");
    let expected = WINDOWS.replace("return 1", "return 2");
    assert_eq!(committed(json!([two]), "src/win.py").await.unwrap(), expected);
    let one = part("src/win.py", "    return 1", "    value = 2\n    return value");
    let expected = WINDOWS.replace("    return 1", "    value = 2\r\n    return value");
    assert_eq!(committed(json!([one]), "src/win.py").await.unwrap(), expected);
    let all = whole("src/win.py", "replace", Some("def total():\n    return 2\n"));
    assert_eq!(committed(json!([all]), "src/win.py").await.unwrap(), "def total():\r\n    return 2\r\n");
    let mark = whole("src/bom.py", "replace", Some("import os\nx = 2\n"));
    assert_eq!(committed(json!([mark]), "src/bom.py").await.unwrap(), "\u{feff}import os\nx = 2\n");
    let end = part("src/end.py", "last = 1\n", "last = 1\nmore = 2\n");
    assert_eq!(committed(json!([end]), "src/end.py").await.unwrap(), "last = 1\nmore = 2");
}

#[tokio::test]
async fn a_binary_file_may_be_deleted_and_a_name_composed_otherwise_is_found() {
    assert_eq!(committed(json!([whole("assets/logo.dat", "delete", None)]), "assets/logo.dat").await, None);
    let coffee = whole("docs/Caf\u{e9}.md", "replace", Some("# Tea\n"));
    assert_eq!(committed(json!([coffee]), "docs/Cafe\u{301}.md").await.unwrap(), "# Tea\n");
}

#[tokio::test]
async fn what_cannot_be_edited_is_refused_and_named() {
    for (edit, words) in [
        (
            whole("assets/model.txt", "replace", Some("weights")),
            "`assets/model.txt` cannot be changed, because it is a Git LFS pointer",
        ),
        (part("assets/model.txt", "size 12345", "size 1"), "Git LFS pointer"),
        (whole("assets/logo.dat", "replace", Some("x")), "because it is binary"),
        (whole("README.md", "create", Some("# Shop\n")), "collides with `readme.md`"),
        (part("README.md", "# Shop", "# Store"), "the repository has `readme.md`"),
        (whole("build/out.txt", "create", Some("x")), "ignored by the pattern `build/`"),
        (whole("src/aux.c", "create", Some("x")), "Windows reserves"),
        (whole(".git\u{200c}/hooks/x", "create", Some("x")), "inside the repository"),
        (whole("sub/.gitattributes", "create", Some("x")), "protected"),
        (whole(".gitmodules", "create", Some("x")), "protected"),
    ] {
        let world = world_with(json!([edit])).await;
        let error = world.implementation().await.unwrap_err();
        assert!(error.kind == ErrorKind::Rejected && error.message.contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_model_is_told_why_it_is_not_shown_a_file() {
    let world = world_with(json!([whole("new.py", "create", Some("x\n"))])).await;
    world.implementation().await.unwrap();
    let request = &world.requests("claude", "POST", "/v1/messages")[0].request;
    let prompt = request["messages"][0]["content"][0]["text"].as_str().unwrap();
    for line in [
        "assets/model.txt (130, not shown: a Git LFS pointer, not the file itself)",
        "assets/logo.dat (6, not shown: binary)",
        "readme.md (7)\n",
    ] {
        assert!(prompt.contains(line), "{prompt}");
    }
    assert!(
        prompt.contains("def total():\n    return 1\n") && !prompt.contains(['\r', '\u{feff}']),
        "{prompt}"
    );
}

async fn commit(files: Value) -> Result<Value, ActionError> {
    let world = world_with(json!([])).await;
    world.step("Commit", "commit_changes", json!({"branch": BRANCH, "message": "m", "files": files})).await
}

#[tokio::test]
async fn files_that_a_workflow_commits_are_held_to_the_same_rules() {
    for (path, words) in [
        ("README.md", "collides with `readme.md`"),
        ("src/nul", "Windows reserves"),
        ("assets/model.txt", "Git LFS pointer"),
        ("git~1/config", "inside the repository"),
    ] {
        let error = commit(json!([{"path": path, "content": "x"}])).await.unwrap_err();
        assert!(error.kind == ErrorKind::Rejected && error.message.contains(words), "{error}");
    }
    let twins = json!([{"path": "Foo.txt", "content": "x"}, {"path": "foo.txt", "content": "x"}]);
    assert!(commit(twins).await.unwrap_err().message.contains("collides with `Foo.txt`"));
    assert!(
        commit(json!([{"path": "build/new.txt", "content": "x"}])).await.is_ok(),
        "people may commit what is ignored"
    );
}

#[tokio::test]
async fn an_empty_reply_is_called_so() {
    let world = world_with(json!([])).await;
    let message = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-5-5", "content": [],
        "stop_reason": "end_turn", "stop_sequence": null, "usage": {"input_tokens": 1, "output_tokens": 1}
    });
    world.fault(json!({"service": "claude", "path": "/v1/messages", "status": 200, "body": message}));
    let error = world.implementation().await.unwrap_err();
    assert!(
        error.kind == ErrorKind::Rejected && error.message.contains("the model's reply is empty"),
        "{error}"
    );
}

#[tokio::test]
async fn a_secret_that_a_change_adds_is_not_committed() {
    let world = World::start().await;
    let secret = format!("ghp_{}", "aB3dE6gH9j".repeat(4).get(..36).unwrap());
    let files = json!([{"path": "notes.txt", "content": format!("one\n{secret}\n")}]);
    let refused = world
        .step("Commit", "commit_changes", json!({"branch": BRANCH, "message": "m", "files": files}))
        .await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Rejected);
    assert!(refused.message.contains("`notes.txt`, line 2: a GitHub token"), "{refused}");
    assert!(!refused.message.contains(&secret), "{refused}");
    world.assert_no_violations();
}
