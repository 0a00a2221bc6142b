//! `ticketsmith demo`: runs `simulate`, `serve` and one signed delivery.

pub(super) mod by_hand;
mod checks_failed;
mod code_review;
mod configured;
mod export;
mod halt;
mod plan;
mod process;
mod report;
mod reviewed;
mod revisions;
mod round;
mod script;
mod stage;
mod state;
mod unchecked;

use crate::configuration_file::ConfigurationFile;
use crate::connection::Connection;
use crate::environment;
use crate::exit::{Exit, Outcome};
use crate::server::data_folder::DataFolder;
use crate::server::private_files::private_folder;
use crate::server::secret_file::SecretFile;
use crate::stop_signal::stop_signal;
use crate::world_folder;
use domain::PluginType;
use domain::configuration::{Configuration, InstanceName, Section};
use process::Process;
use providers::{ProviderSpec, PullRequestWords};
use report::{Demonstration, Revised, pull_requests, status_of};
use reviewed::Reviewed;
use round::Round;
use script::Script;
use serde_json::{Map, Value, json};
use stage::{Played, Stage};
use state::world;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// `ticketsmith demo`
#[derive(Debug, clap::Args)]
#[command(after_help = examples())]
pub(crate) struct Arguments {
    /// The name of the delivery in the world file that starts the workflow; default: the first one. With `pull-request-comment`, `review`,
    /// `jira-comment` or `slack-thread`, the first one makes the pull request, which is then revised. With `checks-failed`, the pull request's
    /// checks fail first, and the agent fixes them. With `plan`, requirements become a plan, which is approved, and then tickets.
    /// With `code-review`, a pull request is reviewed.
    #[arg(long, value_name = "NAME")]
    trigger: Option<String>,
    /// A world file, or the name of a shipped world: shop (Python, the default), parcels (TypeScript) or weather (Rust).
    #[arg(long, value_name = "FILE|NAME")]
    world: Option<PathBuf>,
    /// Which services the team uses: `default` (Jira, GitHub, Confluence), `gitlab` (GitLab's issues and repositories), `github` (GitHub alone)
    /// or `bedrock` (as `default`, with models of an AWS account), in the shipped world shop.
    #[arg(long, value_name = "NAME", default_value = simulators::stack::DEFAULT)]
    stack: String,
    /// What writes the code: `scripted` replies from the world file, or a real model provider with a key from the environment.
    #[arg(long, value_name = "PROVIDER", default_value = SCRIPTED, value_parser = ai)]
    ai: String,
    /// Another base URL for the provider's API, with --ai.
    #[arg(long, value_name = "URL", requires = "ai", value_parser = base_url)]
    base_url: Option<String>,
    /// The model, with --ai.
    #[arg(long, requires = "ai")]
    model: Option<String>,
    /// Write the resulting repository as a git clone into a new or empty folder.
    #[arg(long, value_name = "FOLDER")]
    export: Option<PathBuf>,
    /// Leave everything running and print further commands to try.
    #[arg(long)]
    keep: bool,
    /// Print one JSON document, as the last output.
    #[arg(long)]
    json: bool,
    /// The time limit of the execution in seconds; work that is not finished then is stopped with the demo.
    #[arg(long, default_value_t = stage::LIMIT_SECONDS, value_parser = clap::value_parser!(u64).range(1..))]
    limit_seconds: u64,
}

/// The configuration made from the command line is in a temporary folder, so errors name the arguments instead of the file.
pub(super) fn base_url(text: &str) -> Result<String, String> {
    http_client::check_base_url(text).map(|_| text.to_owned()).map_err(|problem| format!("it {problem}"))
}

/// The model's replies come from the world file.
const SCRIPTED: &str = "scripted";

/// The model providers that take a key from the environment, and each one's variable.
pub(super) fn real_models() -> impl Iterator<Item = (&'static ProviderSpec, &'static str)> {
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
  ticketsmith demo --world parcels
  ticketsmith demo --stack NAME
  ticketsmith demo --trigger NAME --json
  ticketsmith demo --trigger review
  ticketsmith demo --trigger plan
  ticketsmith demo --trigger code-review
{}  ticketsmith demo --export shop && git -C shop log --oneline --all

Exit codes: 0 every execution succeeded, the first opened a pull request, created tickets or reviewed a pull request, and a revision committed to it · 1 it failed, or asks people something, which --json prints as `question` · 2 invalid arguments · 3 something did not start",
        with_keys.collect::<String>()
    )
}

/// Runs the command.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    // Everything that can be wrong with the arguments is found before anything is paid.
    let export = arguments.export.as_deref().map(export::check).transpose()?;
    let model = real_models().find(|(spec, _)| spec.id == arguments.ai);
    let model = model.map(|(spec, variable)| Ok::<_, Exit>((spec, key_of(spec, variable)?))).transpose()?;
    let folder = private_folder("ticketsmith-demo-").map_err(Exit::unreachable)?;
    let place = folder.path().to_owned();
    let world_file = world_folder::find(arguments.world.as_deref(), &place.join("world"))?;
    let script = Script::read(&world_file, &arguments.stack, arguments.trigger.as_deref())?;
    let mut running = Running { place, processes: Vec::new(), control: String::new() };
    let result = tokio::select! {
        result = running.show(&arguments, &world_file, &script, model, export.as_deref()) => result.map(Some),
        // The processes are in separate process groups, so Ctrl-C ends only this one, which then ends them.
        () = stop_signal() => Ok(None),
    };
    match result {
        Ok(Some(demonstration)) if arguments.keep && demonstration.halt.is_none() => {
            println!(
                "\n{}",
                by_hand::commands(&running, &script.trigger, &demonstration.view.execution.name)?
            );
            for process in running.processes {
                process.keep().await;
            }
            let _kept_for_the_processes = folder.keep();
            demonstration.finish(arguments.json, arguments.keep)
        }
        result => {
            running.stop().await;
            folder.close().map_err(Exit::unreachable)?;
            match result? {
                Some(demonstration) => demonstration.finish(arguments.json, arguments.keep),
                None => Err(Exit::negative("interrupted; everything was stopped and removed")),
            }
        }
    }
}

/// The demo's processes and where they keep their files.
struct Running {
    place: PathBuf,
    processes: Vec<Process>,
    /// The simulation's control address.
    control: String,
}

impl Running {
    fn data(&self) -> PathBuf {
        self.place.join(".ticketsmith")
    }

    /// Starts both processes and shows the results of one delivery.
    async fn show(
        &mut self,
        arguments: &Arguments,
        world_file: &Path,
        script: &Script,
        model: Option<(&ProviderSpec, String)>,
        export: Option<&Path>,
    ) -> Outcome<Demonstration> {
        let place = self.place.clone();
        let simulate = ["simulate", "--json", "--world"].map(OsStr::new);
        let mut simulate =
            [&simulate[..], &[world_file.as_os_str(), "--configure".as_ref(), place.as_os_str()]].concat();
        simulate.extend(["--stack".as_ref(), OsStr::new(&arguments.stack)]);
        if arguments.trigger.as_deref() == Some(checks_failed::NAME) {
            simulate.push(OsStr::new("--first-checks-fail"));
        }
        if let Some(folder) = export.and_then(Path::parent) {
            simulate.extend([OsStr::new("--exports"), folder.as_os_str()]);
        }
        let simulation = Process::start(&place, &simulate).await?;
        let addresses: Value = serde_json::from_str(&simulation.first_line).map_err(Exit::unreachable)?;
        self.control = addresses["control"].as_str().unwrap_or_default().to_owned();
        self.processes.push(simulation);
        let config = place.join("ticketsmith.yaml");
        configured::check(&config)?;
        let data = self.data();
        match model {
            Some((spec, key)) => {
                let own = (arguments.base_url.as_deref(), arguments.model.as_deref());
                use_model(&place, &data, own, spec, &key)?;
            }
            None => {
                eprintln!("The model's replies are scripted in the world file; use --ai for a real model.");
            }
        }
        if arguments.trigger.as_deref() == Some(code_review::NAME) {
            code_review::turn_on(&place)?;
        }
        let serve =
            ["serve".as_ref(), "--config".as_ref(), config.as_os_str(), "--data".as_ref(), data.as_os_str()];
        let serve = [&serve[..], &["--listen", "127.0.0.1:0"].map(OsStr::new)].concat();
        self.processes.push(Process::start(&place, &serve).await?);
        let configuration = ConfigurationFile::load(&config)?.configuration;
        let places = (data.as_path(), export);
        demonstrate(arguments, script, &self.control, places, &configuration).await
    }

    /// Ends the processes, the last first.
    async fn stop(self) {
        for process in self.processes.into_iter().rev() {
            process.stop().await;
        }
    }
}

/// The key of a real model's provider.
pub(super) fn key_of(spec: &ProviderSpec, variable: &str) -> Outcome<String> {
    let key = environment::value(variable)
        .ok_or_else(|| Exit::usage(format!("--ai {} needs {variable}", spec.id)))?;
    check_key(variable, &key)?;
    Ok(key)
}

/// Refuses what is no key, such as the line of a file with its end: no service would take it, and every space in a message would be redacted.
fn check_key(variable: &str, key: &str) -> Outcome {
    match key.is_empty() || key.contains(|one: char| one.is_whitespace() || one.is_control()) {
        true => Err(Exit::usage(format!(
            "{variable} is empty, or has a space or a line break; accepted: the key alone"
        ))),
        false => Ok(()),
    }
}

async fn demonstrate(
    arguments: &Arguments,
    script: &Script,
    control: &str,
    (data, export): (&Path, Option<&Path>),
    configuration: &Configuration,
) -> Outcome<Demonstration> {
    let project = configuration.projects.first();
    let words = project.map(|project| providers::pull_request_words(configuration, project));
    let words = words.unwrap_or_default();
    let running = DataFolder::open(data)
        .and_then(|folder| folder.running())
        .map_err(Exit::unreachable)?
        .ok_or_else(|| Exit::unreachable("`serve` did not report its address"))?;
    let connection = Connection::to(&running.private_url, &running.token.clone().into());
    let others: Vec<&str> =
        script.accepted.iter().map(String::as_str).filter(|name| *name != script.trigger).collect();
    let limit = Duration::from_secs(arguments.limit_seconds);
    let stage = Stage { control, connection, to: running.public_url, limit, others: others.join(", ") };
    let before = pull_requests(&world(control).await?);
    let trigger = json!(script.trigger);
    let answering = async {
        match script.trigger == plan::NAME {
            // The person who asked for the plan approves it once it is shown.
            true => plan::approve(control, &script.world["deliveries"][plan::NAME], &stage.to).await,
            false => Ok(()),
        }
    };
    let Played { view, mut state, mut halt } = stage.play(&trigger, answering).await?;
    let is_new = |pull: &Value| before.iter().all(|known| known["html_url"] != pull["html_url"]);
    let mut pull_request = pull_requests(&state).into_iter().find(is_new);
    let (mut second, mut revisions, mut review) = (None, Vec::new(), None);
    let is_review = arguments.trigger.as_deref() == Some(code_review::NAME);
    if is_review && script.revision.is_none() {
        let turns = stage.turns(&view.execution.name).await?;
        let reviewed = view.clone();
        review = Reviewed::new(turns, reviewed, pull_requests(&state));
        pull_request = review.as_ref().map(|review| review.pull.clone());
    }
    // Without a pull request there is nothing to revise, and the first round says why.
    let revision = script.revision.filter(|_| halt.is_none());
    if let (Some(revision), Some(pull)) = (revision, pull_request.clone()) {
        let ticket = view.execution.task_id.clone().unwrap_or_default();
        let round = Round { world: &script.world, pull: &pull, ticket: &ticket };
        let delivery = revision.delivery(&round)?;
        if !arguments.json {
            let PullRequestWords { term, sign } = words;
            eprintln!("\n{term} {sign}{} is there. Second round: {}", pull["number"], revision.name);
        }
        let Played { view, state: after, halt: halted } = stage.play(&delivery, async { Ok(()) }).await?;
        (state, halt) = (after, halted);
        pull_request = pull_requests(&state).into_iter().find(is_new);
        let turns = stage.turns(&view.execution.name).await?;
        if is_review {
            review = Reviewed::new(turns, view.clone(), pull_requests(&state));
        } else {
            revisions.push(Revised::by_execution(revision.name, turns, &view));
        }
        second = Some(view);
    }
    let task_status = view.execution.task_id.as_deref().and_then(|key| status_of(&state, key));
    let mut unexported = None;
    if let Some(target) = export {
        let repository = export::repository(pull_request.as_ref(), &state);
        unexported = export::export(control, repository.as_deref(), target).await.err();
    }
    revisions.extend(checks_failed::revisions(&stage.connection, &view).await?);
    let tickets = plan::tickets(&stage.connection, &view, &state).await?;
    let is_silent = pull_request.is_some() && revisions.iter().all(|revised| revised.commit.is_some());
    let said = match is_silent {
        true => None,
        false => stage.said(&second.as_ref().unwrap_or(&view).execution.name).await?,
    };
    let unchecked = unchecked::why(configuration, view.execution.project.as_deref()).await;
    let is_fixed = arguments.trigger.as_deref() == Some(checks_failed::NAME);
    let demonstration = Demonstration {
        view,
        second,
        words,
        pull_request,
        said,
        task_status,
        revisions,
        tickets,
        is_review,
        is_fixed,
        review,
        unchecked,
        halt,
        unexported,
    };
    if !arguments.json {
        demonstration.print(&state, arguments.ai == SCRIPTED);
        if !arguments.keep && demonstration.halt.is_none() {
            println!(
                "Next: `ticketsmith demo --keep` leaves it running; README.md explains how to connect your own services."
            );
        }
    }
    Ok(demonstration)
}

/// The settings of a model provider that a command line gives: another server for its API, and a model.
pub(super) fn model_settings(base_url: Option<&str>, model: Option<&str>) -> Map<String, Value> {
    let given = [("base_url", base_url), ("model", model)];
    given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))).collect()
}

/// Makes every project in the configuration of a folder use a real model provider. `own` is another server for its API, and a model.
pub(super) fn use_model(
    place: &Path,
    data: &Path,
    own: (Option<&str>, Option<&str>),
    spec: &ProviderSpec,
    key: &str,
) -> Outcome {
    let path = place.join("ticketsmith.yaml");
    let mut configuration = ConfigurationFile::load(&path)?.configuration;
    let name: InstanceName = spec.id.parse().map_err(Exit::usage)?;
    let settings = model_settings(own.0, own.1);
    configuration.plugins.insert(name.clone(), Section { settings, ..Section::default() });
    for project in &mut configuration.projects {
        project.providers.insert(PluginType::AiProvider, name.clone());
    }
    let secret = configuration.instance(spec.id).map(|instance| instance.secret().into_owned());
    let yaml = serde_saphyr::to_string(&configuration).map_err(Exit::usage)?;
    std::fs::write(&path, yaml).map_err(Exit::usage)?;
    let data = DataFolder::open(data).map_err(Exit::usage)?;
    let mut secrets = SecretFile::open(&data).map_err(Exit::usage)?;
    let field = spec.secret.iter().find_map(|fields| fields.first()).copied().unwrap_or_default();
    let value = json!({ field: key }).to_string();
    secrets.set(&secret.unwrap_or_default(), value.into()).map_err(Exit::usage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_one_word() {
        check_key("KEY", "sk-1").unwrap();
        for key in ["", " ", "sk-1\n", "sk-1\r", "sk 1"] {
            let refused = check_key("KEY", key).unwrap_err().to_string();
            assert!(refused.starts_with("KEY is empty, or has a space or a line break"), "{refused}");
        }
    }
}
