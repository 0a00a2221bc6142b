//! Pull requests.

use super::*;

#[tokio::test]
async fn a_pull_request_shows_its_changes() {
    let server = Server::start().await;
    let number = server.pull("topic").await;
    assert_eq!(number, 2);
    let pull = server.get("/pulls/2").await;
    assert_eq!(
        (&pull["state"], &pull["mergeable"], &pull["mergeable_state"]),
        (&json!("open"), &json!(true), &json!("clean"))
    );
    assert_eq!(
        (&pull["changed_files"], &pull["additions"], &pull["commits"]),
        (&json!(1), &json!(1), &json!(1))
    );
    assert_eq!(pull["head"]["label"], "acme:topic");
    assert_eq!(pull["user"]["login"], "robot");
    assert_eq!(names(&server.get("/pulls/2/files").await, "filename"), ["topic.txt"]);
    assert_eq!(names(&server.get("/pulls?head=acme:topic&base=main").await, "title"), ["Change"]);
    assert_eq!(server.get("/pulls?head=acme:other").await, json!([]));
    let diff =
        server.request("GET", "/repos/acme/shop/pulls/2").header("accept", "application/vnd.github.diff");
    let diff = diff.send().await.unwrap().text().await.unwrap();
    assert!(diff.starts_with("diff --git a/topic.txt b/topic.txt\nnew file mode 100644\n"), "{diff}");

    // The pull request follows its branch.
    let sha = server.commit("topic", json!([blob("more", "")])).await;
    assert_eq!(server.get("/pulls/2").await["head"]["sha"], json!(sha));
    assert_eq!(server.get("/pulls/2").await["commits"], 2);
    assert_eq!(names(&server.get("/issues").await, "title"), ["Change", "Add a discount"]);
    assert_eq!(server.refused("GET", "/pulls/1", None).await.0, 404, "an issue is no pull request");
    assert_eq!(server.get("/pulls/2").await["merged"], false);
    server.finish();
}

#[tokio::test]
async fn a_pull_request_is_not_opened_twice_or_for_nothing() {
    let server = Server::start().await;
    server.pull("topic").await;
    let open = async |head: &str, base: &str| {
        let pull = json!({ "title": "Again", "head": head, "base": base });
        server.refused("POST", "/pulls", Some(pull)).await
    };
    let (status, message) = open("acme:topic", "main").await;
    assert_eq!(status, 422);
    assert_eq!(message, "Validation Failed: A pull request already exists for acme:topic.");
    assert_eq!(open("main", "main").await.1, "Validation Failed: No commits between main and main");
    assert_eq!(open("none", "main").await.1, "Validation Failed: head invalid");
    assert_eq!(open("topic", "none").await.1, "Validation Failed: base invalid");
    server.finish();
}

#[tokio::test]
async fn a_pull_request_is_changed_closed_and_opened_again() {
    let server = Server::start().await;
    let number = server.pull("topic").await;
    let path = format!("/pulls/{number}");
    let changed = server.ok("PATCH", &path, Some(json!({ "title": "Better", "state": "closed" }))).await;
    assert_eq!((&changed["title"], &changed["state"]), (&json!("Better"), &json!("closed")));
    assert_eq!(changed["body"], "Why.");
    assert_eq!(server.get("/pulls").await, json!([]));
    assert_eq!(names(&server.get("/pulls?state=closed").await, "title"), ["Better"]);
    let opened = server.ok("PATCH", &path, Some(json!({ "state": "open" }))).await;
    assert_eq!(opened["closed_at"], Value::Null);
    server.delete_branch("topic").await.unwrap();
    assert_eq!(server.get(&path).await["state"], "closed", "its branch is gone");
    let (_, message) = server.refused("PATCH", &path, Some(json!({ "state": "open" }))).await;
    assert_eq!(message, "Validation Failed: state cannot be changed. The head branch was deleted.");
    server.finish();
}

#[tokio::test]
async fn drafts_and_conflicts_are_told_apart() {
    let mut world = world();
    world["repositories"][0]["protected"] = json!([]);
    let server = Server::with(world, json!({ "github": { "token": TOKEN } })).await;
    server.commit("topic", json!([blob("src/cart.py", "total = 1\n")])).await;
    let pull = json!({ "title": "Draft", "head": "topic", "base": "main", "draft": true });
    let pull = server.ok("POST", "/pulls", Some(pull)).await;
    assert_eq!((&pull["draft"], &pull["mergeable_state"]), (&json!(true), &json!("draft")));
    server.commit("main", json!([blob("src/cart.py", "total = 2\n")])).await;
    let pull = server.get("/pulls/2").await;
    assert_eq!((&pull["mergeable"], &pull["mergeable_state"]), (&json!(false), &json!("dirty")));
    server.finish();
}

#[tokio::test]
async fn people_see_a_page_where_an_answer_says_so() {
    let server = Server::start().await;
    let number = server.pull("topic").await;
    let address = server.get(&format!("/pulls/{number}")).await["html_url"].as_str().unwrap().to_string();
    let page = server.client.get(&address).send().await.unwrap().text().await.unwrap();
    assert!(
        page.starts_with("Change  #2  (open)\nacme/shop\nrobot wants to merge topic into main\n"),
        "{page}"
    );
    assert!(page.contains("\nWhy.\n") && page.contains("+++ b/topic.txt"), "{page}");
    let address = server.get("/issues/1").await["html_url"].as_str().unwrap().to_string();
    let page = server.client.get(&address).send().await.unwrap().text().await.unwrap();
    assert!(
        page.contains("labels: feature\n") && page.contains("--- ada, 2026-03-02T09:00:00Z\n\nPlease.\n"),
        "{page}"
    );
    assert_eq!(
        server.client.get(format!("{}/acme/shop/pull/9", server.url)).send().await.unwrap().status(),
        404
    );
    server.finish();
}

#[tokio::test]
async fn a_review_is_made_whole_or_not_at_all() {
    let server = Server::start().await;
    let number = server.pull("topic").await;
    let path = format!("/pulls/{number}/reviews");
    let review = |line: u64, side: &str| {
        let comment = json!({ "path": "topic.txt", "line": line, "side": side, "body": "Why?" });
        json!({ "event": "COMMENT", "body": "Nearly.", "comments": [comment] })
    };
    for wrong in [review(2, "RIGHT"), review(1, "LEFT")] {
        assert_eq!(server.call("POST", &format!("/repos/acme/shop{path}"), Some(wrong)).await.0, 422);
    }
    assert_eq!(server.get(&path).await, json!([]));
    let made = server.ok("POST", &path, Some(review(1, "RIGHT"))).await;
    assert_eq!(
        (&made["state"], &made["commit_id"]),
        (&json!("COMMENTED"), &server.get(&format!("/pulls/{number}")).await["head"]["sha"])
    );
    assert_eq!(names(&server.get(&format!("{path}/{}/comments", made["id"])).await, "path"), ["topic.txt"]);
    let approval = json!({ "event": "APPROVE", "body": "Fine." });
    let (status, _) = server.call("POST", &format!("/repos/acme/shop{path}"), Some(approval)).await;
    assert_eq!(status, 422, "nobody approves their own pull request");
    server.finish();
}
