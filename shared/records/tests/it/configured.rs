//! What is configured: the file's projects, and those that the API manages beside them.

use crate::{start, table_and_client, tables};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::configuration::{Configuration, Project};
use domain::reference::References;
use jiff::SignedDuration;
use records::{Archived, ManagedProject, PROJECT_LIMIT, ProjectWritten, RecordsError};
use serde_json::{Value, json};

fn project(key: &str, channel: Option<&str>) -> Project {
    serde_json::from_value(json!({"key": key, "repository": "acme/gift", "channel": channel})).unwrap()
}

fn file(keys: &[&str]) -> Configuration {
    let projects: Vec<Value> = keys.iter().map(|key| json!({"key": key, "repository": "acme/x"})).collect();
    serde_json::from_value(json!({"projects": projects})).unwrap()
}

fn keys(configuration: &Configuration) -> Vec<&str> {
    configuration.projects.iter().map(|project| project.key.as_str()).collect()
}

fn written(result: ProjectWritten) -> ManagedProject {
    match result {
        ProjectWritten::Written(project) => *project,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_project_of_the_api_is_in_force_at_once_and_beside_every_file() {
    let [here, elsewhere] = tables().await;
    here.put_configuration(&file(&["SHOP"])).await.unwrap();
    assert_eq!(keys(&elsewhere.configuration(start()).await.unwrap()), ["SHOP"]);
    let new = written(here.create_project(&project("GIFT", None), "ada", start()).await.unwrap());
    assert_eq!((new.revision, new.changed_by.as_str(), new.archived), (1, "ada", None));
    // Another process has the file in memory, and sees it nevertheless.
    assert_eq!(keys(&elsewhere.configuration(start()).await.unwrap()), ["SHOP", "GIFT"]);
    let configured = elsewhere.configured(start()).await.unwrap();
    assert_eq!((keys(&configured.configuration), configured.archived.len()), (vec!["SHOP", "GIFT"], 0));
    // What the file says next does not remove it.
    here.put_configuration(&file(&["SHOP", "WEB"])).await.unwrap();
    assert_eq!(keys(&here.configuration(start()).await.unwrap()), ["SHOP", "WEB", "GIFT"]);
    assert_eq!(keys(&here.configuration_of_file(start()).await.unwrap()), ["SHOP", "WEB"]);

    let changed = project("GIFT", Some("#gift"));
    let changed = written(here.replace_project(&changed, 1, None, "grace", start()).await.unwrap());
    assert_eq!((changed.revision, changed.changed_by.as_str()), (2, "grace"));
    let seen = elsewhere.configuration(start()).await.unwrap();
    assert_eq!(seen.project("gift").unwrap().channel.as_deref(), Some("#gift"));
    let gone = here.replace_project(&changed.project, 2, Some(Archived::Deleted), "ada", start()).await;
    assert_eq!(written(gone.unwrap()).archived, Some(Archived::Deleted));
    let configured = elsewhere.configured(start()).await.unwrap();
    assert_eq!(keys(&configured.configuration), ["SHOP"]);
    assert_eq!(configured.archived[0].project.key, "GIFT");
    // It can be created again, and its revisions go on.
    assert_eq!(
        written(here.create_project(&project("gift", None), "ada", start()).await.unwrap()).revision,
        4
    );
    assert_eq!(keys(&elsewhere.configuration(start()).await.unwrap()), ["SHOP", "gift"]);
}

#[tokio::test]
async fn of_two_who_write_over_the_same_revision_one_wins() {
    let [here, elsewhere] = tables().await;
    here.put_configuration(&file(&["SHOP"])).await.unwrap();
    let (one, other) = (project("GIFT", Some("#one")), project("GIFT", Some("#other")));
    let (first, second) = tokio::join!(
        here.create_project(&one, "ada", start()),
        elsewhere.create_project(&other, "grace", start())
    );
    let outcomes = [first.unwrap(), second.unwrap()];
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == ProjectWritten::Changed).count(), 1);
    let (first, second) = tokio::join!(
        here.replace_project(&one, 1, None, "ada", start()),
        elsewhere.replace_project(&other, 1, None, "grace", start())
    );
    let outcomes = [first.unwrap(), second.unwrap()];
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == ProjectWritten::Changed).count(), 1);
    assert_eq!(here.managed_project("gift").await.unwrap().unwrap().revision, 2);
    let stale = here.replace_project(&one, 1, Some(Archived::Deleted), "ada", start()).await.unwrap();
    assert_eq!(stale, ProjectWritten::Changed);
}

#[tokio::test]
async fn the_file_wins_where_both_have_a_key() {
    let [here, elsewhere] = tables().await;
    here.put_configuration(&file(&["SHOP"])).await.unwrap();
    for key in ["GIFT", "Web"] {
        written(here.create_project(&project(key, Some("#api")), "ada", start()).await.unwrap());
    }
    let both = file(&["SHOP", "gift"]);
    elsewhere.put_configuration(&both).await.unwrap();
    // Even before the other one is archived.
    let later = start() + SignedDuration::from_mins(1);
    let configuration = here.configuration(later).await.unwrap();
    assert_eq!(keys(&configuration), ["SHOP", "gift", "Web"]);
    assert_eq!(configuration.project("GIFT").unwrap().channel, None);
    assert_eq!(elsewhere.archive_projects_of_file(&both, "serve", later).await.unwrap(), ["GIFT"]);
    assert_eq!(elsewhere.archive_projects_of_file(&both, "serve", later).await.unwrap(), [""; 0]);
    let archived = here.managed_project("GIFT").await.unwrap().unwrap();
    assert_eq!((archived.archived, archived.changed_by.as_str()), (Some(Archived::File), "serve"));
    // Once the file has it no longer, it stays archived, and that is known.
    elsewhere.put_configuration(&file(&["SHOP"])).await.unwrap();
    let configured = here.configured(later + SignedDuration::from_mins(1)).await.unwrap();
    assert_eq!(keys(&configured.configuration), ["SHOP", "Web"]);
    assert_eq!(configured.archived[0].project.key, "GIFT");
}

#[tokio::test]
async fn tickets_of_a_project_of_the_api_are_written_as_those_of_the_file() {
    let [table, _] = tables().await;
    table.put_configuration(&file(&["SHOP"])).await.unwrap();
    let references: References = serde_json::from_value(json!({
        "trackers": [{"instance": "github", "patterns": ["{owner}/{name}#{number}"]}],
        "projects": [{"names": ["SHOP", "acme/x"], "trackers": []}],
    }))
    .unwrap();
    table.put_references(&references).await.unwrap();
    written(table.create_project(&project("GIFT", None), "ada", start()).await.unwrap());
    let references = table.configured(start()).await.unwrap().references;
    assert_eq!(references.canonical("ACME/gift#007"), "acme/gift#7");
    assert_eq!(references.projects.len(), 2);
}

#[tokio::test]
async fn what_is_too_large_is_refused() {
    let [table, _] = tables().await;
    table.put_configuration(&file(&["SHOP"])).await.unwrap();
    let large = project("GIFT", Some(&"x".repeat(PROJECT_LIMIT)));
    let refused = table.create_project(&large, "ada", start()).await.unwrap_err();
    assert!(matches!(refused, RecordsError::Invalid(_)), "{refused}");
    assert_eq!(table.managed_project("GIFT").await.unwrap(), None);
}

#[tokio::test]
async fn a_project_that_a_later_version_wrote_is_read() {
    let (table, client) = table_and_client().await;
    table.put_configuration(&file(&["SHOP"])).await.unwrap();
    written(table.create_project(&project("GIFT", None), "ada", start()).await.unwrap());
    let later = json!({"key": "GIFT", "repository": "acme/gift", "checks": {"test": "make", "later": 1}, "later": {}});
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let update = client.update_item().table_name("ticketsmith").key("pk", text("CONFIGURED#PROJECTS"));
    let update =
        update.key("sk", text("PROJECT#gift")).update_expression("SET #project = :project, later = :later");
    let update = update.expression_attribute_names("#project", "project");
    let update = update.expression_attribute_values(":project", text(&later.to_string()));
    update.expression_attribute_values(":later", text("x")).send().await.unwrap();
    let read = table.managed_project("GIFT").await.unwrap().unwrap();
    assert_eq!(read.project.checks.unwrap().test.as_deref(), Some("make"));
}
