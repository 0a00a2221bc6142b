//! `ticketsmith try`: lets an agent work on a real ticket and repository, and shows what it would change. Nothing leaves this machine except
//! what the model sees.

mod change;
pub(super) mod clone;
pub(super) mod model_problem;
pub(super) mod scratch;
pub(super) mod ticket;
pub(super) mod work;
mod world;

use super::demo::{base_url, key_of, real_models};
use crate::exit::{Exit, Outcome};
use crate::stop_signal::stop_signal;
use clap::ArgGroup;
use clone::LocalClone;
use domain::configuration::ProjectChecks;
use domain::text::printable;
use model_problem::ModelPlace;
use providers::ProviderSpec;
use scratch::Scratch;
use serde_json::Value;
use std::path::{Path, PathBuf};
use ticket::Ticket;
use work::{Ending, Tried, work_on};

/// `ticketsmith try`
#[derive(Debug, clap::Args)]
#[command(after_help = examples(), group(ArgGroup::new("what").required(true).args(["ticket", "ticket_file"])))]
pub(crate) struct Arguments {
    /// The ticket: the URL of a GitHub issue.
    #[arg(value_name = "TICKET")]
    ticket: Option<String>,
    /// A ticket in a file: its first line is the title, the rest the description.
    #[arg(long, value_name = "FILE", requires = "repository")]
    ticket_file: Option<PathBuf>,
    /// The repository, as anything that `git clone` takes: a URL, or a folder with a clone. Default: that of the issue.
    #[arg(long, value_name = "URL|FOLDER")]
    pub(super) repository: Option<String>,
    /// The branch to start from. Default: the repository's default branch.
    #[arg(long)]
    branch: Option<String>,
    /// The provider of the model; its key is read from the environment.
    #[arg(long, value_name = "PROVIDER", default_value = "claude", value_parser = ai)]
    ai: String,
    /// The model. Default: the provider's own.
    #[arg(long)]
    pub(super) model: Option<String>,
    /// Another base URL for the model's API.
    #[arg(long, value_name = "URL", value_parser = base_url)]
    pub(super) base_url: Option<String>,
    /// The base URL of GitHub's API, from which the issue is read.
    #[arg(long, value_name = "URL", default_value = "https://api.github.com", env = "GITHUB_API_URL")]
    github_url: String,
    /// The most that the model may cost, in dollars.
    #[arg(long, value_name = "DOLLARS", default_value_t = 2.0, value_parser = dollars)]
    pub(super) max_usd: f64,
    /// A command that checks the change, such as "npm test". The agent may run it, too, in a sandbox without network.
    #[arg(long, value_name = "COMMAND", value_parser = command)]
    pub(super) checks: Option<String>,
    /// A command that installs dependencies of the checks, such as "npm ci", with network access and before anything is changed.
    #[arg(long, value_name = "COMMAND", requires = "checks", value_parser = command)]
    setup: Option<String>,
    /// A folder with a toolchain outside /usr that the checks need. May be repeated.
    #[arg(long = "mount", value_name = "FOLDER", requires = "checks", value_parser = mount)]
    pub(super) mounts: Vec<String>,
    /// Write the change to a file that `git apply` takes, instead of printing it.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Keep the folder with everything that was recorded, and print its path.
    #[arg(long)]
    keep: bool,
    /// How long it may take, in seconds.
    #[arg(long, default_value_t = 3600, value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) limit_seconds: u64,
}

impl Arguments {
    /// For a given ticket and clone, and only a provider.
    pub(super) fn at_hand(ai: &str) -> Self {
        Self {
            ticket: None,
            ticket_file: None,
            repository: None,
            branch: None,
            ai: ai.to_owned(),
            model: None,
            base_url: None,
            github_url: String::new(),
            max_usd: 0.0,
            checks: None,
            setup: None,
            mounts: Vec::new(),
            output: None,
            keep: false,
            limit_seconds: 0,
        }
    }
}

/// The provider of that name, if it serves models and takes a key.
pub(super) fn ai(name: &str) -> Result<String, String> {
    let known: Vec<_> = real_models().map(|(spec, _)| spec.id).collect();
    known.contains(&name).then(|| name.to_owned()).ok_or_else(|| format!("accepted: {}", known.join(", ")))
}

fn command(text: &str) -> Result<String, String> {
    ProjectChecks::command_problem(text).map_or_else(|| Ok(text.to_owned()), Err)
}

/// The configuration made from the command line is in a temporary folder, so errors name the arguments instead of the file.
pub(super) fn mount(text: &str) -> Result<String, String> {
    ProjectChecks::mount_problem(text).map_or_else(|| Ok(text.to_owned()), Err)
}

/// An amount that a model may cost.
pub(super) fn dollars(text: &str) -> Result<f64, String> {
    let amount = text.parse::<f64>().ok().filter(|amount| *amount > 0.0 && *amount <= 10_000.0);
    amount.ok_or_else(|| "accepted: a number above 0 and up to 10000".to_owned())
}

fn examples() -> String {
    let variable = real_models().next().map_or("KEY", |(_, variable)| variable);
    format!(
        "\
Examples:
  {variable}=… ticketsmith try https://github.com/OWNER/NAME/issues/12
  ticketsmith try https://github.com/OWNER/NAME/issues/12 --setup \"npm ci\" --checks \"npm test\" --output change.patch
  ticketsmith try --ticket-file ticket.md --repository ../my-clone --max-usd 0.5

It reads the issue and clones the repository, with the token in GITHUB_TOKEN if it is set; public repositories need none. The clone and all
records are in a folder that is removed at the end. Nothing is pushed, commented or changed anywhere; the ticket and the files that the agent
reads are sent only to the model's provider. Uncommitted changes in a folder are ignored.

Exit codes: 0 there is a change, and its checks passed if there are any · 1 there is none, its checks failed, or the agent stopped before it was
done · 2 an argument, the ticket or the repository is invalid · 3 GitHub, the model or a port is not reachable, or the model's \
service refuses the key or the model"
    )
}

/// Runs the command.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    let model = real_models().find(|(spec, _)| spec.id == arguments.ai);
    let (spec, variable) =
        model.ok_or_else(|| Exit::usage(format!("--ai: unknown provider `{}`", arguments.ai)))?;
    let key = key_of(spec, variable)?;
    if let Some(path) = &arguments.output {
        check_output(path)?;
    }
    let ticket = Ticket::read(&arguments).await?;
    let scratch = Scratch::new()?;
    // The temporary folders of parts of this process are deleted with it, even after a kill.
    if tempfile::env::override_temp_dir(scratch.path()).is_err() {
        tracing::warn!("temporary folders of this trial are outside of {}", scratch.path().display());
    }
    let place = ModelPlace::of(spec, variable, arguments.base_url.as_deref(), arguments.model.as_deref());
    let tried = tokio::select! {
        tried = attempt(&arguments, &ticket, &scratch, (spec, &key), &place) => tried.map(Some),
        () = stop_signal() => Ok(None),
    };
    let removed = match arguments.keep {
        true => {
            println!("kept in {}", scratch.keep().display());
            Ok(())
        }
        false => scratch.remove(),
    };
    // The reason for a missing result matters more than a clean-up failure.
    let tried = tried?;
    removed?;
    match tried {
        Some(tried) => tried.report(&arguments, &place),
        None => Err(Exit::negative("interrupted; everything was stopped and removed")),
    }
}

/// Refuses a file that the change could not be written to, before the model is paid for it.
fn check_output(path: &Path) -> Outcome {
    let shown = path.display();
    if path.is_dir() {
        return Err(Exit::usage(format!("--output {shown}: it is a folder; accepted: a file")));
    }
    let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    tempfile::tempfile_in(folder).map(drop).map_err(|error| Exit::usage(format!("--output {shown}: {error}")))
}

async fn attempt(
    arguments: &Arguments,
    ticket: &Ticket,
    scratch: &Scratch,
    model: (&ProviderSpec, &str),
    place: &ModelPlace,
) -> Outcome<Tried> {
    if arguments.checks.is_some() {
        // The model is not paid for a change that cannot be checked.
        let probed = crate::server::checks::probe().await;
        probed.map_err(|why| {
            Exit::usage(printable(&format!("--checks: none can be run on this machine: {why}")))
        })?;
    }
    let repository = arguments.repository.as_deref().or(ticket.repository.as_deref()).unwrap_or_default();
    // The token belongs to the issue's host, or to GitHub if there is no issue.
    let site = ticket.repository.as_deref().and_then(|url| url.split('/').nth(2)).unwrap_or("github.com");
    let site = format!("https://{site}");
    let folder = scratch.path().join("clone");
    let clone = LocalClone::make(repository, arguments.branch.as_deref(), Some(&site), folder).await?;
    let short = clone.commit.get(..12).unwrap_or(&clone.commit);
    eprintln!("{}", printable(&format!("{}: {}", ticket.id, ticket.title)));
    eprintln!(
        "{}",
        printable(&format!("{repository} at {} ({short}), up to ${}", clone.branch, arguments.max_usd))
    );
    if clone.uncommitted > 0 {
        eprintln!("{} uncommitted changes are ignored", clone.uncommitted);
    }
    match work_on(arguments, ticket, &clone, scratch, model).await? {
        Tried { ending: Ending::TimedOut, .. } => Err(Exit::negative(format!(
            "it did not end within {} s and was stopped; allow more time with --limit-seconds",
            arguments.limit_seconds
        ))),
        Tried { ending: Ending::NoConnection(cause), .. } => {
            Err(Exit::unreachable(printable(&place.problem(&cause).unwrap_or(cause))))
        }
        tried => Ok(tried),
    }
}

impl Tried {
    /// Prints the change, the result of its checks, and the cost.
    fn report(&self, arguments: &Arguments, place: &ModelPlace) -> Outcome {
        let execution = &self.view.execution;
        let output = execution.output.clone().unwrap_or_default();
        let text = |name: &str| output[name].as_str().unwrap_or_default();
        let shown = || printable(String::from_utf8_lossy(&self.patch).trim_end());
        match &arguments.output {
            Some(path) if !self.patch.is_empty() => {
                if let Err(error) = std::fs::write(path, &self.patch) {
                    // The change was paid for, so it must not be lost.
                    println!("\n{}", shown());
                    return Err(Exit::usage(format!("{}: {error}", path.display())));
                }
                println!("\nThe change is in {}: `git apply {}`", path.display(), path.display());
            }
            _ => println!("\n{}", shown()),
        }
        if !text("summary").is_empty() {
            println!("\n{}", printable(text("summary")));
        }
        for point in output["open_points"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            println!("- {}", printable(point));
        }
        let checks = text("checks");
        if !checks.is_empty() {
            println!("\nChecks: {}", printable(checks));
            if output["passed"] != true {
                println!("{}", printable(text("output")));
            }
        }
        println!("\nThe model cost {}; nothing outside was changed.", self.view.cost().booked());
        if let Ending::Asked(question) = &self.ending {
            return Err(Exit::negative(printable(&format!("the agent stopped to ask: {question}"))));
        }
        if execution.outcome != domain::execution::Outcome::Succeeded {
            let error = execution.error.as_deref().unwrap_or("it did not succeed");
            let cause = execution.cause.as_deref().unwrap_or("no cause given");
            if let Some(problem) = place.problem(cause) {
                return Err(Exit::unreachable(printable(&problem)));
            }
            let message = printable(&format!("{error}: {cause}"));
            // An unreachable provider is not a result of the ticket.
            return Err(match error {
                "Unavailable" | "Throttled" => Exit::unreachable(message),
                _ => Exit::negative(message),
            });
        }
        match (text("outcome"), self.patch.is_empty(), &output["passed"]) {
            ("done", false, Value::Bool(false)) => Err(Exit::negative("the checks failed")),
            ("done", false, _) => Ok(()),
            ("done" | "nothing_to_do", ..) => Err(Exit::negative("there is nothing to change")),
            _ => Err(Exit::negative("the agent could not do it")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_that_cannot_be_written_is_refused_before_anything_is_paid() {
        let folder = tempfile::tempdir().unwrap();
        check_output(&folder.path().join("change.patch")).unwrap();
        let refused = |path: &Path| check_output(path).unwrap_err().to_string();
        assert!(refused(folder.path()).ends_with("it is a folder; accepted: a file"));
        let nowhere = folder.path().join("no/change.patch");
        assert!(refused(&nowhere).starts_with(&format!("--output {}: ", nowhere.display())));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is made");
    }

    #[derive(Debug, clap::Parser)]
    struct Typed {
        #[command(flatten)]
        arguments: Arguments,
    }

    #[test]
    fn what_is_typed_is_refused_as_it_was_typed() {
        let read = |more: &[&str]| {
            let issue = ["try", "https://github.com/acme/shop/issues/1"];
            <Typed as clap::Parser>::try_parse_from(issue.iter().chain(more)).map(|typed| typed.arguments)
        };
        read(&["--checks", "npm test", "--mount", "/opt/node", "--base-url", "https://ai.example"]).unwrap();
        for (more, option, words) in [
            (
                ["--checks", "npm test", "--mount", "node"].as_slice(),
                "--mount",
                "`node` is not an absolute path; accepted",
            ),
            (&["--checks", " "], "--checks", "accepted: a command of a POSIX shell"),
            (&["--checks", "a", "--setup", ""], "--setup", "accepted: a command of a POSIX shell"),
            (&["--base-url", "ai"], "--base-url", "it is not an address"),
            (&["--limit-seconds", "0"], "--limit-seconds", "0 is not in 1.."),
        ] {
            let told = read(more).unwrap_err().to_string();
            assert!(
                told.contains(option) && told.contains(words) && !told.contains("ticketsmith.yaml"),
                "{told}"
            );
        }
    }
}
