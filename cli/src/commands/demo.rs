//! `ticketsmith demo`: three public commands in one: `simulate`, `serve` and one signed delivery.

mod process;
mod report;

use super::deliver::{control_client, deliver};
use crate::configuration_file::ConfigurationFile;
use crate::connection::Connection;
use crate::exit::{Exit, Outcome};
use crate::progress::follow;
use crate::server::data_folder::DataFolder;
use crate::server::secret_file::SecretFile;
use crate::world_folder;
use clap::ValueEnum;
use domain::configuration::ClaudeSettings;
use jiff::Timestamp;
use process::Process;
use records::ExecutionView;
use report::{Demonstration, pull_requests, status_of, text};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// `ticketsmith demo`
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// What starts the workflow.
    #[arg(long, value_enum, default_value_t = Trigger::JiraLabel)]
    trigger: Trigger,
    /// The world; without it, the built-in shop.
    #[arg(long, value_name = "FILE")]
    world: Option<PathBuf>,
    /// Who writes the code: scripted replies from the world file, or the real Claude with the key from ANTHROPIC_API_KEY.
    #[arg(long, value_enum, default_value_t = Ai::Scripted)]
    ai: Ai,
    /// Another server of the same API as Claude's, with --ai claude.
    #[arg(long, value_name = "URL", requires = "ai")]
    base_url: Option<String>,
    /// The model, with --ai claude.
    #[arg(long, requires = "ai")]
    model: Option<String>,
    /// Write the resulting repository as a git clone into a new folder.
    #[arg(long, value_name = "FOLDER")]
    export: Option<PathBuf>,
    /// Leave everything running and print the commands that do the same by hand.
    #[arg(long)]
    keep: bool,
    /// Print one JSON document, last on standard output.
    #[arg(long)]
    json: bool,
    /// How many seconds the execution may take.
    #[arg(long, default_value_t = 600)]
    limit_seconds: u64,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Trigger {
    /// Ada labels a Jira ticket `agent`.
    JiraLabel,
    /// Ada moves a Jira ticket to `Ready for Agent`.
    JiraTransition,
    /// Ada labels a GitHub issue `agent`.
    GithubLabel,
    /// Ada types `/ticketsmith run SHOP-1`.
    SlackCommand,
}

impl Trigger {
    fn name(self) -> &'static str {
        match self {
            Self::JiraLabel => "jira-label",
            Self::JiraTransition => "jira-transition",
            Self::GithubLabel => "github-label",
            Self::SlackCommand => "slack-command",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Ai {
    Scripted,
    Claude,
}

const EXAMPLES: &str = "\
Examples:
  ticketsmith demo
  ticketsmith demo --trigger slack-command --json
  ANTHROPIC_API_KEY=… ticketsmith demo --ai claude
  ticketsmith demo --export shop && git -C shop log --oneline --all

Exit codes: 0 there is a pull request and the execution succeeded · 1 it failed · 2 wrong arguments · 3 something did not start";

/// How long the last comment may take after the execution has ended.
const FEEDBACK_LIMIT: Duration = Duration::from_secs(15);

/// Runs the command.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    let folder = tempfile::Builder::new().prefix("ticketsmith-demo-").tempdir().map_err(Exit::unreachable)?;
    let place = folder.path().to_owned();
    let world_file = match &arguments.world {
        Some(path) => path.clone(),
        None => world_folder::write(&place.join("world")).map_err(Exit::unreachable)?,
    };
    let keep = arguments.keep;
    let simulate = ["simulate", "--json", "--world"].map(OsStr::new);
    let simulate =
        [&simulate[..], &[world_file.as_os_str(), "--configure".as_ref(), place.as_os_str()]].concat();
    let mut simulation = Process::start(&place, keep, &simulate).await?;
    let addresses: Value = serde_json::from_str(&simulation.first_line).map_err(Exit::unreachable)?;
    let control = addresses["control"].as_str().unwrap_or_default().to_owned();
    let data = place.join(".ticketsmith");
    if arguments.ai == Ai::Claude {
        use_claude(&place, &data, &arguments)?;
    } else {
        eprintln!("The model's replies are scripted by the world file; --ai claude asks the real one.");
    }
    let config = place.join("ticketsmith.yaml");
    let serve =
        ["serve".as_ref(), "--config".as_ref(), config.as_os_str(), "--data".as_ref(), data.as_os_str()];
    let serve = [&serve[..], &["--listen", "127.0.0.1:0"].map(OsStr::new)].concat();
    let mut server = Process::start(&place, keep, &serve).await?;
    let result = demonstrate(&arguments, &control, &data).await;
    if keep {
        let _kept_for_the_processes = folder.keep();
        let commands = by_hand(&world_file, &place, &control, &data, arguments.trigger)?;
        println!("\n{commands}\nTo stop it: kill {} {}", simulation.id(), server.id());
    } else {
        server.stop().await;
        simulation.stop().await;
    }
    let demonstration = result?;
    if arguments.json {
        println!("{}", demonstration.json());
    }
    demonstration.verdict()
}

async fn demonstrate(arguments: &Arguments, control: &str, data: &Path) -> Outcome<Demonstration> {
    let running = DataFolder::open(data)
        .and_then(|folder| folder.running())
        .map_err(Exit::unreachable)?
        .ok_or_else(|| Exit::unreachable("`serve` has not said where it listens"))?;
    let before = pull_requests(&world(control).await?);
    let receipt = deliver(control, arguments.trigger.name(), &running.public_url).await?;
    if receipt["status"] != 200 {
        return Err(Exit::negative(format!("the delivery was not accepted: {receipt}")));
    }
    let connection = Connection::to(&running.private_url, &running.token.clone().into());
    let started = connection.table.recent_executions(Timestamp::now(), 1).await.map_err(Exit::unreachable)?;
    let execution = started
        .first()
        .ok_or_else(|| Exit::negative(format!("the delivery started nothing: {}", receipt["body"])))?;
    let view =
        follow(&connection.table, &execution.name, Duration::from_secs(arguments.limit_seconds)).await?;
    let state = settled_world(control, &connection, &view).await?;
    let pull_request = pull_requests(&state)
        .into_iter()
        .find(|pull| before.iter().all(|known| known["html_url"] != pull["html_url"]));
    let task_status = view.execution.task_id.as_deref().and_then(|key| status_of(&state, key));
    if let Some(target) = &arguments.export {
        export(control, pull_request.as_ref(), target).await?;
    }
    let demonstration = Demonstration { view, pull_request, task_status };
    if !arguments.json {
        demonstration.print(&state, arguments.ai);
    }
    Ok(demonstration)
}

async fn world(control: &str) -> Outcome<Value> {
    let response = control_client()?.get(format!("{control}/_world/state")).send().await;
    response.map_err(Exit::unreachable)?.json().await.map_err(Exit::unreachable)
}

/// The world after the last comment has been edited: feedback follows the end of an execution by a moment.
async fn settled_world(control: &str, connection: &Connection, view: &ExecutionView) -> Outcome<Value> {
    let name = &view.execution.name;
    let mut seen = BTreeSet::new();
    let mut tick = tokio::time::interval(Duration::from_millis(200));
    let settled = async {
        loop {
            tick.tick().await;
            let progress = connection.table.progress(name).await.map_err(Exit::unreachable)?;
            // It is settled when a second look finds the same digest, edited after the end.
            if let Some(progress) = progress
                && view.execution.ended_at.is_some_and(|ended| progress.edited_at >= ended)
                && !seen.insert(progress.digest)
            {
                return Ok::<(), Exit>(());
            }
        }
    };
    if let Ok(result) = tokio::time::timeout(FEEDBACK_LIMIT, settled).await {
        result?;
    } else {
        eprintln!("the last comment on the ticket is late; see `ticketsmith demo -v`");
    }
    world(control).await
}

async fn export(control: &str, pull_request: Option<&Value>, target: &Path) -> Outcome {
    let target = std::path::absolute(target).map_err(Exit::usage)?;
    let repository = pull_request.map(|pull| pull["base"]["repo"]["full_name"].clone()).unwrap_or_default();
    let response = control_client()?
        .post(format!("{control}/_world/export"))
        .json(&json!({ "dir": target, "repository": repository }))
        .send()
        .await
        .map_err(Exit::unreachable)?;
    if response.status().is_success() {
        return Ok(());
    }
    let body: Value = response.json().await.unwrap_or_default();
    Err(Exit::negative(format!("the repository was not exported: {}", text(&body["error"]))))
}

/// Has the written configuration ask the real Claude, or another server of its API.
fn use_claude(place: &Path, data: &Path, arguments: &Arguments) -> Outcome {
    let key =
        std::env::var("ANTHROPIC_API_KEY").map_err(|_| Exit::usage("--ai claude needs ANTHROPIC_API_KEY"))?;
    let path = place.join("ticketsmith.yaml");
    let mut configuration = ConfigurationFile::load(&path)?.configuration;
    let settings: ClaudeSettings = serde_json::from_value(json!({})).map_err(Exit::usage)?;
    let settings = ClaudeSettings {
        base_url: arguments.base_url.clone().unwrap_or(settings.base_url),
        model: arguments.model.clone().unwrap_or(settings.model),
        ..settings
    };
    let secret = settings.secret.clone();
    configuration.plugins.claude = Some(settings);
    let yaml = serde_saphyr::to_string(&configuration).map_err(Exit::usage)?;
    std::fs::write(&path, yaml).map_err(Exit::usage)?;
    let data = DataFolder::open(data).map_err(Exit::usage)?;
    let mut secrets = SecretFile::open(&data.secrets(), &data.secrets_key(), None).map_err(Exit::usage)?;
    secrets.set(&secret, json!({ "api_key": key }).to_string().into()).map_err(Exit::usage)
}

fn by_hand(world: &Path, place: &Path, control: &str, data: &Path, trigger: Trigger) -> Outcome<String> {
    let running = DataFolder::open(data).and_then(|folder| folder.running()).map_err(Exit::unreachable)?;
    let public = running.as_ref().map_or("http://127.0.0.1:8080", |running| running.public_url.as_str());
    let port = control.rsplit(':').next().unwrap_or_default();
    let listen = public.trim_start_matches("http://");
    Ok(format!(
        "Everything keeps running. The same by hand, each in its own terminal:\n  \
         ticketsmith simulate --world {} --configure {} --port {port}\n  \
         ticketsmith serve --config {} --data {} --listen {listen}\n  \
         ticketsmith deliver {} --world {control} --to {public}",
        world.display(),
        place.display(),
        place.join("ticketsmith.yaml").display(),
        data.display(),
        trigger.name(),
    ))
}
