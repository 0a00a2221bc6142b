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
    let to = |sha: &str, force: bool| Some(json!({ "sha": sha, "force": force }));
    let behind = (422, "Update is not a fast forward".to_string());
    assert_eq!(refused("PATCH", "/git/refs/heads/topic", to(&first, false)).await, behind);
    server.ok("PATCH", "/git/refs/heads/topic", to(&first, true)).await;
    server.ok("PATCH", "/git/refs/heads/topic", to(&second, false)).await;
    let (status, message) = refused("PATCH", "/git/refs/heads/main", to(&second, false)).await;
    assert_eq!((status, message.as_str()), (422, "Protected branch update failed for refs/heads/main."));
    assert_eq!(refused("DELETE", "/git/refs/heads/main", None).await.0, 422);
    assert_eq!(server.get("/git/ref/heads%2Ftopic").await["object"]["sha"], json!(second));
    server.ok("DELETE", "/git/refs/heads/topic", None).await;
    assert_eq!(refused("GET", "/git/ref/heads/topic", None).await, (404, "Not Found".into()));
    assert_eq!(refused("DELETE", "/git/refs/heads/topic", None).await.1, "Reference does not exist");
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
        Server::with(world, json!({ "github": { "token": TOKEN } }))
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
