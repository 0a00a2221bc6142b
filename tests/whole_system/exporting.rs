//! `demo --export`.

use crate::demo::{demo, entries, shop_where_the_agent_calls, text};
use serde_json::{Value, json};
use std::process::Output;
use tempfile::TempDir;

#[tokio::test]
async fn what_cannot_be_exported_is_refused_before_anything_starts() {
    let temporary = TempDir::new().unwrap();
    std::fs::create_dir(temporary.path().join("full")).unwrap();
    std::fs::write(temporary.path().join("full/file"), "").unwrap();
    for (target, word) in [("full", "not empty"), ("absent/clone", "absent")] {
        let Output { status, stdout, stderr } =
            demo(temporary.path(), &["--export", target]).output().await.unwrap();
        assert_eq!(status.code(), Some(2), "{target}");
        assert!(text(&stderr).contains(word) && stdout.is_empty(), "{}", text(&stderr));
    }
    assert_eq!(entries(temporary.path()), ["full"]);
}

#[tokio::test]
async fn a_repository_that_cannot_be_exported_does_not_hide_the_outcome() {
    let (temporary, place) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let file = shop_where_the_agent_calls(place.path(), "list_files", json!({}));
    let mut world: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    world["github"]["repositories"][0].as_object_mut().unwrap().remove("path").unwrap();
    std::fs::write(&file, world.to_string()).unwrap();
    let arguments = ["--world", file.to_str().unwrap(), "--json", "--export", "clone"];
    let Output { status, stdout, stderr } = demo(temporary.path(), &arguments).output().await.unwrap();
    assert_eq!(status.code(), Some(1), "{}", text(&stderr));
    for words in
        ["--export: the repository was not exported: acme/shop is empty", "Rejected: acme/shop is empty"]
    {
        assert!(text(&stderr).contains(words), "{words} in {}", text(&stderr));
    }
    let document: Value = serde_json::from_slice(&stdout).unwrap();
    assert_eq!(document["outcome"], "failed", "{document:#}");
    assert_eq!(entries(temporary.path()), Vec::<String>::new());
}
