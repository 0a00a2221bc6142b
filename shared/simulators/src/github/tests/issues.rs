//! Issues, labels, comments, reactions and who may do what.

use super::*;

#[tokio::test]
async fn issues_are_opened_listed_changed_and_closed() {
    let server = Server::start().await;
    let opened = json!({ "title": "Broken", "body": "It is.", "labels": ["bug", "bug"] });
    let opened = server.ok("POST", "/issues", Some(opened)).await;
    assert_eq!((&opened["number"], names(&opened["labels"], "name")), (&json!(2), vec!["bug"]));
    assert_eq!(names(&server.get("/issues?labels=bug").await, "title"), ["Broken"]);
    let closed = json!({ "state": "closed", "state_reason": "not_planned" });
    let closed = server.ok("PATCH", "/issues/2", Some(closed)).await;
    assert_eq!((&closed["state"], &closed["state_reason"]), (&json!("closed"), &json!("not_planned")));
    assert_eq!(closed["closed_by"]["login"], "robot");
    assert_eq!(
        names(&server.get("/issues?state=all&direction=asc").await, "title"),
        ["Add a discount", "Broken"]
    );
    assert_eq!(server.refused("GET", "/issues/9", None).await, (404, "Not Found".into()));
    server.finish();
}

#[tokio::test]
async fn labels_are_added_and_removed() {
    let server = Server::start().await;
    let added = server.ok("POST", "/issues/1/labels", Some(json!({ "labels": ["agent", "Feature"] }))).await;
    assert_eq!(names(&added, "name"), ["feature", "agent"], "GitHub does not tell `Feature` from `feature`");
    let left = server.ok("DELETE", "/issues/1/labels/feature", None).await;
    assert_eq!(names(&left, "name"), ["agent"]);
    let gone = server.refused("DELETE", "/issues/1/labels/feature", None).await;
    assert_eq!(gone, (404, "Label does not exist".into()));
    server.finish();
}

#[tokio::test]
async fn comments_are_written_edited_and_paged() {
    let server = Server::start().await;
    let body = |text: &str| Some(json!({ "body": text }));
    let mine = server.ok("POST", "/issues/1/comments", body("One moment.")).await;
    let path = format!("/issues/comments/{}", mine["id"]);
    assert_eq!(server.ok("PATCH", &path, body("Done.")).await["body"], "Done.");
    let response =
        server.request("GET", "/repos/acme/shop/issues/1/comments?per_page=1").send().await.unwrap();
    let link = response.headers()["link"].to_str().unwrap().to_string();
    assert_eq!(names(&response.json().await.unwrap(), "body"), ["Please."]);
    let next = format!("<{}/repos/acme/shop/issues/1/comments?page=2&per_page=1>; rel=\"next\"", server.url);
    assert!(link.contains(&next), "{link}");
    assert_eq!(names(&server.get("/issues/1/comments?per_page=1&page=2").await, "body"), ["Done."]);
    assert_eq!(server.refused("POST", "/issues/1/comments", body(" ")).await.0, 422);
    server.finish();
}

#[tokio::test]
async fn a_reaction_is_given_once() {
    let server = Server::start().await;
    let eyes = || Some(json!({ "content": "eyes" }));
    let first = server.call("POST", "/repos/acme/shop/issues/1/reactions", eyes()).await;
    let again = server.call("POST", "/repos/acme/shop/issues/1/reactions", eyes()).await;
    assert_eq!((first.0, again.0), (201, 200));
    assert_eq!(first.1, again.1);
    let comment = server.get("/issues/1/comments").await[0]["id"].clone();
    server.ok("POST", &format!("/issues/comments/{comment}/reactions"), eyes()).await;
    assert_eq!(server.get("/issues/1/comments").await[0]["reactions"]["eyes"], 1);
    assert_eq!(server.get("/issues/1").await["reactions"]["total_count"], 1);
    server.finish();
}

#[tokio::test]
async fn permissions_of_people_are_told() {
    let server = Server::start().await;
    let permission = async |login: &str| {
        let answer = server.get(&format!("/collaborators/{login}/permission")).await;
        (answer["permission"].as_str().unwrap().to_string(), answer["user"]["permissions"]["push"].clone())
    };
    assert_eq!(permission("ada").await, ("write".into(), json!(true)));
    assert_eq!(permission("eve").await, ("none".into(), json!(false)));
    assert_eq!(server.refused("GET", "/collaborators/nobody/permission", None).await.0, 404);
    server.finish();
}

#[tokio::test]
async fn readers_comment_but_do_not_label_or_push() {
    let mut world = world();
    world["repositories"][0]["collaborators"] = json!({ "robot": "read" });
    let server = Server::with(world, json!({ "github": { "token": TOKEN } })).await;
    server.ok("POST", "/issues/1/comments", Some(json!({ "body": "Hello." }))).await;
    let label = Some(json!({ "labels": ["x"] }));
    assert_eq!(server.refused("POST", "/issues/1/labels", label).await.0, 403);
    let title = Some(json!({ "title": "Mine" }));
    assert_eq!(server.refused("PATCH", "/issues/1", title.clone()).await.0, 403, "it is ada's");
    let opened = server.ok("POST", "/issues", Some(json!({ "title": "Broken", "labels": ["bug"] }))).await;
    assert_eq!((&opened["number"], &opened["labels"]), (&json!(2), &json!([])), "labels are dropped");
    server.ok("PATCH", "/issues/2", title).await;
    let sha = server.get("/git/ref/heads/main").await["object"]["sha"].clone();
    let branch = Some(json!({ "ref": "refs/heads/x", "sha": sha }));
    assert_eq!(
        server.refused("POST", "/git/refs", branch).await,
        (403, "Must have push access to repository".into())
    );
    server.finish();
}
