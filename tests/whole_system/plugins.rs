//! Services added through the API: used like those of the configuration file, without a restart, until they are removed or added to the file.

use crate::audited::{audited, says};
use crate::support::{World, WorldFile};
use serde_json::{Value, json};

const LOOK: &str = "\
name: Look
inputs:
  task_id: { type: string }
steps:
  - name: look
    plugin: task_management
    action: get_task
    inputs: { task_id: \"${task_id}\" }
";

/// The shop, whose configuration file has another project. The credentials of a service `desk` are set.
async fn world() -> World {
    let file = WorldFile::quick_shop().with_file("workflows/look.yaml", LOOK).edit(|document| {
        let other = &mut document["configuration"]["projects"][0];
        other["key"] = json!("OPS");
        other["repository"] = json!("acme/ops");
    });
    let mut world = file.simulate().await;
    let secret =
        json!({"email": "ticketsmith@acme.example", "api_token": "simulated-jira-token"}).to_string();
    let set = world.command_with_input(&["secrets", "set", "ticketsmith/work#desk"], &secret).await;
    assert_eq!(set.0, 0, "{set:?}");
    world.serve().await;
    world
}

/// Runs a command as ada that succeeds; gives its answer.
async fn done(world: &World, arguments: &[&str]) -> Value {
    let arguments = [arguments, &["--as", "ada", "--output", "json"]].concat();
    let (code, printed, errors) = world.command(&arguments).await;
    assert_eq!(code, 0, "{arguments:?}: {printed}{errors}");
    serde_json::from_str(&printed).unwrap()
}

/// Looks at a ticket; gives how that ended.
async fn look(world: &World, ticket: &str) -> Value {
    let input = format!("task_id={ticket}");
    let run = ["run", "look", "--input", &input, "--as", "ada", "--detach"];
    let (code, printed, errors) = world.command(&run).await;
    assert_eq!(code, 0, "{printed}{errors}");
    world.ended(printed.trim()).await["outcome"].clone()
}

#[tokio::test]
async fn a_service_that_is_added_is_used_at_once_until_it_is_removed() {
    let mut world = world().await;
    let address = done(&world, &["plugin", "view", "task_management", "jira"]).await;
    let address = address["settings"]["base_url"].as_str().unwrap().to_owned();
    let nowhere = ["--set", "base_url=https://jira.acme.example", "--rate-limit", "1000/s"];
    let create = [&["plugin", "create", "desk", "--provider", "jira"][..], &nowhere].concat();
    let created = done(&world, &create).await;
    assert_eq!(
        (&created["secret"], &created["managed_by"]),
        (&json!("ticketsmith/work#desk"), &json!("api")),
        "{created}"
    );
    let providers = ["--provider", "task_management=desk", "--provider", "version_control=github"];
    done(&world, &[&["project", "create", "SHOP", "--repository", "acme/shop"][..], &providers].concat())
        .await;
    let at = format!("base_url={address}");
    let edited = done(&world, &["plugin", "edit", "task_management", "desk", "--set", &at]).await;
    assert_eq!(
        (&edited["rate_limit"], &edited["settings"]["base_url"]),
        (&json!("1000/s"), &json!(address)),
        "{edited}"
    );
    assert_eq!(look(&world, "SHOP-1").await, "succeeded");
    assert!(!world.requests("jira", "GET", "/issue/SHOP-1").await.is_empty());

    // `serve` puts its file in force at each start, and the service stays.
    world.kill().await;
    world.serve().await;
    assert_eq!(look(&world, "SHOP-2").await, "succeeded");
    let delete = ["plugin", "delete", "task_management", "desk", "--yes"];
    let (code, _, errors) = world.command(&[&delete[..], &["--as", "ada"]].concat()).await;
    assert!(code == 6 && errors.contains("projects use `desk`: SHOP"), "{code} {errors}");
    done(&world, &["project", "delete", "SHOP", "--yes"]).await;
    let archived = done(&world, &delete).await;
    assert_eq!(archived["archived_by"], "ada", "{archived}");
    let view = ["plugin", "view", "task_management", "desk", "--as", "ada"];
    let (code, _, errors) = world.command(&view).await;
    assert_eq!(code, 5, "{errors}");
    let audit = audited(&world, &["--as", "ada"]).await;
    for what in ["add the plugin desk of jira", "change the plugin desk; base_url", "archive the plugin desk"]
    {
        assert!(says(&audit, what), "{what}: {audit:?}");
    }
    world.finish().await;
}

#[tokio::test]
async fn doctor_checks_the_secret_of_a_service_that_was_added() {
    let world = world().await;
    let set = ["--set", "base_url=https://jira.acme.example"];
    for name in ["desk", "shelf"] {
        done(&world, &[&["plugin", "create", name, "--provider", "jira"][..], &set].concat()).await;
    }
    let findings = async || -> Vec<(String, String)> {
        let (_, printed, errors) = world.command(&["doctor", "--json"]).await;
        let findings: Value = serde_json::from_str(&printed).unwrap_or_else(|_| panic!("{printed}{errors}"));
        let words = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        let all = findings["findings"].as_array().unwrap().iter();
        all.map(|finding| (words(finding, "subject"), words(finding, "problem"))).collect()
    };
    let problem_of = |findings: &[(String, String)], name: &str| {
        let found =
            findings.iter().find(|(subject, _)| *subject == format!("secret ticketsmith/work#{name}"));
        found.unwrap_or_else(|| panic!("{name}: {findings:#?}")).1.clone()
    };
    let found = findings().await;
    assert_eq!(problem_of(&found, "desk"), "");
    let problem = problem_of(&found, "shelf");
    assert!(problem.contains("ticketsmith secrets set 'ticketsmith/work#shelf'"), "{problem}");
    world.finish().await;
}

#[tokio::test]
async fn a_file_with_its_name_wins_and_doctor_says_so() {
    let mut world = world().await;
    let set = ["--set", "base_url=https://jira.acme.example"];
    done(&world, &[&["plugin", "create", "desk", "--provider", "jira"][..], &set].concat()).await;
    let (code, exported, errors) = world.command(&["config", "export"]).await;
    assert!(code == 0 && exported.contains("ticketsmith/work#desk"), "{exported}{errors}");
    std::fs::write(world.folder().join("ticketsmith.yaml"), &exported).unwrap();
    world.kill().await;
    world.serve().await;
    let shown = done(&world, &["plugin", "view", "task_management", "desk"]).await;
    assert_eq!(shown["managed_by"], "file", "{shown}");
    let edit = ["plugin", "edit", "task_management", "desk", "--rate-limit", "1/s", "--as", "ada"];
    let (code, _, errors) = world.command(&edit).await;
    assert!(code == 6 && errors.contains("at plugins.desk; change it there"), "{code} {errors}");
    let (_, findings, errors) = world.command(&["doctor", "--json"]).await;
    let findings: Value = serde_json::from_str(&findings).unwrap_or_else(|_| panic!("{findings}{errors}"));
    let finding = findings["findings"].as_array().unwrap().iter().find(|one| one["subject"] == "plugin desk");
    let problem = finding.unwrap_or_else(|| panic!("{findings:#}"))["problem"].as_str().unwrap();
    assert!(problem.starts_with("plugins.desk of the file has the same name and wins"), "{problem}");
    let audit = audited(&world, &["--as", "ada"]).await;
    assert!(
        says(&audit, "archive the plugin desk, because the configuration file has its name"),
        "{audit:?}"
    );
    world.finish().await;
}
