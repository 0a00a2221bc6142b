//! Tickets of plans that go to another epic, or get another size.

use super::{JIRA, jira, new_task, settings};
use domain::plugins::{NewTask, TaskManagement};
use http_client::read_credentials;
use provider_jira::{Jira, SPEC};
use provider_testing::{assert_described, mark, options, secret};
use simulators::Simulation;

/// As [`jira`], at a site whose epics are in a custom field.
fn with_epic_link(simulation: &Simulation) -> Jira {
    let mut settings = settings(simulation);
    settings.custom_fields.insert("epic_link".into(), "customfield_10002".into());
    let secret = secret(simulation, "ticketsmith/jira");
    let credentials = read_credentials("ticketsmith/jira", &secret, &SPEC.secret_forms()).unwrap();
    Jira::new(&settings, credentials, &options()).unwrap()
}

#[tokio::test]
async fn a_rewritten_ticket_has_the_epic_and_the_size_of_the_plan() {
    let simulation = JIRA.described_simulation().await;
    for (site, jira) in [("parents", jira(&simulation)), ("epic links", with_epic_link(&simulation))] {
        let key = |what: &str| mark(&format!("{site}/{what}"));
        let epic = |title: &str| NewTask { task_type: "Epic".into(), story_points: None, ..new_task(title) };
        let one = jira.create_task(&epic("One"), &key("one")).await.unwrap().task_id;
        let two = jira.create_task(&epic("Two"), &key("two")).await.unwrap().task_id;
        let planned = NewTask { epic: Some(one.clone()), ..new_task("Planned") };
        let made = jira.create_task(&planned, &key("planned")).await.unwrap().task_id;
        for (epic, points) in [(Some(two), 8.0), (None, 8.0), (Some(one), 3.0)] {
            let present = jira.inspect_task(&made).await.unwrap().unwrap().task;
            let anew = NewTask { epic: epic.clone(), story_points: Some(points), ..new_task("Planned") };
            jira.rewrite_task(&present, &anew, &key("planned")).await.unwrap();
            let rewritten = jira.get_task(&made).await.unwrap();
            assert_eq!((rewritten.epic_link, rewritten.story_points), (epic, Some(points)), "{site}");
        }
    }
    assert_described(&simulation);
}
