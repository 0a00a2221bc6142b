//! The configuration: the file's part, and the part that the API manages.

use crate::{start, table_and_client, tables};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::PluginInstance;
use domain::configuration::{Configuration, Project, User};
use domain::reference::References;
use jiff::{SignedDuration, Timestamp};
use records::{
    Archived, ConfiguredItem, Managed, ManagedPerson, ManagedProject, PROJECT_LIMIT, RecordsError, Table,
    Written,
};
use serde_json::{Value, json};
use std::sync::Arc;

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

fn written<T: ConfiguredItem>(result: Written<T>) -> Managed<T> {
    match result {
        Written::Written(managed) => *managed,
        other => panic!("{other:?}"),
    }
}

/// The version of the API's part that a table sees.
async fn seen(table: &Table) -> u64 {
    table.configured(start()).await.unwrap().version
}

/// Creates an item that was checked against the current state.
async fn create<T: ConfiguredItem>(table: &Table, item: &T, by: &str) -> Written<T> {
    table.create_managed(item, seen(table).await, by, start()).await.unwrap()
}

/// Replaces an item that was checked against the current state.
async fn replace<T: ConfiguredItem>(
    table: &Table,
    item: &T,
    revision: u64,
    archived: Option<Archived>,
    by: &str,
) -> Written<T> {
    table.replace_managed(item, revision, archived, seen(table).await, by, start()).await.unwrap()
}

async fn archive_projects(table: &Table, file: &Configuration, now: Timestamp) -> Vec<String> {
    table.archive_managed_of_file::<Project>(file, "serve", now).await.unwrap()
}

#[tokio::test]
async fn a_project_of_the_api_is_in_force_at_once_and_beside_every_file() {
    let [here, elsewhere] = tables().await;
    here.put_configuration(&file(&["SHOP"])).await.unwrap();
    assert_eq!(keys(&elsewhere.configuration(start()).await.unwrap()), ["SHOP"]);
    let new = written(create(&here, &project("GIFT", None), "ada").await);
    assert_eq!((new.revision, new.changed_by.as_str(), new.archived), (1, "ada", None));
    // Another process has the file in memory, and sees it nevertheless.
    assert_eq!(keys(&elsewhere.configuration(start()).await.unwrap()), ["SHOP", "GIFT"]);
    let configured = elsewhere.configured(start()).await.unwrap();
    assert_eq!((keys(&configured.configuration), configured.archived.len()), (vec!["SHOP", "GIFT"], 0));
    // The next file does not remove it.
    here.put_configuration(&file(&["SHOP", "WEB"])).await.unwrap();
    assert_eq!(keys(&here.configuration(start()).await.unwrap()), ["SHOP", "WEB", "GIFT"]);
    assert_eq!(keys(&here.configuration_of_file(start()).await.unwrap()), ["SHOP", "WEB"]);

    let changed = project("GIFT", Some("#gift"));
    let changed = written(replace(&here, &changed, 1, None, "grace").await);
    assert_eq!((changed.revision, changed.changed_by.as_str()), (2, "grace"));
    let seen = elsewhere.configuration(start()).await.unwrap();
    assert_eq!(seen.project("gift").unwrap().channel.as_deref(), Some("#gift"));
    let gone = replace(&here, &changed.item, 2, Some(Archived::Deleted), "ada").await;
    assert_eq!(written(gone).archived, Some(Archived::Deleted));
    let configured = elsewhere.configured(start()).await.unwrap();
    assert_eq!(keys(&configured.configuration), ["SHOP"]);
    assert_eq!(configured.archived[0].item.key, "GIFT");
    // It can be created again, and its revisions continue.
    assert_eq!(written(create(&here, &project("gift", None), "ada").await).revision, 4);
    assert_eq!(keys(&elsewhere.configuration(start()).await.unwrap()), ["SHOP", "gift"]);
}

#[tokio::test]
async fn of_two_who_write_over_the_same_revision_one_wins() {
    let [here, elsewhere] = tables().await;
    here.put_configuration(&file(&["SHOP"])).await.unwrap();
    let (one, other) = (project("GIFT", Some("#one")), project("GIFT", Some("#other")));
    let lost = |outcomes: &[Written<Project>]| {
        outcomes.iter().filter(|outcome| matches!(outcome, Written::Changed | Written::Overtaken)).count()
    };
    let (first, second) = tokio::join!(create(&here, &one, "ada"), create(&elsewhere, &other, "grace"));
    assert_eq!(lost(&[first, second]), 1);
    let (first, second) =
        tokio::join!(replace(&here, &one, 1, None, "ada"), replace(&elsewhere, &other, 1, None, "grace"));
    assert_eq!(lost(&[first, second]), 1);
    assert_eq!(here.managed::<Project>("gift").await.unwrap().unwrap().revision, 2);
    let stale = replace(&here, &one, 1, Some(Archived::Deleted), "ada").await;
    assert_eq!(stale, Written::Changed);
}

#[tokio::test]
async fn the_file_wins_where_both_have_a_key() {
    let [here, elsewhere] = tables().await;
    here.put_configuration(&file(&["SHOP"])).await.unwrap();
    for key in ["GIFT", "Web"] {
        written(create(&here, &project(key, Some("#api")), "ada").await);
    }
    let both = file(&["SHOP", "gift"]);
    elsewhere.put_configuration(&both).await.unwrap();
    // Even before the other one is archived.
    let later = start() + SignedDuration::from_mins(1);
    let configuration = here.configuration(later).await.unwrap();
    assert_eq!(keys(&configuration), ["SHOP", "gift", "Web"]);
    assert_eq!(configuration.project("GIFT").unwrap().channel, None);
    assert_eq!(archive_projects(&elsewhere, &both, later).await, ["GIFT"]);
    assert_eq!(archive_projects(&elsewhere, &both, later).await, [""; 0]);
    let archived = here.managed::<Project>("GIFT").await.unwrap().unwrap();
    assert_eq!((archived.archived, archived.changed_by.as_str()), (Some(Archived::File), "serve"));
    // Once the file no longer has it, it stays archived, and that is known.
    elsewhere.put_configuration(&file(&["SHOP"])).await.unwrap();
    let configured = here.configured(later + SignedDuration::from_mins(1)).await.unwrap();
    assert_eq!(keys(&configured.configuration), ["SHOP", "Web"]);
    assert_eq!(configured.archived[0].item.key, "GIFT");
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
    written(create(&table, &project("GIFT", None), "ada").await);
    let references = table.configured(start()).await.unwrap().references;
    assert_eq!(references.canonical("ACME/gift#007"), "acme/gift#7");
    assert_eq!(references.projects.len(), 2);
    // They are put together once, until something changes.
    let again = table.configured(start()).await.unwrap().references;
    assert!(Arc::ptr_eq(&references, &again));
    written(create(&table, &project("WEB", None), "ada").await);
    assert_eq!(table.configured(start()).await.unwrap().references.projects.len(), 3);
}

#[tokio::test]
async fn a_file_is_seen_with_what_the_api_adds_before_it_is_in_force() {
    let [here, elsewhere] = tables().await;
    assert_eq!(keys(&here.configuration_with(&file(&["SHOP"])).await.unwrap()), ["SHOP"]);
    here.put_configuration(&file(&["SHOP"])).await.unwrap();
    written(create(&here, &project("GIFT", None), "ada").await);
    let other = file(&["WEB"]);
    assert_eq!(keys(&elsewhere.configuration_with(&other).await.unwrap()), ["WEB", "GIFT"]);
    assert_eq!(keys(&elsewhere.configuration_with(&file(&["GIFT"])).await.unwrap()), ["GIFT"]);
    assert_eq!(keys(&elsewhere.configuration(start()).await.unwrap()), ["SHOP", "GIFT"]);
}

#[tokio::test]
async fn what_is_too_large_is_refused() {
    let [table, _] = tables().await;
    table.put_configuration(&file(&["SHOP"])).await.unwrap();
    let large = project("GIFT", Some(&"x".repeat(PROJECT_LIMIT)));
    let refused = table.create_managed(&large, 0, "ada", start()).await.unwrap_err();
    assert!(matches!(refused, RecordsError::Invalid(_)), "{refused}");
    assert_eq!(table.managed::<Project>("GIFT").await.unwrap(), None::<ManagedProject>);
}

#[tokio::test]
async fn a_project_that_a_later_version_wrote_is_read() {
    let (table, client) = table_and_client().await;
    table.put_configuration(&file(&["SHOP"])).await.unwrap();
    written(create(&table, &project("GIFT", None), "ada").await);
    let later = json!({"key": "GIFT", "repository": "acme/gift", "checks": {"test": "make", "later": 1}, "later": {}});
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let update = client.update_item().table_name("ticketsmith").key("pk", text("CONFIGURED#PROJECTS"));
    let update =
        update.key("sk", text("PROJECT#gift")).update_expression("SET #project = :project, later = :later");
    let update = update.expression_attribute_names("#project", "project");
    let update = update.expression_attribute_values(":project", text(&later.to_string()));
    update.expression_attribute_values(":later", text("x")).send().await.unwrap();
    let read = table.managed::<Project>("GIFT").await.unwrap().unwrap();
    assert_eq!(read.item.checks.unwrap().test.as_deref(), Some("make"));
}

fn person(more: Value) -> User {
    serde_json::from_value(more).unwrap()
}

fn names(configuration: &Configuration) -> Vec<&str> {
    configuration.users.iter().map(|user| user.name.as_str()).collect()
}

#[tokio::test]
async fn a_person_of_the_api_is_in_force_at_once_until_they_are_archived() {
    let [here, elsewhere] = tables().await;
    let mut file = file(&["SHOP"]);
    file.users.push(person(json!({"name": "ada", "github": "ada-l"})));
    here.put_configuration(&file).await.unwrap();
    assert_eq!(names(&elsewhere.configuration(start()).await.unwrap()), ["ada"]);
    let grace = person(json!({"name": "Grace", "github": "grace-h", "roles": ["developer"]}));
    let new = written(create(&here, &grace, "ada").await);
    assert_eq!((new.revision, new.changed_by.as_str()), (1, "ada"));
    let seen = elsewhere.configuration(start()).await.unwrap();
    assert_eq!((names(&seen), &seen.users[1]), (vec!["ada", "Grace"], &grace));
    // A project does not push them out.
    written(create(&here, &project("GIFT", None), "ada").await);
    let seen = elsewhere.configuration(start()).await.unwrap();
    assert_eq!((names(&seen), keys(&seen)), (vec!["ada", "Grace"], vec!["SHOP", "GIFT"]));
    assert_eq!(elsewhere.managed::<User>("GRACE").await.unwrap(), Some(new));
    written(replace(&here, &grace, 1, Some(Archived::Deleted), "ada").await);
    assert_eq!(names(&elsewhere.configuration(start()).await.unwrap()), ["ada"]);
}

#[tokio::test]
async fn the_file_wins_where_it_has_a_name_or_an_account() {
    let [here, elsewhere] = tables().await;
    here.put_configuration(&file(&["SHOP"])).await.unwrap();
    for (name, login) in [("grace", "grace-h"), ("eve", "eve-x"), ("bob", "bob-l")] {
        written(create(&here, &person(json!({"name": name, "github": login})), "ada").await);
    }
    let mut both = file(&["SHOP"]);
    both.users.push(person(json!({"name": "Grace"})));
    both.users.push(person(json!({"name": "mallory", "github": "EVE-X"})));
    elsewhere.put_configuration(&both).await.unwrap();
    let later = start() + SignedDuration::from_mins(1);
    assert_eq!(names(&here.configuration(later).await.unwrap()), ["Grace", "mallory", "bob"]);
    let archived = elsewhere.archive_managed_of_file::<User>(&both, "serve", later).await.unwrap();
    assert_eq!(archived, ["eve", "grace"]);
    let eve: ManagedPerson = here.managed("eve").await.unwrap().unwrap();
    assert_eq!(eve.archived, Some(Archived::File));
}

#[tokio::test]
async fn a_plugin_instance_of_the_api_is_in_force_at_once_with_the_forms_of_its_tickets() {
    let [here, elsewhere] = tables().await;
    let mut file = file(&["SHOP"]);
    let section = |provider: &str| serde_json::from_value(json!({"provider": provider})).unwrap();
    file.plugins.insert("desk".parse().unwrap(), section("linear"));
    here.put_configuration(&file).await.unwrap();
    here.put_references(&References::default()).await.unwrap();
    let plugin = |name: &str| -> PluginInstance {
        let patterns = json!(["{PROJECT}-{number}"]);
        serde_json::from_value(json!({"name": name, "section": {"provider": "jira"}, "patterns": patterns}))
            .unwrap()
    };
    let new = written(create(&here, &plugin("old"), "ada").await);
    let seen = elsewhere.configured(start()).await.unwrap();
    assert_eq!(seen.configuration.instance("old").unwrap().provider(), "jira");
    assert_eq!(seen.references.trackers, [plugin("old").references().unwrap()]);
    assert_eq!(elsewhere.managed::<PluginInstance>("old").await.unwrap(), Some(new));
    // The file wins where it has the name.
    written(create(&here, &plugin("desk"), "ada").await);
    let seen = elsewhere.configured(start()).await.unwrap();
    assert_eq!(seen.configuration.instance("desk").unwrap().provider(), "linear");
    assert_eq!(seen.references.trackers.len(), 1);
    let archived = here.archive_managed_of_file::<PluginInstance>(&file, "serve", start()).await.unwrap();
    assert_eq!(archived, ["desk"]);
    written(replace(&here, &plugin("old"), 1, Some(Archived::Deleted), "ada").await);
    let seen = elsewhere.configured(start()).await.unwrap();
    assert!(seen.configuration.instance("old").is_none() && seen.references.trackers.is_empty());
}

/// Two people who are checked at the same moment would both find an account free.
#[tokio::test]
async fn what_was_checked_before_something_else_was_written_is_checked_again() {
    let [here, elsewhere] = tables().await;
    here.put_configuration(&file(&["SHOP"])).await.unwrap();
    let same = |name: &str| person(json!({"name": name, "github": "ada-l"}));
    for round in 0..2 {
        let seen = seen(&here).await;
        let (one, other) = (format!("one-{round}"), format!("other-{round}"));
        written(here.create_managed(&same(&one), seen, "ada", start()).await.unwrap());
        let overtaken = elsewhere.create_managed(&same(&other), seen, "ada", start()).await.unwrap();
        assert_eq!(overtaken, Written::Overtaken);
        assert_eq!(here.managed::<User>(&other).await.unwrap(), None);
        let overtaken = elsewhere.replace_managed(&same(&one), 1, None, seen, "ada", start()).await.unwrap();
        assert_eq!(overtaken, Written::Overtaken);
    }
}
