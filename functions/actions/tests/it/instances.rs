//! Two instances of one provider in one configuration: each has its own address, secret and pace.

use crate::world::{RUN, World};
use domain::{ActionError, ErrorKind};
use serde_json::{Value, json};
use simulators::simulation::{Options, Simulation};
use std::path::Path;

/// Another site of the same service: other projects, another token.
async fn other_site() -> Simulation {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/simulators/worlds");
    let yaml = std::fs::read_to_string(folder.join("shop.yaml")).unwrap();
    let yaml = yaml.replace("SHOP", "OLD").replace("simulated-jira-token", "simulated-old-token");
    let world = simulators::World::parse(&yaml, folder).unwrap();
    Simulation::start(world, Options::default()).await.unwrap()
}

/// The built-in world with a second project, whose tickets are at the other site.
async fn world(other: &Simulation) -> World {
    let section = json!({
        "provider": "jira", "base_url": other.url("jira"), "secret": "ticketsmith/old-jira", "rate_limit": "1000/s"
    });
    World::start_with(|world| {
        let mut secrets: serde_json::Map<String, Value> = serde_json::Map::new();
        for (name, fields) in world.secrets.by_name() {
            let fields = fields
                .iter()
                .map(|(field, value)| (field.clone(), json!(secrecy::ExposeSecret::expose_secret(value))));
            secrets.insert(name.clone(), Value::Object(fields.collect()));
        }
        let credentials = json!({"email": "ticketsmith@acme.example", "api_token": "simulated-old-token"});
        secrets.insert("ticketsmith/old-jira".into(), credentials);
        world.secrets = serde_json::from_value(secrets.into()).unwrap();
        world.configuration["plugins"]["old-jira"] = section;
        let mut project = world.configuration["projects"][0].clone();
        project["key"] = json!("OLD");
        project["repository"] = json!("acme/old");
        project["providers"]["task_management"] = json!("old-jira");
        world.configuration["projects"].as_array_mut().unwrap().push(project);
    })
    .await
}

async fn task(world: &World, project: &str) -> Result<Value, ActionError> {
    let input = json!({"task_id": format!("{project}-1")});
    let payload = json!({
        "v": 1, "run": RUN, "key": format!("{RUN}/Fetch{project}"), "project": project, "actor": null, "input": input
    });
    Ok(world.dispatch("get_task", payload).await?["task"].clone())
}

#[tokio::test]
async fn two_instances_of_one_provider_have_their_own_address_secret_and_pace() {
    let other = other_site().await;
    let world = world(&other).await;
    let (here, there) = (task(&world, "SHOP").await.unwrap(), task(&world, "OLD").await.unwrap());
    assert_eq!((&here["task_id"], &there["task_id"]), (&json!("SHOP-1"), &json!("OLD-1")));
    assert!(here["url"].as_str().unwrap().starts_with(world.simulation.url("jira")), "{here}");
    assert!(there["url"].as_str().unwrap().starts_with(other.url("jira")), "{there}");

    let fault = json!({"service": "jira", "path": "/rest/api/3/issue/", "status": 503, "times": 5});
    other.add_fault(serde_json::from_value(fault).unwrap()).unwrap();
    for _ in 0..5 {
        assert_eq!(task(&world, "OLD").await.unwrap_err().kind, ErrorKind::Unavailable);
    }
    let put_off = task(&world, "OLD").await.unwrap_err();
    assert!(
        put_off.kind == ErrorKind::Throttled && put_off.message.starts_with("old-jira keeps"),
        "{put_off}"
    );
    task(&world, "SHOP").await.unwrap();
    world.assert_no_violations();
}
