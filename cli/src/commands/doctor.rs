//! `ticketsmith doctor`: finds missing or wrong settings before they are needed, and says how to fix them.

mod deployed;
mod evidence;
mod managed;
mod needs;
mod permissions;
mod secrets;

use crate::account::Stage;
use crate::configuration_file::ConfigurationFile;
use crate::connection::Connection;
use crate::exit::{Exit, Outcome};
use crate::place::PlaceArgument;
use crate::server::workflows::Workflows;
use domain::configuration::{Configuration, Instance};
use domain::{PermissionProblem, PermissionProblemKind};
use jiff::Timestamp;
use needs::Needs;
use records::RecordsError;
use secrets::Secrets;
use serde_json::json;
use std::path::PathBuf;

/// `ticketsmith doctor`
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The configuration.
    #[arg(long, value_name = "FILE", default_value = "ticketsmith.yaml", env = "TICKETSMITH_CONFIG")]
    config: PathBuf,
    #[command(flatten)]
    place: PlaceArgument,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  ticketsmith doctor --config ticketsmith.yaml
  ticketsmith doctor --config ticketsmith.yaml --stage prod

Using the secrets from the data folder or the stage, it asks each service what its credential may do, and whether it knows what the
configuration names: the base branch, statuses, custom fields, the channel, the bot's account and people's. It also checks what was added with
the API, if `serve` is running or a stage is named. It changes nothing and incurs no costs. A missing permission is an error; an unneeded one is a warning. With --stage, it also checks whether this configuration is in
force there and every function is deployed.

Exit codes: 0 everything is OK · 1 problems were found; each line says how to fix it";

/// The result of one check.
struct Finding {
    subject: String,
    verdict: Verdict,
    /// The problem and how to fix it; `None` if there is none.
    problem: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Ok,
    Warning,
    Wrong,
}

impl Finding {
    fn new(subject: impl Into<String>, result: Result<(), String>) -> Self {
        let verdict = if result.is_ok() { Verdict::Ok } else { Verdict::Wrong };
        Self { subject: subject.into(), verdict, problem: result.err() }
    }

    fn of_permission(subject: &str, problem: &PermissionProblem) -> Self {
        let verdict = match problem.kind {
            PermissionProblemKind::Missing => Verdict::Wrong,
            PermissionProblemKind::Limiting | PermissionProblemKind::Excessive => Verdict::Warning,
        };
        Self { subject: subject.to_owned(), verdict, problem: Some(problem.to_string()) }
    }
}

impl Verdict {
    /// The value in JSON.
    fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Wrong => "wrong",
        }
    }
}

/// Checks a configuration as the command does, and prints for people.
///
/// # Errors
/// A negative answer if something is wrong.
pub(super) async fn examine(config: PathBuf, place: PlaceArgument) -> Outcome {
    run(Arguments { config, place, json: false }).await
}

/// Runs the command.
///
/// # Errors
/// A negative answer if something is wrong.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    let mut findings = Vec::new();
    match ConfigurationFile::load(&arguments.config) {
        Err(error) => findings.push(Finding::new("configuration", Err(error.to_string()))),
        Ok(file) => {
            findings.push(Finding::new("configuration", Ok(())));
            let workflows = Workflows::load(&file.folder);
            let needs = workflows.as_ref().map(Needs::of).unwrap_or_default();
            let workflows = workflows.map(|_| ()).map_err(|error| error.to_string());
            findings.push(Finding::new("workflows", workflows));
            let (configuration, in_both) = managed::with_api(&file.configuration, &arguments.place).await;
            findings.extend(needs.findings(&configuration));
            if arguments.place.stage.is_none() {
                findings.extend(evidence::of_folder(&arguments.place.data));
            }
            if let Some(stage) = &arguments.place.stage {
                stage_findings(&file.configuration, stage, &mut findings).await;
            }
            findings.extend(in_both);
            let secrets = Secrets::open(&configuration, &arguments.place).await;
            match &secrets {
                Ok(secrets) => findings.extend(secrets.findings()),
                Err(error) => findings.push(Finding::new("secrets", Err(error.clone()))),
            }
            findings.extend(checks(&configuration, arguments.place.stage.is_some()).await);
            findings.extend(subscriptions(&configuration));
            if let Ok(secrets) = secrets {
                permissions::permissions(&configuration, &secrets, &needs, &mut findings).await;
            }
        }
    }
    let wrong = findings.iter().filter(|finding| finding.verdict == Verdict::Wrong).count();
    if arguments.json {
        let list: Vec<_> = findings
            .iter()
            .map(|finding| {
                let ok = finding.verdict != Verdict::Wrong;
                json!({ "subject": finding.subject, "ok": ok, "verdict": finding.verdict.as_str(), "problem": finding.problem })
            })
            .collect();
        println!("{}", json!({ "findings": list }));
    } else {
        for finding in &findings {
            let problem = finding.problem.as_deref().unwrap_or_default();
            match finding.verdict {
                Verdict::Ok => println!("ok       {}", finding.subject),
                Verdict::Warning => println!("warning  {}: {problem}", finding.subject),
                Verdict::Wrong => println!("WRONG    {}: {problem}", finding.subject),
            }
        }
    }
    if wrong == 0 { Ok(()) } else { Err(Exit::negative(format!("{wrong} problem(s) found"))) }
}

/// Whether this configuration is in force in a stage, and whether the stage has every function.
async fn stage_findings(configuration: &Configuration, stage: &Stage, findings: &mut Vec<Finding>) {
    match Connection::of_stage(stage).await {
        Ok(connection) => {
            findings.push(in_force(configuration, stage, &connection).await);
            findings.push(deployed::functions(stage, &connection).await);
            findings.push(evidence::of_stage(stage, &connection).await);
        }
        Err(error) => {
            findings.push(Finding::new(format!("stage {}", stage.name()), Err(error.to_string())));
        }
    }
}

async fn in_force(configuration: &Configuration, stage: &Stage, connection: &Connection) -> Finding {
    let apply = format!("apply it with `ticketsmith config apply --stage {}`", stage.name());
    let subject = format!("configuration in force in the stage {}", stage.name());
    match connection.table.configuration_of_file(Timestamp::now()).await {
        Ok(present) if *present == *configuration => Finding::new(subject, Ok(())),
        Ok(_) => {
            let problem = Some(format!("it differs from this file; {apply}"));
            Finding { subject, verdict: Verdict::Warning, problem }
        }
        Err(RecordsError::Missing(_)) => {
            Finding::new(subject, Err(format!("no configuration is in force; {apply}")))
        }
        Err(error) => Finding::new(subject, Err(error.to_string())),
    }
}

/// Whether the checks that projects declare can run. If they cannot, agents are not offered `run_checks`, and everything else works.
async fn checks(configuration: &Configuration, is_deployed: bool) -> Option<Finding> {
    let declare = configuration.projects.iter().filter(|project| project.checks.is_some());
    let projects: Vec<_> = declare.map(|project| project.key.as_str()).collect();
    if projects.is_empty() {
        return None;
    }
    let subject = format!("checks of {}", projects.join(", "));
    if is_deployed {
        let problem = "checks do not run in a stage: the repository's own CI checks pushed code, and agents are not offered `run_checks`";
        return Some(Finding { subject, verdict: Verdict::Warning, problem: Some(problem.to_owned()) });
    }
    Some(Finding::new(subject, crate::server::checks::probe().await))
}

/// The webhook addresses of the configured services and the events to subscribe to. Not every service can be asked which events it sends.
fn subscriptions(configuration: &Configuration) -> Vec<Finding> {
    let places = configuration.instances().filter_map(|instance| {
        let sender = webhooks::SENDERS.iter().find(|sender| sender.name() == instance.provider())?;
        let subject =
            format!("{} sends to /webhooks/{}; {}", called(instance), instance.name, sender.set_up());
        Some(Finding::new(subject, Ok(())))
    });
    places.collect()
}

/// A provider's display name, followed by its name in the configuration if that differs.
fn called(instance: Instance<'_>) -> String {
    let title = providers::find(instance.provider()).map_or(instance.provider(), |spec| spec.name);
    match instance.section.provider {
        Some(_) => format!("{title} ({})", instance.name),
        None => title.to_owned(),
    }
}
