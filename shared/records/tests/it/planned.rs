//! What plans became.

use super::table;
use records::{LinkState, PlannedItem, PlannedPage};

fn item(key: &str, claim: &str) -> PlannedItem {
    PlannedItem {
        project: "SHOP".into(),
        plan: "SHOP-1".into(),
        key: key.into(),
        title: "Codes".into(),
        claim: claim.into(),
        claimed_at: "2026-11-29T07:00:00Z".parse().unwrap(),
        task_id: None,
        epic: None,
        said: None,
        look: None,
        rewriting: None,
        withdrawn: false,
        links: Vec::new(),
    }
}

#[tokio::test]
async fn an_item_is_claimed_once_and_kept_by_who_claims_it() {
    let table = table().await;
    assert!(table.claim_planned_item(&item("a", "one"), None).await.unwrap());
    assert!(!table.claim_planned_item(&item("a", "two"), None).await.unwrap(), "nobody overwrites a claim");
    let made = PlannedItem { task_id: Some("SHOP-7".into()), ..item("a", "one") };
    assert!(table.put_planned_item(&made).await.unwrap());
    assert!(!table.put_planned_item(&item("a", "two")).await.unwrap());
    assert!(!table.put_planned_item(&item("b", "two")).await.unwrap(), "nothing is recorded without a claim");
    assert!(table.claim_planned_item(&item("a", "three"), Some("one")).await.unwrap());
    assert!(!table.put_planned_item(&made).await.unwrap(), "a claim that was taken over is over");
    assert!(table.claim_planned_item(&item("b", "four"), None).await.unwrap());
    let keys =
        |items: Vec<PlannedItem>| items.into_iter().map(|item| (item.key, item.claim)).collect::<Vec<_>>();
    let expected = [("a", "three"), ("b", "four")].map(|(key, claim)| (key.to_owned(), claim.to_owned()));
    assert_eq!(keys(table.planned_items("SHOP", "SHOP-1").await.unwrap()), expected);
    assert_eq!(table.planned_items("SHOP", "SHOP-2").await.unwrap(), []);
    assert_eq!(table.planned_item("SHOP", "SHOP-1", "a").await.unwrap(), Some(item("a", "three")));
}

#[tokio::test]
async fn the_links_that_planning_made_are_kept_with_the_item() {
    let table = table().await;
    let mut item = item("a", "one");
    assert!(table.claim_planned_item(&item, None).await.unwrap());
    item.note_link("SHOP-7", "run/1", Some(LinkState::Begun));
    item.note_link("SHOP-8", "run/1", Some(LinkState::Made));
    item.note_link("SHOP-7", "run/2", Some(LinkState::TakenOff));
    item.note_link("SHOP-8", "run/2", None);
    assert!(table.put_planned_item(&item).await.unwrap());
    let kept = table.planned_item("SHOP", "SHOP-1", "a").await.unwrap().unwrap();
    let links: Vec<_> =
        kept.links.iter().map(|link| (link.blocker.as_str(), link.by.as_str(), link.state)).collect();
    assert_eq!(links, [("SHOP-7", "run/2", LinkState::TakenOff)]);
}

#[tokio::test]
async fn the_page_of_a_plan_is_claimed_once_and_knows_its_last_two_looks() {
    let table = table().await;
    let page = |claim: &str| PlannedPage {
        project: "SHOP".into(),
        plan: "SHOP-1".into(),
        claim: claim.into(),
        claimed_at: "2026-11-29T07:00:00Z".parse().unwrap(),
        title: "Plan: Codes".into(),
        page_id: None,
        said: None,
        looks: Vec::new(),
    };
    assert!(table.claim_planned_page(&page("one"), None).await.unwrap());
    assert!(!table.claim_planned_page(&page("two"), None).await.unwrap(), "nobody overwrites a claim");
    let mut written = PlannedPage { page_id: Some("7".into()), ..page("one") };
    for look in ["a", "b", "c", "b"] {
        written.written("said".into(), look.into());
    }
    assert_eq!(written.looks, ["b", "c"]);
    assert!(table.put_planned_page(&written).await.unwrap());
    assert_eq!(table.planned_page("SHOP", "SHOP-1").await.unwrap(), Some(written.clone()));
    assert_eq!(table.planned_items("SHOP", "SHOP-1").await.unwrap(), [], "it is no ticket");
    assert!(table.claim_planned_page(&page("three"), Some("one")).await.unwrap());
    assert!(!table.put_planned_page(&written).await.unwrap(), "a claim that was taken over is over");
}
