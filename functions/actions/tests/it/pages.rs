//! Pages of documentation: found, read, changed and restored.

use crate::world::World;
use domain::ErrorKind;
use serde_json::{Value, json};

/// The text of a page, in Markdown.
async fn text_of(world: &World, page: &Value) -> String {
    let read =
        world.step(&format!("Look{}", world.changes()), "get_page", json!({"page_id": page})).await.unwrap();
    read["content"].as_str().unwrap().to_owned()
}

async fn made(world: &World) -> Value {
    let page = json!({"template_type": "feature_documentation", "title": "Discounts", "content": "# How\n\nAs **before**."});
    world.step("Page", "create_page_from_template", page).await.unwrap()["page_id"].clone()
}

#[tokio::test]
async fn a_page_is_found_and_read() {
    let world = World::start().await;
    let none = world.step("Find0", "find_page", json!({"title": "Discounts"})).await.unwrap();
    assert_eq!(none, json!({"found": false, "page_id": null, "doc_url": null}));
    let page = made(&world).await;
    let found = world.step("Find", "find_page", json!({"title": "Discounts"})).await.unwrap();
    assert_eq!((&found["found"], &found["page_id"]), (&json!(true), &page));
    let elsewhere = json!({"title": "Discounts", "parent": page});
    assert_eq!(world.step("Find2", "find_page", elsewhere).await.unwrap()["found"], false);
    let read = world.step("Get", "get_page", json!({"page_id": page})).await.unwrap();
    assert_eq!((&read["title"], &read["doc_url"]), (&json!("Discounts"), &found["doc_url"]));
    assert!(read["content"].as_str().unwrap().starts_with("# How\n\nAs **before**."), "{read}");
    let error = world.step("Get2", "get_page", json!({"page_id": "999999"})).await.unwrap_err();
    assert!(error.kind == ErrorKind::Rejected && error.message.contains("no page `999999`"), "{error}");
    world.assert_no_violations();
}

#[tokio::test]
async fn a_change_of_a_page_is_taken_back() {
    let world = World::start().await;
    let page = made(&world).await;
    let before = text_of(&world, &page).await;
    let change = json!({"page_id": page, "title": "Codes", "content": "New 😀 שלום"});
    // The answer is lost the first time.
    world.fault(json!({"service": "confluence", "method": "PUT", "path": "/pages/", "truncated": true, "after_effect": true}));
    let lost = world.step("Change", "update_page", change.clone()).await.unwrap_err();
    assert_eq!(lost.kind, ErrorKind::Unavailable, "{lost}");
    world.step("Change", "update_page", change).await.unwrap();
    assert_eq!(text_of(&world, &page).await, "New 😀 שלום");
    let found = world.step("Find", "find_page", json!({"title": "Codes"})).await.unwrap();
    assert_eq!(found["page_id"], page);
    let second = json!({"page_id": page, "content": "Newer"});
    world.step("Change2", "update_page", second).await.unwrap();

    let third = world
        .step("Undo", "update_page", json!({"page_id": page, "title": "Codes", "source": "<p>x</p>"}))
        .await;
    assert!(third.is_ok(), "{third:?}");
    let taken_back = world.roll_back().await;
    let actions: Vec<_> =
        taken_back.iter().map(|(action, result)| (action.as_str(), result.is_ok())).collect();
    let expected =
        [("update_page", true), ("update_page", true), ("update_page", true), ("delete_page", true)];
    assert_eq!(actions, expected, "{taken_back:?}");
    let puts = world.requests("confluence", "PUT", "");
    let last = puts.last().unwrap();
    assert_eq!(last.request["title"], "Discounts");
    let restored = last.request["body"]["value"].as_str().unwrap();
    assert!(
        restored.contains("<strong>before</strong>") && restored.contains("ac:name=\"anchor\""),
        "{restored}"
    );
    assert!(before.starts_with("# How"), "{before}");
    world.assert_no_violations();
}

#[tokio::test]
async fn a_change_that_says_nothing_or_too_much_is_refused() {
    let world = World::start().await;
    let page = made(&world).await;
    for (number, (input, expected)) in [
        (json!({"page_id": page}), "give `content`, `title` or both"),
        (json!({"page_id": page, "content": "a", "source": "<p>b</p>"}), "exclude each other"),
        (json!({"page_id": "999999", "content": "a"}), "no page `999999`"),
    ]
    .into_iter()
    .enumerate()
    {
        let error = world.step(&format!("Change{number}"), "update_page", input).await.unwrap_err();
        assert!(error.kind == ErrorKind::Rejected && error.message.contains(expected), "{error}");
    }
    world
        .step("Fill", "update_page", json!({"page_id": page, "content": "word ".repeat(30_000)}))
        .await
        .unwrap();
    let error =
        world.step("More", "update_page", json!({"page_id": page, "content": "a"})).await.unwrap_err();
    assert!(error.kind == ErrorKind::Rejected && error.message.contains("can be restored"), "{error}");
    world.assert_no_violations();
}

/// Writes the page of a plan, as a step of planning with this name.
async fn planned(world: &World, step: &str, title: &str, content: &str) -> Value {
    let page =
        json!({"template_type": "project_plan", "title": title, "content": content, "plan_id": "SHOP-9"});
    world.step(step, "create_page_from_template", page).await.unwrap()
}

#[tokio::test]
async fn planning_again_updates_the_page_that_nobody_changed() {
    let world = World::start().await;
    let first = planned(&world, "Plan1", "Plan: A sale", "- Codes").await;
    assert_eq!(first["state"], "created", "{first}");
    assert_eq!(planned(&world, "Plan2", "Plan: A sale", "- Codes").await["state"], "unchanged");
    // The answer to the update is lost the first time, and the plan is called something else.
    world.fault(json!({"service": "confluence", "method": "PUT", "path": "/pages/", "truncated": true, "after_effect": true}));
    let input = json!({"template_type": "project_plan", "title": "Plan: Sales", "content": "- Codes\n- Mail", "plan_id": "SHOP-9"});
    let lost = world.step("Plan3", "create_page_from_template", input.clone()).await.unwrap_err();
    assert_eq!(lost.kind, ErrorKind::Unavailable, "{lost}");
    let updated = world.step("Plan3", "create_page_from_template", input).await.unwrap();
    assert_eq!((&updated["state"], &updated["page_id"]), (&json!("updated"), &first["page_id"]), "{updated}");
    assert!(text_of(&world, &first["page_id"]).await.contains("- Mail"));
    assert_eq!(world.requests("confluence", "POST", "/pages").len(), 1, "no page is made twice");

    // One that is gone is made again.
    world.step("Gone", "delete_page", json!({"page_id": first["page_id"]})).await.unwrap();
    let anew = planned(&world, "Plan4", "Plan: A sale", "- Codes").await;
    assert_eq!(anew["state"], "created", "{anew}");

    // Somebody writes into it.
    let page = anew["page_id"].clone();
    world.step("Ada", "update_page", json!({"page_id": page, "content": "Ada's own words"})).await.unwrap();
    let left = planned(&world, "Plan5", "Plan: A sale", "- Other codes").await;
    assert_eq!((&left["state"], &left["page_id"]), (&json!("left"), &page), "{left}");
    assert_eq!(text_of(&world, &page).await, "Ada's own words");
    let taken_back = world.roll_back().await;
    let actions: Vec<_> =
        taken_back.iter().map(|(action, result)| (action.as_str(), result.is_ok())).collect();
    // What Ada wrote, the second page, the update of the page that is gone, and its creation.
    let expected =
        [("update_page", true), ("delete_page", true), ("update_page", false), ("delete_page", true)];
    assert_eq!(actions, expected, "{taken_back:?}");
    world.assert_no_violations();
}

#[tokio::test]
async fn a_page_whose_update_was_taken_back_is_updated_again() {
    let world = World::start().await;
    let first = planned(&world, "Plan1", "Plan: A sale", "- Codes").await;
    assert_eq!(planned(&world, "Plan2", "Plan: A sale", "- Mail").await["state"], "updated");
    assert_eq!(planned(&world, "Plan3", "Plan: A sale", "- Codes").await["state"], "updated");
    let puts = world.requests("confluence", "PUT", "");
    let former = puts.last().unwrap().request["body"]["value"].clone();
    assert_eq!(planned(&world, "Plan4", "Plan: A sale", "- Mail").await["state"], "updated");
    let undo = json!({"page_id": first["page_id"], "title": "Plan: A sale", "source": former});
    world.step("Undo", "update_page", undo).await.unwrap();
    let again = planned(&world, "Plan5", "Plan: A sale", "- Mail").await;
    assert_eq!(again["state"], "updated", "{again}");
    assert!(text_of(&world, &first["page_id"]).await.contains("- Mail"));
    assert_eq!(planned(&world, "Plan6", "Plan: A sale", "- Mail").await["state"], "unchanged");
    world.assert_no_violations();
}

#[tokio::test]
async fn a_page_of_that_title_that_is_not_ours_stays() {
    let world = World::start().await;
    let page = made(&world).await;
    let before = text_of(&world, &page).await;
    let left = planned(&world, "Plan", "Discounts", "- Codes").await;
    assert_eq!((&left["state"], &left["page_id"]), (&json!("left"), &page), "{left}");
    assert_eq!(text_of(&world, &page).await, before);
}

/// What takes a step's effect back.
async fn inverse_of(world: &World, step: &str) -> Value {
    let listed = world.step("Listed", "list_effects", json!({"page": 0})).await.unwrap();
    let end = format!("/{step}");
    let effects = listed["effects"].as_array().unwrap();
    effects.iter().find(|effect| effect["key"].as_str().unwrap().ends_with(&end)).unwrap()["inverse"].clone()
}

#[tokio::test]
async fn an_undo_leaves_a_page_that_somebody_has_changed() {
    let world = World::start().await;
    let page = planned(&world, "Plan1", "Plan: A sale", "- Codes").await["page_id"].clone();
    assert_eq!(planned(&world, "Plan2", "Plan: A sale", "- Mail").await["state"], "updated");
    world.step("Change", "update_page", json!({"page_id": page, "content": "Ours"})).await.unwrap();
    // What is taken back below does not know of this.
    world.step("Ada", "update_page", json!({"page_id": page, "content": "Ada's own words"})).await.unwrap();
    for (step, action) in [("Change", "update_page"), ("Plan2", "update_page"), ("Plan1", "delete_page")] {
        let inverse = inverse_of(&world, step).await;
        assert_eq!(inverse["action"], action);
        let error = world.step(&format!("{step}/undo"), action, inverse["input"].clone()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Conflict, "{error}");
        assert!(error.message.contains("was changed by somebody after it was written"), "{error}");
    }
    assert_eq!(text_of(&world, &page).await, "Ada's own words");
    world.assert_no_violations();
}
