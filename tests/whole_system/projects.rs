//! Projects created through the API: worked on like those of the configuration file, until they are deleted or added to the file.

use crate::audited::{audited, says};
use crate::evidence::{pull_request, repository};
use crate::support::{World, WorldFile};
use serde_json::{Value, json};

/// The shop, whose configuration file has another project; and the section for the shop itself.
async fn world() -> (World, String) {
    let mut project = Value::Null;
    let file = WorldFile::quick_shop().edit(|document| {
        let other = &mut document["configuration"]["projects"][0];
        project = other.clone();
        other["key"] = json!("OPS");
        other["repository"] = json!("acme/ops");
    });
    let world = file.start().await;
    (world, project.to_string())
}

/// Runs a command that succeeds; returns its output.
async fn done(world: &World, arguments: &[&str]) -> String {
    let (code, printed, errors) = world.command(arguments).await;
    assert_eq!(code, 0, "{arguments:?}: {printed}{errors}");
    printed
}

/// Runs a command of `project` as ada; gives its answer.
async fn project(world: &World, arguments: &[&str]) -> Value {
    let arguments = [&["project"][..], arguments, &["--as", "ada", "--output", "json"]].concat();
    serde_json::from_str(&done(world, &arguments).await).unwrap()
}

async fn create_shop(world: &World, settings: &str) -> Value {
    std::fs::write(world.folder().join("shop-project.json"), settings).unwrap();
    project(world, &["create", "SHOP", "--file", "shop-project.json"]).await
}

#[tokio::test]
async fn a_label_on_a_ticket_of_a_created_project_becomes_a_pull_request_until_it_is_deleted() {
    let (mut world, settings) = world().await;
    let created = create_shop(&world, &settings).await;
    assert_eq!((&created["key"], &created["managed_by"]), (&json!("SHOP"), &json!("api")), "{created}");
    // `serve` puts its file in force at each start, and the project stays.
    world.kill().await;
    world.serve().await;
    let edited = project(&world, &["edit", "SHOP", "--space", "SHOPS"]).await;
    assert_eq!((&edited["space"], &edited["repository"]), (&json!("SHOPS"), &json!("acme/shop")), "{edited}");
    project(&world, &["edit", "SHOP", "--space", "SHOP"]).await;

    let name = world.start_by("jira-label").await;
    let execution = world.ended(&name).await;
    assert_eq!(execution["outcome"], "succeeded", "{execution:#}");
    let state = world.state().await;
    assert_eq!(pull_request(repository(&state, "acme/shop"), "feature/SHOP-1")["base"]["ref"], "main");

    let archived = project(&world, &["delete", "SHOP", "--yes"]).await;
    assert_eq!(archived["archived_by"], "ada", "{archived}");
    let before = world.executions().await.len();
    let label = json!({ "kind": "jira-label", "ticket": "SHOP-2", "label": "agent", "by": "ada" });
    let receipt = world.deliver(label).await;
    let result = &receipt["body"]["results"][0];
    assert_eq!(result["result"], "refused", "{receipt}");
    let reason = result["reason"].as_str().unwrap();
    assert!(reason.starts_with("the project `SHOP` is archived: ada deleted it at "), "{reason}");
    assert_eq!(world.executions().await.len(), before);
    let (code, _, errors) = world.command(&["project", "view", "SHOP", "--as", "ada"]).await;
    assert_eq!(code, 5, "{errors}");
    world.finish().await;
}

#[tokio::test]
async fn what_is_exported_configures_the_same_as_a_file_and_the_file_wins() {
    let (mut world, settings) = world().await;
    create_shop(&world, &settings).await;
    let exported = done(&world, &["config", "export"]).await;
    let file = world.folder().join("ticketsmith.yaml");
    std::fs::write(&file, &exported).unwrap();
    world.kill().await;
    world.serve().await;
    assert_eq!(done(&world, &["config", "export"]).await, exported);
    let shown = project(&world, &["view", "SHOP"]).await;
    assert_eq!(shown["managed_by"], "file", "{shown}");
    let (code, _, errors) = world.command(&["project", "delete", "SHOP", "--yes", "--as", "ada"]).await;
    assert_eq!(code, 6, "{errors}");
    assert!(errors.contains("`SHOP` is managed by the configuration file, at projects[1]"), "{errors}");
    // Its creator learns from `doctor` and from the audit log what became of it.
    let (_, findings, errors) = world.command(&["doctor", "--json"]).await;
    let findings: Value = serde_json::from_str(&findings).unwrap_or_else(|_| panic!("{findings}{errors}"));
    let finding =
        findings["findings"].as_array().unwrap().iter().find(|one| one["subject"] == "project SHOP");
    let finding = finding.unwrap_or_else(|| panic!("{findings:#}"));
    assert_eq!(finding["verdict"], "warning", "{finding}");
    assert!(
        finding["problem"].as_str().unwrap().starts_with("projects[1] of the file has the same key"),
        "{finding}"
    );
    let audit = audited(&world, &["--as", "ada"]).await;
    assert!(
        says(&audit, "archive the project SHOP, because the configuration file has its key"),
        "{audit:?}"
    );
    let execution = world.start_by("jira-label").await;
    assert_eq!(world.ended(&execution).await["outcome"], "succeeded");
    world.finish().await;
}
