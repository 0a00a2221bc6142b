//! The git database, files, branches and comparisons.

use std::{path::Path, process::Command};

use super::*;

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git").arg("-C").arg(folder).args(arguments).output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn many_changes_become_one_commit_of_a_real_repository() {
    let server = Server::start().await;
    let binary = json!({ "content": "AAECAw==", "encoding": "base64" });
    let binary = server.ok("POST", "/git/blobs", Some(binary)).await["sha"].clone();
    let tree = json!([
        blob("src/cart.py", "total = 1\n"),
        { "path": "run.sh", "mode": "100755", "type": "blob", "content": "#!/bin/sh\n" },
        { "path": "latest", "mode": "120000", "type": "blob", "content": "README.md" },
        { "path": "logo.png", "mode": "100644", "type": "blob", "sha": binary },
        { "path": "src/old.py", "mode": "100644", "type": "blob", "sha": null },
    ]);
    let sha = server.commit("topic/one", tree).await;

    let folder = tempfile::tempdir().unwrap();
    let clone = folder.path().join("shop");
    server.github.export("acme/shop", &clone).unwrap();
    git(&clone, &["fsck", "--strict"]);
    assert_eq!(git(&clone, &["rev-parse", "topic/one"]).trim(), sha);
    assert_eq!(git(&clone, &["rev-parse", "--abbrev-ref", "HEAD"]).trim(), "main");
    let listed = git(&clone, &["ls-tree", "-r", "--format=%(objectmode) %(path)", "topic/one"]);
    assert_eq!(
        listed.lines().collect::<Vec<_>>(),
        ["100644 README.md", "120000 latest", "100644 logo.png", "100755 run.sh", "100644 src/cart.py"]
    );
    assert_eq!(git(&clone, &["show", "topic/one:src/cart.py"]), "total = 1\n");
    assert_eq!(
        git(&clone, &["log", "--format=%an <%ae> %at", "-1", "topic/one"]).trim(),
        "robot <robot@example.com> 1772442000"
    );
    assert!(git(&clone, &["remote", "get-url", "origin"]).trim().ends_with("/acme/shop.git"));
    assert!(server.github.export("acme/other", &folder.path().join("other")).is_err());
    server.finish();
}

#[tokio::test]
async fn the_same_commit_has_the_same_name() {
    let server = Server::start().await;
    let main = server.get("/git/ref/heads/main").await["object"]["sha"].clone();
    let tree = server.get(&format!("/git/commits/{}", main.as_str().unwrap())).await["tree"]["sha"].clone();
    let person = json!({ "name": "Ada", "email": "ada@example.com", "date": "2026-01-02T03:04:05Z" });
    let commit = json!({ "message": "Same\n\nRun: 1", "tree": tree, "parents": [main], "author": person });
    let first = server.ok("POST", "/git/commits", Some(commit.clone())).await;
    server.pass(SignedDuration::from_mins(5));
    assert_eq!(server.ok("POST", "/git/commits", Some(commit)).await["sha"], first["sha"]);
    assert_eq!(first["message"], "Same\n\nRun: 1");
    assert_eq!(first["committer"], person);
    server.finish();
}

#[tokio::test]
async fn references_follow_git_s_rules() {
    let server = Server::start().await;
    let main = server.get("/git/ref/heads/main").await["object"]["sha"].clone();
    let first = server.commit("topic", json!([blob("a", "1")])).await;
    let second = server.commit("topic", json!([blob("a", "2")])).await;
    let make = |name: &str, sha: &Value| Some(json!({ "ref": name, "sha": sha }));
    let refused = async |method: &str, path: &str, body| server.refused(method, path, body).await;
    let already = (422, "Reference already exists".to_string());
    assert_eq!(refused("POST", "/git/refs", make("refs/heads/topic", &main)).await, already);
    let none = json!("0123456789012345678901234567890123456789");
    assert_eq!(refused("POST", "/git/refs", make("refs/heads/x", &none)).await.1, "Object does not exist");
    assert_eq!(refused("POST", "/git/refs", make("refs/heads/a..b", &main)).await.0, 422);
    assert_eq!(refused("POST", "/git/refs", make("refs/heads/topic/below", &main)).await.0, 422);
    assert_eq!(refused("POST", "/git/refs", make("heads", &main)).await.0, 422);
    assert_eq!(names(&server.get("/git/matching-refs/heads/top").await, "ref"), ["refs/heads/topic"]);
    assert_eq!(server.get("/git/matching-refs/heads/topic/").await, json!([]));
    let (first, second) = (json!(first), json!(second));
    let moved = async |from: &Value, to: &Value, force| server.move_branch("topic", from, to, force).await;
    assert_eq!(moved(&second, &first, false).await, Err("Update is not a fast forward".into()));
    moved(&second, &first, true).await.unwrap();
    // Somebody who thinks that it is elsewhere changes nothing, not even by force.
    let elsewhere = moved(&second, &main, true).await.unwrap_err();
    assert!(elsewhere.contains("but expected"), "{elsewhere}");
    assert_eq!(moved(&first, &none, true).await, Err("Object does not exist".into()));
    moved(&first, &second, false).await.unwrap();
    let protected = server.move_branch("main", &main, &second, false).await;
    assert_eq!(protected, Err("Protected branch update failed for refs/heads/main.".into()));
    assert!(server.delete_branch("main").await.is_err());
    assert_eq!(server.get("/git/ref/heads%2Ftopic").await["object"]["sha"], second);
    assert!(server.move_branch("topic", &first, &json!("0".repeat(40)), true).await.is_err());
    server.delete_branch("topic").await.unwrap();
    assert_eq!(refused("GET", "/git/ref/heads/topic", None).await, (404, "Not Found".into()));
    server.finish();
}

#[tokio::test]
async fn graphql_takes_what_its_schema_describes() {
    let server = Server::start().await;
    let query =
        "mutation Move($input: UpdateRefsInput!) {\n  updateRefs(input: $input) { clientMutationId }\n}";
    let refused = async |query: &str, input: Value| {
        let body = json!({ "query": query, "variables": { "input": input } });
        let (status, answer) = server.call("POST", "/graphql", Some(body)).await;
        assert_eq!(status, 200, "{answer}");
        answer["errors"][0].clone()
    };
    let id = server.get("").await["node_id"].clone();
    assert_eq!(refused(query, json!({ "repositoryId": "x", "refUpdates": [] })).await["type"], "NOT_FOUND");
    assert_eq!(refused(query, json!({ "repositoryId": id, "refUpdates": [] })).await, Value::Null);
    let unknown = json!({ "repositoryId": id, "refUpdates": [{ "name": "x", "afterOid": "1", "sha": "2" }] });
    assert!(refused(query, unknown).await["message"].as_str().unwrap().contains("unknown field `sha`"));
    let malformed =
        json!({ "repositoryId": id, "refUpdates": [{ "name": "refs/heads/x", "afterOid": "1" }] });
    assert!(refused(query, malformed).await["message"].as_str().unwrap().contains("GitObjectID"));
    let other = refused("query { viewer { login } }", json!({ "repositoryId": id, "refUpdates": [] })).await;
    assert!(other["message"].as_str().unwrap().starts_with("Parse error"), "{other}");
    server.finish();
}

#[tokio::test]
async fn rules_and_push_protection_refuse_in_github_s_words() {
    let mut world = world();
    world["repositories"][0]["ruleset"] = json!({ "signed_commits": true, "branch_prefix": "feature/" });
    world["repositories"][0]["secrets"] = json!(["ghp_secret"]);
    let server = Server::with(world, json!({ "github": { "token": TOKEN } })).await;
    let main = server.get("/git/ref/heads/main").await["object"]["sha"].clone();
    let make = |name: &str, sha: &Value| Some(json!({ "ref": format!("refs/heads/{name}"), "sha": sha }));
    let (status, message) = server.refused("POST", "/git/refs", make("topic", &main)).await;
    assert!(
        status == 422 && message.starts_with("Repository rule violations found\n\nBranch name"),
        "{message}"
    );
    server.ok("POST", "/git/refs", make("feature/x", &main)).await;
    let tree = server.get(&format!("/git/commits/{}", main.as_str().unwrap())).await["tree"]["sha"].clone();
    let secret = Some(json!({ "base_tree": tree, "tree": [blob("a", "key = ghp_secret")] }));
    assert_eq!(
        server.refused("POST", "/git/trees", secret).await,
        (409, "Secret detected in content".into())
    );
    let commit = json!({ "message": "m", "tree": tree, "parents": [main] });
    let commit = server.ok("POST", "/git/commits", Some(commit)).await["sha"].clone();
    let message = server.move_branch("feature/x", &main, &commit, false).await.unwrap_err();
    assert!(message.contains("Commits must have verified signatures."), "{message}");
    server.finish();
}

#[tokio::test]
async fn what_is_new_is_not_seen_everywhere_at_once() {
    let mut world = world();
    world["lag"] = json!(1);
    let server = Server::with(world, json!({ "github": { "token": TOKEN } })).await;
    server.commit("topic", json!([blob("a", "1")])).await;
    let pull = || Some(json!({ "title": "Change", "head": "topic", "base": "main" }));
    assert_eq!(
        server.refused("POST", "/pulls", pull()).await,
        (422, "Validation Failed: head invalid".into())
    );
    let number = server.ok("POST", "/pulls", pull()).await["number"].as_u64().unwrap();
    assert_eq!(server.refused("GET", &format!("/pulls/{number}"), None).await.0, 404);
    server.get(&format!("/pulls/{number}")).await;
    server.finish();
}

#[tokio::test]
async fn accounts_are_shown() {
    let server = Server::start().await;
    let (status, ada) = server.call("GET", "/users/Ada", None).await;
    assert_eq!((status, &ada["login"], &ada["name"]), (200, &json!("ada"), &json!("Ada Lovelace")));
    assert_eq!(server.call("GET", "/users/nobody", None).await.0, 404);
    server.finish();
}

#[tokio::test]
async fn malformed_trees_commits_and_blobs_are_refused() {
    let server = Server::start().await;
    let tree =
        async |entry: Value| server.refused("POST", "/git/trees", Some(json!({ "tree": [entry] }))).await;
    let malformed = (422, "tree.path contains a malformed path component".to_string());
    assert_eq!(tree(blob("../x", "")).await, malformed);
    assert_eq!(tree(blob(".git/config", "")).await, malformed);
    let gone = json!({ "path": "none", "mode": "100644", "type": "blob", "sha": null });
    assert_eq!(tree(gone).await, (422, "GitRPC::BadObjectState".into()));
    let absent = "0123456789012345678901234567890123456789";
    let unknown = json!({ "path": "x", "mode": "100644", "type": "blob", "sha": absent });
    assert_eq!(tree(unknown).await.1, format!("tree.sha {absent} is not a valid blob"));
    let commit = Some(json!({ "message": "m", "tree": absent, "parents": [] }));
    assert_eq!(server.refused("POST", "/git/commits", commit).await.1, "Tree SHA does not exist");
    let blob = Some(json!({ "content": "!", "encoding": "base64" }));
    assert_eq!(server.refused("POST", "/git/blobs", blob).await.1, "content is not valid Base64");
    server.finish();
}

#[tokio::test]
async fn an_empty_repository_says_that_it_is_empty() {
    let mut world = world();
    world["repositories"][0]["files"] = json!({});
    let server = Server::with(world, json!({ "github": { "token": TOKEN } })).await;
    let empty = (409, "Git Repository is empty.".to_string());
    assert_eq!(server.refused("GET", "/git/ref/heads/main", None).await, empty);
    assert_eq!(server.refused("POST", "/git/blobs", Some(json!({ "content": "x" }))).await, empty);
    assert_eq!(server.refused("GET", "/contents/README.md", None).await.1, "This repository is empty.");
    assert!(
        server.github.export("acme/shop", &std::env::temp_dir().join("none")).unwrap_err().contains("empty")
    );
    server.finish();
}

#[tokio::test]
async fn worlds_that_contradict_themselves_are_refused_with_the_place() {
    let refused = |change: fn(&mut Value)| {
        let mut world = world();
        change(&mut world);
        let world: World = serde_json::from_value(world).unwrap();
        let secrets = serde_json::from_value(json!({ "github": { "token": TOKEN } })).unwrap();
        let (folder, address) = (PathBuf::from(env!("CARGO_MANIFEST_DIR")), "http://127.0.0.1:1".to_string());
        let settings =
            Settings { folder, address, clock: crate::clock::system(), log: ServiceLog::default() };
        GitHub::start(&world, &secrets, SIGNING.into(), settings).err().unwrap().to_string()
    };
    assert_eq!(
        refused(|world| world["repositories"][0]["issues"][0]["user"] = json!("bob")),
        "github.repositories[0].issues[0].user: no user `bob` under `github.users`"
    );
    assert_eq!(
        refused(|world| world["repositories"][0]["name"] = json!("shop")),
        "github.repositories[0].name: `shop` is not owner/name"
    );
    assert_eq!(
        refused(|world| world["bot"] = json!("bob")),
        "github.bot: no user `bob` under `github.users`"
    );
    assert!(
        refused(|world| {
            world["repositories"][0]["files"] = json!({});
            world["repositories"][0]["path"] = json!("no/such/folder");
        })
        .starts_with("github.repositories[0].path: ")
    );
    assert!(refused(|world| world["secret"] = json!("none")).starts_with("github.secret: "));
}

#[tokio::test]
async fn files_are_read_in_every_form() {
    let mut world = world();
    world["tree_limit"] = json!(3);
    let server = Server::with(world, json!({ "github": { "token": TOKEN } })).await;
    let file = server.get("/contents/src/cart.py?ref=main").await;
    assert_eq!((&file["content"], &file["size"]), (&json!("dG90YWwgPSAwCg==\n"), &json!(10)));
    assert_eq!(names(&server.get("/contents/src").await, "path"), ["src/cart.py", "src/old.py"]);
    let raw = server.request("GET", "/repos/acme/shop/contents/README.md");
    let raw = raw.header("accept", "application/vnd.github.raw+json").send().await.unwrap();
    assert_eq!(raw.text().await.unwrap(), "# Shop\n");
    assert_eq!(server.refused("GET", "/contents/none", None).await, (404, "Not Found".into()));
    assert_eq!(server.refused("GET", "/contents/README.md?ref=none", None).await.0, 404);
    let tree = server.get("/git/trees/main").await;
    assert_eq!((names(&tree["tree"], "path"), &tree["truncated"]), (vec!["README.md", "src"], &json!(false)));
    let tree = server.get("/git/trees/main?recursive=1").await;
    assert_eq!(names(&tree["tree"], "path"), ["README.md", "src", "src/cart.py"]);
    assert_eq!(tree["truncated"], json!(true));
    let blob = server.get(&format!("/git/blobs/{}", tree["tree"][2]["sha"].as_str().unwrap())).await;
    assert_eq!((&blob["content"], &blob["size"]), (&file["content"], &file["size"]));
    server.finish();
}

#[tokio::test]
async fn comparisons_show_what_changed() {
    let server = Server::start().await;
    let sha = server.commit("topic/one", json!([blob("src/cart.py", "total = 0\nrate = 1\n")])).await;
    let comparison = server.get("/compare/main...topic/one").await;
    assert_eq!((&comparison["status"], &comparison["ahead_by"]), (&json!("ahead"), &json!(1)));
    let file = &comparison["files"][0];
    assert_eq!(
        (&file["filename"], &file["additions"], &file["deletions"]),
        (&json!("src/cart.py"), &json!(1), &json!(0))
    );
    assert_eq!(file["patch"], "@@ -1 +1,2 @@\n total = 0\n+rate = 1");
    let commit = &comparison["commits"][0];
    assert_eq!((&commit["sha"], &commit["author"]["login"]), (&json!(sha), &json!("robot")));
    server.finish();
}

#[tokio::test]
async fn a_world_takes_over_folders_and_clones() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source");
    std::fs::create_dir_all(source.join("bin")).unwrap();
    std::fs::write(source.join("bin/run"), "#!/bin/sh\n").unwrap();
    std::fs::write(source.join(".gitignore"), "*.pyc\n").unwrap();
    std::fs::write(source.join("left-out.pyc"), "").unwrap();
    let from = |path: &Path| {
        let mut world = world();
        world["repositories"][0]["files"] = json!({});
        world["repositories"][0]["path"] = json!(path);
        Server::in_folder(folder.path(), world, json!({ "github": { "token": TOKEN } }))
    };
    let server = from(&source).await;
    let tree = server.get("/git/trees/main?recursive=true").await;
    assert_eq!(names(&tree["tree"], "path"), [".gitignore", "bin", "bin/run"]);

    server
        .commit("topic", json!([{ "path": "bin/run", "mode": "100755", "type": "blob", "content": "" }]))
        .await;
    let clone = folder.path().join("clone");
    server.github.export("acme/shop", &clone).unwrap();
    server.finish();
    let server = from(&clone).await;
    let state = server.github.state();
    let branches: Vec<_> = state["repositories"][0]["branches"].as_object().unwrap().keys().collect();
    assert_eq!(branches, ["main", "topic"]);
    let tree = server.get("/git/trees/topic?recursive=true").await;
    assert_eq!(names(&tree["tree"], "mode"), ["100644", "040000", "100755"]);
    server.finish();
}
