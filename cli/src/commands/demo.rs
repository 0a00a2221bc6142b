//! `ticketsmith demo`: three public commands in one: `simulate`, `serve` and one signed delivery.

use super::deliver::{control_client, deliver};
use crate::configuration_file::ConfigurationFile;
use crate::connection::Connection;
use crate::exit::{Exit, Outcome};
use crate::progress::{duration, follow, human_duration, steps_json};
use crate::server::data_folder::DataFolder;
use crate::server::secret_file::SecretFile;
use crate::world_folder;
use clap::ValueEnum;
use domain::configuration::ClaudeSettings;
use domain::execution::Outcome as ExecutionOutcome;
use jiff::Timestamp;
use records::ExecutionView;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};

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

/// How long a process may take to say where it listens.
const START_LIMIT: Duration = Duration::from_secs(30);
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

/// One demonstration as its records and the simulated world tell it.
struct Demonstration {
    view: ExecutionView,
    pull_request: Option<Value>,
    task_status: Option<String>,
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

impl Demonstration {
    fn json(&self) -> Value {
        let execution = &self.view.execution;
        let pull_request = self.pull_request.as_ref().map(|pull| {
            json!({
                "number": pull["number"],
                "url": pull["html_url"],
                "branch": pull["head"]["ref"],
                "files": files_of(pull).map(|file| file["filename"].clone()).collect::<Vec<_>>(),
            })
        });
        json!({
            "outcome": execution.outcome,
            "status": status_word(execution.outcome),
            "execution": execution.name,
            "pull_request": pull_request,
            "task": { "key": execution.task_id, "status": self.task_status },
            "cost_usd": self.view.cost().booked().as_usd(),
            "steps": steps_json(&self.view),
            "error": execution.error,
            "cause": execution.cause,
        })
    }

    fn print(&self, state: &Value, ai: Ai) {
        let execution = &self.view.execution;
        if let Some(pull) = &self.pull_request {
            println!(
                "\nPull request #{}: {}\n{}\n",
                pull["number"],
                text(&pull["title"]),
                text(&pull["html_url"])
            );
            for file in files_of(pull) {
                println!(
                    "--- {} ({})\n{}\n",
                    text(&file["filename"]),
                    text(&file["status"]),
                    text(&file["patch"])
                );
            }
        }
        if let Some(key) = &execution.task_id {
            println!("Ticket {key}: {}", self.task_status.as_deref().unwrap_or("not found"));
        }
        for message in state["slack"]["messages"].as_array().into_iter().flatten() {
            println!("{}: {}", text(&message["channel"]), text(&message["text"]));
        }
        println!("\nCost by step{}", if ai == Ai::Scripted { " (simulated)" } else { "" });
        for step in &self.view.steps {
            let cost = self.view.cost_of_step(&step.state).booked();
            if cost.0 > 0 {
                println!("  {:<30} {cost}", step.state);
            }
        }
        let total = self.view.cost().booked();
        println!("  {:<30} {total}", "together");
        println!("\n{} in {}", execution.outcome, human_duration(duration(&self.view, Timestamp::now())));
        println!(
            "Next: `ticketsmith demo --keep` leaves it running; README.md says how to connect your own services."
        );
    }

    fn verdict(&self) -> Outcome {
        let execution = &self.view.execution;
        if execution.outcome != ExecutionOutcome::Succeeded {
            return Err(Exit::negative(format!(
                "{}: {}",
                execution.error.as_deref().unwrap_or("it did not succeed"),
                execution.cause.as_deref().unwrap_or("no cause was given")
            )));
        }
        if self.pull_request.is_none() {
            return Err(Exit::negative("the execution succeeded, but there is no pull request"));
        }
        Ok(())
    }
}

/// Step Functions' word for an outcome of ours.
fn status_word(outcome: ExecutionOutcome) -> &'static str {
    match outcome {
        ExecutionOutcome::Succeeded => "SUCCEEDED",
        ExecutionOutcome::Failed | ExecutionOutcome::RolledBack => "FAILED",
        ExecutionOutcome::Stopped => "ABORTED",
        ExecutionOutcome::Pending | ExecutionOutcome::Running | ExecutionOutcome::Waiting => "RUNNING",
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn files_of(pull: &Value) -> impl Iterator<Item = &Value> {
    pull["files"].as_array().into_iter().flatten()
}

fn pull_requests(state: &Value) -> Vec<Value> {
    let repositories = state["github"]["repositories"].as_array().into_iter().flatten();
    repositories
        .flat_map(|repository| repository["pull_requests"].as_array().into_iter().flatten())
        .cloned()
        .collect()
}

fn status_of(state: &Value, key: &str) -> Option<String> {
    if let Some((repository, number)) = key.split_once('#') {
        let repositories = state["github"]["repositories"].as_array()?;
        let found = repositories.iter().find(|known| text(&known["full_name"]) == repository)?;
        let issues = found["issues"].as_array()?;
        let issue = issues.iter().find(|issue| issue["number"].as_u64() == number.parse().ok())?;
        return issue["state"].as_str().map(str::to_owned);
    }
    let tickets = state["jira"].as_array()?;
    tickets.iter().find(|ticket| ticket["key"] == key)?["status"].as_str().map(str::to_owned)
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

/// One of our own commands as a process of its own, ended with us unless everything is kept.
struct Process {
    child: Child,
    first_line: String,
}

impl Process {
    /// Starts the command and waits for the first line it prints. What it prints goes to a file in `place`, which a kept process
    /// goes on writing.
    async fn start(place: &Path, keep: bool, arguments: &[&OsStr]) -> Outcome<Self> {
        let program = std::env::current_exe().map_err(Exit::unreachable)?;
        let name = arguments.first().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let path = place.join(format!("{name}.log"));
        let output = File::create(&path).map_err(Exit::unreachable)?;
        let errors =
            if keep { Stdio::from(output.try_clone().map_err(Exit::unreachable)?) } else { Stdio::inherit() };
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .kill_on_drop(!keep)
            .spawn()
            .map_err(|error| Exit::unreachable(format!("`{name}` does not start: {error}")))?;
        let ready = async {
            let mut tick = tokio::time::interval(Duration::from_millis(20));
            loop {
                tick.tick().await;
                let printed = std::fs::read_to_string(&path).map_err(Exit::unreachable)?;
                if let Some((line, _)) = printed.split_once('\n') {
                    return Ok(line.to_owned());
                }
                if let Some(status) = child.try_wait().map_err(Exit::unreachable)? {
                    return Err(Exit::unreachable(format!(
                        "`{name}` ended with {status} before it was ready"
                    )));
                }
            }
        };
        let first_line = tokio::time::timeout(START_LIMIT, ready).await.map_err(|_| {
            Exit::unreachable(format!("`{name}` is not ready after {} s", START_LIMIT.as_secs()))
        })??;
        Ok(Self { child, first_line })
    }

    fn id(&self) -> u32 {
        self.child.id().unwrap_or_default()
    }

    async fn stop(&mut self) {
        if let Err(error) = self.child.kill().await {
            tracing::warn!(%error, "a process had ended already");
        }
    }
}
