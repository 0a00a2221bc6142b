//! A merged change is documented in the wiki, once, and an undo restores the earlier state.

use crate::evidence::{pull_request, repository};
use crate::support::{World, WorldFile};
use serde_json::json;

const TITLE: &str = "SHOP-1: Add discount codes to the cart";
const WORDS: &str = "A code lowers the total of a cart.";

/// A shop that documents merged changes, with an additional page in its wiki if `before` says so.
fn shop(before: Option<&str>) -> WorldFile {
    WorldFile::quick_shop().edit(|document| {
        document["configuration"]["projects"][0]["workflows"] = json!(["update_documentation"]);
        if let Some(before) = before {
            let page = json!({ "title": TITLE, "body": format!("<p>{before}</p>") });
            document["confluence"]["spaces"][0]["pages"].as_array_mut().unwrap().push(page);
        }
        let known = before.unwrap_or("a page of documentation of the change");
        let reply = json!({
            "for": "A pull request was merged.", "expect": { "contains": ["src/shop/discounts.py", known] },
            "content": [{ "text": WORDS }],
        });
        document["claude"]["replies"].as_array_mut().unwrap().insert(0, reply);
    })
}

/// The pages of the wiki with the title, as they read now.
async fn pages(world: &World) -> Vec<String> {
    let state = world.state().await;
    let pages = state["confluence"].as_array().unwrap().iter();
    let shown = pages.filter(|page| page["title"] == TITLE && page["status"] == "current");
    shown.map(|page| page["body"].as_str().unwrap().to_owned()).collect()
}

/// Merges the pull request of SHOP-1 and gives the execution that its documentation is written by.
async fn merged(world: &World) -> String {
    let first = world.start_by("jira-label").await;
    assert_eq!(world.ended(&first).await["outcome"], "succeeded");
    let state = world.state().await;
    let number = pull_request(repository(&state, "acme/shop"), "feature/SHOP-1")["number"].clone();
    let merge = json!({ "kind": "github-close", "repository": "acme/shop", "pull_request": number, "merge": true, "by": "ada" });
    let captured = world.capture(merge).await;
    let before = world.executions().await.len();
    // Sent twice, and still one.
    for _ in 0..2 {
        assert!(world.send(&captured).await.status().is_success());
    }
    let executions = world.executions().await;
    assert_eq!(executions.len(), before + 1, "{executions:#?}");
    let name = executions[0]["execution"].as_str().unwrap().to_owned();
    let ended = world.ended(&name).await;
    assert_eq!(
        (&ended["workflow"], &ended["outcome"]),
        (&json!("update_documentation"), &json!("succeeded")),
        "{ended:#}"
    );
    name
}

async fn undone(world: &World, name: &str) {
    let (code, printed, errors) = world.command(&["undo", name]).await;
    assert_eq!(code, 0, "{printed}{errors}");
}

#[tokio::test]
async fn a_merge_writes_the_page_of_the_change_once_and_an_undo_deletes_it() {
    let world = shop(None).start().await;
    let name = merged(&world).await;
    let written = pages(&world).await;
    assert_eq!(written.len(), 1);
    assert!(written[0].contains(WORDS), "{written:?}");
    undone(&world, &name).await;
    assert_eq!(pages(&world).await, Vec::<String>::new());
    world.finish().await;
}

#[tokio::test]
async fn a_page_that_is_there_is_updated_and_an_undo_puts_back_what_it_said() {
    const BEFORE: &str = "Carts have no discounts.";
    let world = shop(Some(BEFORE)).start().await;
    let name = merged(&world).await;
    let updated = pages(&world).await;
    assert_eq!(updated.len(), 1);
    assert!(updated[0].contains(WORDS) && !updated[0].contains(BEFORE), "{updated:?}");
    undone(&world, &name).await;
    assert_eq!(pages(&world).await, [format!("<p>{BEFORE}</p>")]);
    world.finish().await;
}

#[tokio::test]
async fn what_is_closed_without_a_merge_is_documented_nowhere() {
    let world = shop(None).start().await;
    let first = world.start_by("jira-label").await;
    assert_eq!(world.ended(&first).await["outcome"], "succeeded");
    let state = world.state().await;
    let number = pull_request(repository(&state, "acme/shop"), "feature/SHOP-1")["number"].clone();
    let before = world.executions().await.len();
    let close =
        json!({ "kind": "github-close", "repository": "acme/shop", "pull_request": number, "by": "ada" });
    world.deliver(close).await;
    assert_eq!(world.executions().await.len(), before);
    assert_eq!(pages(&world).await, Vec::<String>::new());
    world.finish().await;
}
