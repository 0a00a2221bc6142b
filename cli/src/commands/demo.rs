//! `ticketsmith demo`: runs `simulate`, `serve` and one signed delivery.

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
use domain::PluginType;
use domain::configuration::{InstanceName, Section};
use jiff::Timestamp;
use process::Process;
use providers::ProviderSpec;
use records::ExecutionView;
use report::{Demonstration, pull_requests, status_of, text};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// `ticketsmith demo`
#[derive(Debug, clap::Args)]
#[command(after_help = examples())]
pub(crate) struct Arguments {
    /// The name of the delivery in the world file that starts the workflow. Default: the first one.
    #[arg(long, value_name = "NAME")]
    trigger: Option<String>,
    /// The world file. Default: the built-in shop.
    #[arg(long, value_name = "FILE")]
    world: Option<PathBuf>,
    /// What writes the code: `scripted` replies from the world file, or a real model provider with a key from the environment.
    #[arg(long, value_name = "PROVIDER", default_value = SCRIPTED, value_parser = ai)]
    ai: String,
    /// Another base URL for the provider's API, with --ai.
    #[arg(long, value_name = "URL", requires = "ai")]
    base_url: Option<String>,
    /// The model, with --ai.
    #[arg(long, requires = "ai")]
    model: Option<String>,
    /// Write the resulting repository as a git clone into a new folder.
    #[arg(long, value_name = "FOLDER")]
    export: Option<PathBuf>,
    /// Leave everything running and print the equivalent commands.
    #[arg(long)]
    keep: bool,
    /// Print one JSON document, as the last output.
    #[arg(long)]
    json: bool,
    /// The maximum duration of the execution, in seconds.
    #[arg(long, default_value_t = 600)]
    limit_seconds: u64,
}

/// The model's replies come from the world file.
const SCRIPTED: &str = "scripted";

/// The model providers that take a key from the environment, and each one's variable.
fn real_models() -> impl Iterator<Item = (&'static ProviderSpec, &'static str)> {
    let models = providers::ALL.iter().filter(|spec| spec.serves.contains(&PluginType::AiProvider));
    models.filter_map(|spec| Some((*spec, spec.key_variable?)))
}

fn ai(name: &str) -> Result<String, String> {
    let known: Vec<_> = std::iter::once(SCRIPTED).chain(real_models().map(|(spec, _)| spec.id)).collect();
    let is_known = known.contains(&name);
    is_known.then(|| name.to_owned()).ok_or_else(|| format!("accepted: {}", known.join(", ")))
}

fn examples() -> String {
    let with_keys =
        real_models().map(|(spec, variable)| format!("  {variable}=… ticketsmith demo --ai {}\n", spec.id));
    format!(
        "\
Examples:
  ticketsmith demo
  ticketsmith demo --trigger NAME --json
{}  ticketsmith demo --export shop && git -C shop log --oneline --all

Exit codes: 0 the execution succeeded and opened a pull request · 1 it failed · 2 invalid arguments · 3 something did not start",
        with_keys.collect::<String>()
    )
}

/// The maximum delay of the last comment after the execution ends.
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
    let export_to = arguments.export.as_deref().map(ExportTo::of).transpose()?;
    let simulate = ["simulate", "--json", "--world"].map(OsStr::new);
    let mut simulate =
        [&simulate[..], &[world_file.as_os_str(), "--configure".as_ref(), place.as_os_str()]].concat();
    if let Some(target) = &export_to {
        simulate.extend([OsStr::new("--exports"), target.parent.as_os_str()]);
    }
    let mut simulation = Process::start(&place, keep, &simulate).await?;
    let addresses: Value = serde_json::from_str(&simulation.first_line).map_err(Exit::unreachable)?;
    let control = addresses["control"].as_str().unwrap_or_default().to_owned();
    let data = place.join(".ticketsmith");
    match real_models().find(|(spec, _)| spec.id == arguments.ai) {
        Some((spec, variable)) => use_real_model(&place, &data, &arguments, spec, variable)?,
        None => eprintln!("The model's replies are scripted in the world file; use --ai for a real model."),
    }
    let trigger = trigger(&world_file, arguments.trigger.as_deref())?;
    let config = place.join("ticketsmith.yaml");
    let serve =
        ["serve".as_ref(), "--config".as_ref(), config.as_os_str(), "--data".as_ref(), data.as_os_str()];
    let serve = [&serve[..], &["--listen", "127.0.0.1:0"].map(OsStr::new)].concat();
    let mut server = Process::start(&place, keep, &serve).await?;
    let result = demonstrate(&arguments, export_to.as_ref(), &trigger, &control, &data).await;
    if keep {
        let _kept_for_the_processes = folder.keep();
        let commands = by_hand(&world_file, &place, &control, &data, &trigger)?;
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

/// The delivery with this name, or the first in the world file.
fn trigger(world: &Path, name: Option<&str>) -> Outcome<String> {
    let text = std::fs::read_to_string(world).map_err(Exit::usage)?;
    let world: Value = serde_saphyr::from_str(&text).map_err(Exit::usage)?;
    let known: Vec<_> = world["deliveries"].as_object().into_iter().flat_map(Map::keys).collect();
    let found = known.iter().find(|known| name.is_none_or(|name| name == **known));
    found.map(|name| (*name).clone()).ok_or_else(|| {
        let known: Vec<_> = known.iter().map(|name| name.as_str()).collect();
        Exit::usage(format!(
            "the world has no delivery `{}`; known: {}",
            name.unwrap_or_default(),
            known.join(", ")
        ))
    })
}

/// Where the repository is exported to: a folder, and the folder that it is in.
struct ExportTo {
    parent: PathBuf,
    name: PathBuf,
}

impl ExportTo {
    fn of(target: &Path) -> Outcome<Self> {
        let whole = std::path::absolute(target).map_err(Exit::usage)?;
        let (Some(parent), Some(name)) = (whole.parent(), whole.file_name()) else {
            return Err(Exit::usage(format!(
                "--export {}: accepted: the name of a new folder",
                target.display()
            )));
        };
        std::fs::create_dir_all(parent)
            .map_err(|error| Exit::usage(format!("--export {}: {error}", target.display())))?;
        Ok(Self { parent: parent.to_owned(), name: name.into() })
    }
}

async fn demonstrate(
    arguments: &Arguments,
    export_to: Option<&ExportTo>,
    trigger: &str,
    control: &str,
    data: &Path,
) -> Outcome<Demonstration> {
    let running = DataFolder::open(data)
        .and_then(|folder| folder.running())
        .map_err(Exit::unreachable)?
        .ok_or_else(|| Exit::unreachable("`serve` did not report its address"))?;
    let before = pull_requests(&world(control).await?);
    let receipt = deliver(control, trigger, &running.public_url).await?;
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
    if let Some(target) = export_to {
        export(control, pull_request.as_ref(), target).await?;
    }
    let demonstration = Demonstration { view, pull_request, task_status };
    if !arguments.json {
        demonstration.print(&state, arguments.ai == SCRIPTED);
    }
    Ok(demonstration)
}

async fn world(control: &str) -> Outcome<Value> {
    let response = control_client()?.get(format!("{control}/_world/state")).send().await;
    response.map_err(Exit::unreachable)?.json().await.map_err(Exit::unreachable)
}

/// The world after the last comment was edited, which happens shortly after the execution ends.
async fn settled_world(control: &str, connection: &Connection, view: &ExecutionView) -> Outcome<Value> {
    let name = &view.execution.name;
    let mut seen = BTreeSet::new();
    let mut tick = tokio::time::interval(Duration::from_millis(200));
    let settled = async {
        loop {
            tick.tick().await;
            let progress = connection.table.progress(name).await.map_err(Exit::unreachable)?;
            // Settled when a second read finds the same digest, edited after the end.
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

async fn export(control: &str, pull_request: Option<&Value>, target: &ExportTo) -> Outcome {
    let repository = pull_request.map(|pull| pull["base"]["repo"]["full_name"].clone()).unwrap_or_default();
    let response = control_client()?
        .post(format!("{control}/_world/export"))
        .json(&json!({ "dir": target.name, "repository": repository }))
        .send()
        .await
        .map_err(Exit::unreachable)?;
    if response.status().is_success() {
        return Ok(());
    }
    let body: Value = response.json().await.unwrap_or_default();
    Err(Exit::negative(format!("the repository was not exported: {}", text(&body["error"]))))
}

/// Makes every project in the written configuration use a real model provider, or another server for its API.
fn use_real_model(
    place: &Path,
    data: &Path,
    arguments: &Arguments,
    spec: &ProviderSpec,
    variable: &str,
) -> Outcome {
    let key =
        std::env::var(variable).map_err(|_| Exit::usage(format!("--ai {} needs {variable}", spec.id)))?;
    let path = place.join("ticketsmith.yaml");
    let mut configuration = ConfigurationFile::load(&path)?.configuration;
    let name: InstanceName = spec.id.parse().map_err(Exit::usage)?;
    let own = [("base_url", &arguments.base_url), ("model", &arguments.model)];
    let own = own.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value.clone()?.into())));
    configuration.plugins.insert(name.clone(), Section { settings: own.collect(), ..Section::default() });
    for project in &mut configuration.projects {
        project.providers.insert(PluginType::AiProvider, name.clone());
    }
    let secret = configuration.instance(spec.id).map(|instance| instance.secret().into_owned());
    let yaml = serde_saphyr::to_string(&configuration).map_err(Exit::usage)?;
    std::fs::write(&path, yaml).map_err(Exit::usage)?;
    let data = DataFolder::open(data).map_err(Exit::usage)?;
    let mut secrets = SecretFile::open(&data.secrets(), &data.secrets_key(), None).map_err(Exit::usage)?;
    let field = spec.secret.iter().find_map(|fields| fields.first()).copied().unwrap_or_default();
    let value = json!({ field: key }).to_string();
    secrets.set(&secret.unwrap_or_default(), value.into()).map_err(Exit::usage)
}

fn by_hand(world: &Path, place: &Path, control: &str, data: &Path, trigger: &str) -> Outcome<String> {
    let running = DataFolder::open(data).and_then(|folder| folder.running()).map_err(Exit::unreachable)?;
    let public = running.as_ref().map_or("http://127.0.0.1:8080", |running| running.public_url.as_str());
    let port = control.rsplit(':').next().unwrap_or_default();
    let listen = public.trim_start_matches("http://");
    Ok(format!(
        "Everything keeps running. To do the same by hand, run each command in its own terminal:\n  \
         ticketsmith simulate --world {} --configure {} --port {port}\n  \
         ticketsmith serve --config {} --data {} --listen {listen}\n  \
         ticketsmith deliver {} --world {control} --to {public}",
        world.display(),
        place.display(),
        place.join("ticketsmith.yaml").display(),
        data.display(),
        trigger,
    ))
}
