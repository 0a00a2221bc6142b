//! `ticketsmith eval`: a model works on small tasks, one after another and within a budget, and hidden tests check its results.

mod case;
mod cassettes;
mod hidden;
mod recorder;
mod table;

use super::demo::{base_url, key_of, model_settings, real_models};
use super::r#try::clone::LocalClone;
use super::r#try::model_problem::ModelPlace;
use super::r#try::scratch::Scratch;
use super::r#try::work::{Ending, Tried, work_on};
use super::r#try::{Arguments as TryArguments, ai, dollars, mount};
use crate::exit::{Exit, Outcome};
use crate::stop_signal::stop_signal;
use case::Case;
use clap::ValueEnum;
use domain::MicroUsd;
use domain::configuration::{Instance, InstanceName, Section};
use domain::text::printable;
use hidden::{HiddenTests, Verdict};
use jiff::Timestamp;
use providers::ProviderSpec;
use recorder::Recorder;
use serde_json::Value;
use std::path::PathBuf;
use table::{Row, Table};

/// The default limit for one task.
const USUAL_BOUND: f64 = 1.0;

/// `ticketsmith eval`
#[derive(Debug, clap::Args)]
#[command(after_help = examples())]
pub(crate) struct Arguments {
    /// The folder with the tasks. Each is a folder with `task.yaml`, `before`, `after` and `hidden`.
    #[arg(value_name = "FOLDER", default_value = "tests/tasks")]
    folder: PathBuf,
    /// The provider of the model; its key is read from the environment.
    #[arg(long, value_name = "PROVIDER", default_value = first_model(), value_parser = ai)]
    ai: String,
    /// The model. Default: the provider's own.
    #[arg(long)]
    model: Option<String>,
    /// Another base URL for the model's API.
    #[arg(long, value_name = "URL", value_parser = base_url)]
    base_url: Option<String>,
    /// The most that all tasks together may cost, in dollars.
    #[arg(long, value_name = "DOLLARS", value_parser = dollars)]
    budget: f64,
    /// The most that one task may cost, in dollars. Default: 1, or the budget if that is less. A task begins only while the budget covers
    /// that much more.
    #[arg(long, value_name = "DOLLARS", value_parser = dollars)]
    max_usd: Option<f64>,
    /// Only this task. May be repeated.
    #[arg(long = "task", value_name = "NAME")]
    tasks: Vec<String>,
    /// A folder with a toolchain that tests need in addition to /usr. May be repeated.
    #[arg(long = "mount", value_name = "FOLDER", value_parser = mount)]
    mounts: Vec<String>,
    /// Store each request to the model and its reply in a new or empty folder, without the key.
    #[arg(long, value_name = "FOLDER")]
    record: Option<PathBuf>,
    /// The format of the table.
    #[arg(long, value_enum, default_value_t = Format::Markdown)]
    format: Format,
    /// How long the agent may work on one task, in seconds.
    #[arg(long, default_value_t = 1800, value_parser = clap::value_parser!(u64).range(1..))]
    limit_seconds: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Markdown,
    Json,
}

fn first_model() -> &'static str {
    real_models().next().map_or("", |(spec, _)| spec.id)
}

fn examples() -> String {
    let (provider, variable) = real_models().next().map_or(("", "KEY"), |(spec, name)| (spec.id, name));
    format!(
        "\
Examples:
  {variable}=… ticketsmith eval --ai {provider} --budget 5 > table.md
  ticketsmith eval --budget 2 --max-usd 0.5 --task python-slugs --task python-ledger
  ticketsmith eval my-tasks --budget 5 --mount /opt/rust --record cassettes --format json

Before anything is paid for, the hidden tests of each task run on its reference in a sandbox, and must pass. They then run the same way on the
model's result. If this machine cannot isolate them, `eval` ends; `ticketsmith doctor` says what is missing. The tasks are sent only to the model's
provider, without the contents of `after` and `hidden`.

Exit codes: 0 every task was run, and its hidden tests passed · 1 hidden tests failed, or a task was not run · 2 an argument, a task or this machine
cannot be used · 3 the model, a port or the folder of the recordings is not reachable, or the model's service refuses the key or the model"
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
    let bound = bound(&arguments)?;
    let cases = Case::all(&arguments.folder, &arguments.tasks)?;
    if let Some(folder) = &arguments.record {
        cassettes::make(folder)?;
    }
    let scratch = Scratch::new()?;
    // Deleted at the end, even after a kill, together with the temporary folders of parts of this process.
    if tempfile::env::override_temp_dir(scratch.path()).is_err() {
        tracing::warn!("temporary folders are outside of {}", scratch.path().display());
    }
    let model = ModelPlace::of(spec, variable, arguments.base_url.as_deref(), arguments.model.as_deref());
    let evaluation = Evaluation { arguments: &arguments, spec, key: &key, bound, model };
    let measured = evaluation.measure(&cases, &scratch).await;
    let removed = scratch.remove();
    let (table, stopped) = measured?;
    match arguments.format {
        Format::Markdown => println!("{}", table.to_markdown()),
        Format::Json => println!("{:#}", table.to_json()),
    }
    removed?;
    match stopped {
        Some(Stop::Unreachable(reason)) => Err(Exit::unreachable(printable(&reason))),
        Some(Stop::Interrupted) => Err(Exit::negative("interrupted; everything was stopped and removed")),
        Some(Stop::Budget(reason)) => Err(Exit::negative(reason)),
        None if table.is_solved() => Ok(()),
        None => Err(Exit::negative("not every task is solved")),
    }
}

/// The most that one task may cost.
fn bound(arguments: &Arguments) -> Outcome<f64> {
    match arguments.max_usd {
        Some(bound) if bound > arguments.budget => Err(Exit::usage(format!(
            "--max-usd {bound} is more than --budget {}: no task could begin",
            arguments.budget
        ))),
        Some(bound) => Ok(bound),
        None => Ok(USUAL_BOUND.min(arguments.budget)),
    }
}

/// Why no other task begins.
#[derive(Debug)]
enum Stop {
    Budget(String),
    Unreachable(String),
    Interrupted,
}

impl Stop {
    /// The reason shown for tasks that were not run.
    fn reason(&self) -> &str {
        match self {
            Self::Budget(reason) | Self::Unreachable(reason) => reason,
            Self::Interrupted => "interrupted",
        }
    }
}

struct Evaluation<'e> {
    arguments: &'e Arguments,
    spec: &'static ProviderSpec,
    key: &'e str,
    /// The most that one task may cost, in dollars.
    bound: f64,
    model: ModelPlace,
}

impl Evaluation<'_> {
    /// A row for each task, and why some were not run, if so.
    async fn measure(&self, cases: &[Case], scratch: &Scratch) -> Outcome<(Table, Option<Stop>)> {
        let given = model_settings(self.arguments.base_url.as_deref(), self.arguments.model.as_deref());
        let filled = self.spec.settings.filled(&given);
        let text = |name: &str| filled.get(name).and_then(Value::as_str);
        let recorder = match &self.arguments.record {
            Some(folder) => {
                let base_url = text("base_url").unwrap_or_default();
                Some(Recorder::start(folder, base_url, self.key).await?)
            }
            None => None,
        };
        self.check_settings(recorder.as_ref())?;
        let hidden_tests = HiddenTests::open(scratch, &self.arguments.mounts).await?;
        tokio::select! {
            checked = hidden_tests.check(cases) => checked?,
            () = stop_signal() => return Err(Exit::negative("interrupted; nothing was paid")),
        }
        let model = text("model").map(str::to_owned);
        let budget = MicroUsd::from_usd_rounded_up(self.arguments.budget);
        let mut table = Table::new(self.spec.id, model, budget, MicroUsd::from_usd_rounded_up(self.bound));
        let mut stop = None;
        for case in cases {
            if stop.is_none() && !table.leaves_enough() {
                stop = Some(Stop::Budget(format!(
                    "{} of the budget is left, and a task may cost {}",
                    table.left(),
                    table.bound()
                )));
            }
            if let Some(stop) = &stop {
                table.rows.push(Row::not_run(&case.name, stop.reason()));
                continue;
            }
            let (row, stopped) = self.run_case(case, recorder.as_ref(), &hidden_tests).await;
            eprintln!("{}", printable(&row.to_line()));
            table.rows.push(row);
            stop = stopped;
            if let Some(problem) = recorder.as_ref().and_then(|recorder| recorder.cassettes().problem()) {
                stop = stop.or(Some(Stop::Unreachable(problem)));
            }
        }
        Ok((table, stop))
    }

    /// Refuses unusable provider settings before anything is paid.
    fn check_settings(&self, recorder: Option<&Recorder>) -> Outcome {
        let name: InstanceName = self.spec.id.parse().map_err(Exit::usage)?;
        let base_url = recorder.map(Recorder::url).or(self.arguments.base_url.as_deref());
        let settings = model_settings(base_url, self.arguments.model.as_deref());
        let section = Section { settings, ..Section::default() };
        let problems = self.spec.settings.problems(Instance { name: &name, section: &section });
        let hint = recorder.map_or("", |_| " (with --record, requests go through our own address)");
        match problems.first() {
            Some(problem) => Err(Exit::usage(format!("{problem}{hint}"))),
            None => Ok(()),
        }
    }

    /// Runs one task. Also returns why no other task begins, if so.
    async fn run_case(
        &self,
        case: &Case,
        recorder: Option<&Recorder>,
        hidden_tests: &HiddenTests,
    ) -> (Row, Option<Stop>) {
        let bound = MicroUsd::from_usd_rounded_up(self.bound);
        let broken = |error: Exit| Stop::Unreachable(format!("{}: {error}", case.name));
        let scratch = match Scratch::new() {
            Ok(scratch) => scratch,
            Err(error) => {
                let stop = broken(error);
                return (Row::not_run(&case.name, stop.reason()), Some(stop));
            }
        };
        let (row, stop) = tokio::select! {
            ran = self.measure_case(case, recorder, hidden_tests, &scratch) => match ran {
                Ok(ran) => ran,
                // Our own failures also become a row, because other tasks were paid for.
                Err(error) => {
                    let row = Row::unfinished(&case.name, &error.to_string(), bound);
                    (row, Some(broken(error)))
                }
            },
            () = stop_signal() => {
                (Row::unfinished(&case.name, "interrupted", bound), Some(Stop::Interrupted))
            }
        };
        let removed = scratch.remove().map_err(broken);
        (row, stop.or(removed.err()))
    }

    async fn measure_case(
        &self,
        case: &Case,
        recorder: Option<&Recorder>,
        hidden_tests: &HiddenTests,
        scratch: &Scratch,
    ) -> Outcome<(Row, Option<Stop>)> {
        let began = Timestamp::now();
        let (tried, result) = self.work(case, recorder, scratch).await?;
        let minutes = Timestamp::now().duration_since(began).as_secs_f64() / 60.0;
        let verdict = hidden_tests.run(case, result).await;
        let (outcome, stop) = outcome(&tried, &self.model);
        // A reply that was under way when the time was up may still be billed.
        let (cost, is_known) = match tried.ending {
            Ending::TimedOut => (MicroUsd::from_usd_rounded_up(self.bound), false),
            _ => (tried.view.cost().booked(), true),
        };
        let (verdict, stop) = match (verdict, stop) {
            (Ok(verdict), stop) => (verdict, stop),
            (Err(error), stop) => {
                let stopped = Stop::Unreachable(format!("{}: {error}", case.name));
                (Verdict::NotRun(error.to_string()), stop.or(Some(stopped)))
            }
        };
        let task = case.name.clone();
        let (turns, minutes) = (Some(tried.turns), Some(minutes));
        Ok((Row { task, outcome, verdict, turns, cost, is_known, minutes }, stop))
    }

    /// Lets the agent work on a task; the clone's index then contains its result.
    async fn work(
        &self,
        case: &Case,
        recorder: Option<&Recorder>,
        scratch: &Scratch,
    ) -> Outcome<(Tried, Vec<domain::CheckedFile>)> {
        let mut arguments = TryArguments::at_hand(&self.arguments.ai);
        arguments.repository = Some(case.name.clone());
        arguments.model.clone_from(&self.arguments.model);
        arguments.base_url.clone_from(&self.arguments.base_url);
        if let Some(recorder) = recorder {
            recorder.cassettes().begin(&case.name)?;
            arguments.base_url = Some(recorder.url().to_owned());
        }
        arguments.max_usd = self.bound;
        arguments.checks = Some(case.command());
        arguments.mounts.clone_from(&self.arguments.mounts);
        arguments.limit_seconds = self.arguments.limit_seconds;
        let clone = LocalClone::of_files(scratch.path().join("clone"), &case.before).await?;
        eprintln!("{}", printable(&format!("{}: {}", case.name, case.ticket.title)));
        let tried = work_on(&arguments, &case.ticket, &clone, scratch, (self.spec, self.key)).await?;
        let files = clone.files().await?;
        Ok((tried, files))
    }
}

/// The agent's own outcome or its failure, and why no other task begins, if so.
fn outcome(tried: &Tried, model: &ModelPlace) -> (String, Option<Stop>) {
    let execution = &tried.view.execution;
    match &tried.ending {
        Ending::Asked(_) => ("asked".to_owned(), None),
        Ending::TimedOut => ("timed out".to_owned(), None),
        Ending::NoConnection(cause) => {
            let problem = model.problem(cause).unwrap_or_else(|| cause.clone());
            ("failed: no connection".to_owned(), Some(Stop::Unreachable(problem)))
        }
        Ending::Itself if execution.outcome == domain::execution::Outcome::Succeeded => {
            let output = execution.output.clone().unwrap_or_default();
            (output["outcome"].as_str().unwrap_or("done").to_owned(), None)
        }
        Ending::Itself => {
            let error = execution.error.as_deref().unwrap_or("without a reason");
            let cause = execution.cause.as_deref().unwrap_or_default();
            // Every other task would end the same way.
            let stop = match model.problem(cause) {
                Some(problem) => Some(Stop::Unreachable(problem)),
                None => matches!(error, "Unavailable" | "Throttled")
                    .then(|| Stop::Unreachable(format!("{error}: {cause}"))),
            };
            (format!("failed: {error}"), stop)
        }
    }
}
