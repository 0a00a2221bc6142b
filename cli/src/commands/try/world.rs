//! The world that Ticketsmith sees: the clone as its code host, the model, and a workflow without effects.

use super::clone::LocalClone;
use super::scratch::Scratch;
use super::{Arguments, Ticket};
use crate::commands::demo::use_model;
use crate::configuration_file::ConfigurationFile;
use crate::exit::{Exit, Outcome};
use crate::server::data_folder::DataFolder;
use crate::server::secret_file::SecretFile;
use domain::configuration::ProjectChecks;
use domain::{PluginType, RepositoryName};
use providers::ProviderSpec;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use simulators::simulation::{Options, Simulation};
use simulators::world::World;
use std::collections::BTreeMap;

/// The name of the workflow.
pub(super) const WORKFLOW: &str = "try";
/// The requester in the records.
pub(super) const PERSON: &str = "you";

const STEPS: &str = "\
name: Try
description: An agent works on a ticket, and nothing outside changes
version: \"1.0.0\"
inputs:
  task: { type: object, description: The ticket }
steps:
  - name: implement
    type: agent
    description: Write the change and its tests
    agent: development
    inputs: { task: \"${task}\" }
    outputs:
      outcome: work.outcome
      summary: work.summary
      open_points: work.open_points
      implementation: work.implementation
";
const CHECKS: &str = "  - name: run_checks
    description: Run the checks on the change
    plugin: version_control
    action: run_checks
    when: \"${work.implementation != null}\"
    inputs: { implementation: \"${work.implementation}\" }
    outputs: { passed: checks.passed, summary: checks.summary, output: checks.output }
";
const OUTPUTS: &str = "\
outputs:
  outcome: \"${work.outcome}\"
  summary: \"${work.summary}\"
  open_points: \"${work.open_points}\"
";
const CHECKS_OUTPUTS: &str = "  passed: \"${checks.passed}\"
  checks: \"${checks.summary}\"
  output: \"${checks.output}\"
";

/// Starts the code host, and writes the configuration, the secrets, the agent and the workflow to the scratch folder.
///
/// # Errors
/// Usage for an invalid configuration, unreachable if a port is not available.
pub(super) async fn prepare(
    arguments: &Arguments,
    ticket: &Ticket,
    clone: &LocalClone,
    scratch: &Scratch,
    model: (&ProviderSpec, &str),
) -> Outcome<(Simulation, ConfigurationFile)> {
    let place = scratch.path();
    let name = name_of(arguments, ticket);
    let token = uuid::Uuid::new_v4().to_string();
    let world = json!({
        "secrets": {
            "ticketsmith/github": { "token": token, "webhook_secret": uuid::Uuid::new_v4().to_string() },
            "ticketsmith/signing": { "github": uuid::Uuid::new_v4().to_string() },
        },
        "signing": "ticketsmith/signing",
        "github": {
            "secret": "ticketsmith/github",
            "bot": "ticketsmith",
            "users": [{ "login": PERSON }, { "login": "ticketsmith", "type": "Bot" }],
            "repositories": [{
                "name": name,
                "path": clone.folder.file_name().map(|name| name.to_string_lossy()),
                "default_branch": clone.branch,
                "private": true,
                // Even a bug of ours could not change anything, because this is only a copy.
                "collaborators": { PERSON: "write", "ticketsmith": "read" },
            }],
            "rate_limit": 1_000_000,
        },
        "configuration": configuration(arguments, &name, &clone.branch),
    });
    let world = World::parse(&world.to_string(), place.to_owned()).map_err(Exit::usage)?;
    let simulation = Simulation::start(world, Options::default()).await.map_err(Exit::usage)?;
    let file = place.join("ticketsmith.yaml");
    let write = |name: &str, text: &str| {
        let path = place.join(name);
        let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        made.and_then(|()| std::fs::write(&path, text)).map_err(Exit::unreachable)
    };
    write("ticketsmith.yaml", &simulation.configuration())?;
    write(&format!("workflows/{WORKFLOW}.yaml"), &workflow(arguments.checks.is_some()))?;
    write("agents/development.yaml", &agent(arguments.max_usd))?;
    let data = DataFolder::open(&scratch.data()).map_err(Exit::unreachable)?;
    let mut secrets = SecretFile::open(&data).map_err(Exit::usage)?;
    for (name, fields) in simulation.secrets().by_name() {
        let plain: BTreeMap<&str, &str> =
            fields.iter().map(|(field, value)| (field.as_str(), value.expose_secret())).collect();
        secrets.set(name, json!(plain).to_string().into()).map_err(Exit::usage)?;
    }
    let (spec, key) = model;
    let own = (arguments.base_url.as_deref(), arguments.model.as_deref());
    use_model(place, &scratch.data(), own, spec, key)?;
    Ok((simulation, ConfigurationFile::load(&file)?))
}

/// The repository's name here: the same as on GitHub, if it comes from there.
fn name_of(arguments: &Arguments, ticket: &Ticket) -> String {
    let text = arguments.repository.as_deref().or(ticket.repository.as_deref()).unwrap_or_default();
    let text = text.trim_end_matches('/').trim_end_matches(".git");
    let mut parts = text.rsplit(['/', ':', '\\']).filter(|part| !matches!(*part, "" | "." | ".."));
    let plain = |part: &str| -> String {
        part.chars()
            .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' })
            .collect()
    };
    let name = parts.next().map(plain).unwrap_or_else(|| "repository".to_owned());
    let is_url = text.contains("://") || text.contains('@');
    let owner = parts.next().filter(|_| is_url).map(plain);
    let full = format!("{}/{name}", owner.as_deref().unwrap_or("local"));
    match full.parse::<RepositoryName>() {
        Ok(name) => name.to_string(),
        Err(_) => "local/repository".to_owned(),
    }
}

fn configuration(arguments: &Arguments, name: &str, branch: &str) -> Value {
    let mut project = json!({
        "key": name,
        "repository": name,
        "base_branch": branch,
        "providers": { PluginType::VersionControl.as_str(): "github" },
    });
    if let Some(test) = &arguments.checks {
        let checks = ProjectChecks {
            setup: arguments.setup.clone(),
            test: Some(test.clone()),
            mounts: arguments.mounts.clone(),
            ..ProjectChecks::default()
        };
        project["checks"] = json!(checks);
    }
    json!({
        "projects": [project],
        "plugins": { "github": {} },
        "users": [{ "name": PERSON, "github": PERSON, "roles": ["developer"] }],
        "budgets": { "per_task_usd": arguments.max_usd, "per_user_month_usd": arguments.max_usd },
    })
}

fn workflow(checks: bool) -> String {
    match checks {
        true => [STEPS, CHECKS, OUTPUTS, CHECKS_OUTPUTS].concat(),
        false => [STEPS, OUTPUTS].concat(),
    }
}

/// The shipped agent with a limit in dollars, and without questions, because nobody would answer them.
fn agent(max_usd: f64) -> String {
    let tools: Vec<&str> =
        edits::tool_names().filter(|name| !matches!(*name, "ask_person" | edits::PROPOSE_PLAN)).collect();
    format!(
        "description: Implements a ticket and leaves the change for people to look at\neffort: medium\ntools: [{}]\nmax_usd: {max_usd}\nmax_minutes: 60\n",
        tools.join(", ")
    )
}
