//! `ticketsmith run`: starts a workflow by hand and follows it.

use crate::connection::Connection;
use crate::exit::{Exit, Outcome};
use crate::following::FollowArguments;
use crate::place::PlaceArgument;
use crate::progress::steps_json;
use crate::steering::{PersonArgument, delivery, say_who};
use crate::typed_input::{of_any_type, typed_inputs, written_input};
use control::{
    Authority, Control, DirectoryError, Forecast, PlanError, StartRequest, StartResult, WorkflowRequest,
    ahead, plan,
};
use domain::built_in_actions::{ADMIT, CHECK_ACTOR};
use domain::event::EventName;
use domain::routes::Concurrency;
use jiff::Timestamp;
use records::{ExecutionView, RecordsError, StepRecord, StepStatus};
use serde_json::{Value, json};

/// `ticketsmith run`
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The workflow's file name without the extension.
    workflow: String,
    /// An input as name=value, read by its type: text is taken literally, anything else is JSON. `@FILE` reads it from a file. May be
    /// repeated.
    #[arg(long = "input", short, value_name = "NAME=VALUE", value_parser = written_input)]
    inputs: Vec<(String, String)>,
    /// The project's key, if the ticket does not identify the project.
    #[arg(long)]
    project: Option<String>,
    #[command(flatten)]
    person: PersonArgument,
    #[command(flatten)]
    follow: FollowArguments,
    #[command(flatten)]
    place: PlaceArgument,
}

const EXAMPLES: &str = "\
Examples:
  ticketsmith run development --input task_id=SHOP-1
  ticketsmith run ai-development-workflow --input task_id=SHOP-1 --input task_data=@ticket.json

Exit codes: 0 it succeeded (with --detach: it was recorded, and is started now or by the sweeper) · 1 it failed · 2 the inputs are invalid · 3 neither `serve` nor the stage is reachable";

/// Reads NAME=VALUE; valid JSON is taken as JSON, anything else as text.
///
/// # Errors
/// The accepted form.
pub(crate) fn parse_input(text: &str) -> Result<(String, Value), String> {
    let (name, value) = written_input(text)?;
    Ok((name, of_any_type(value)?))
}

/// Runs the command.
///
/// # Errors
/// Usage errors for wrong inputs, negative when the execution does not succeed, unreachable when nothing answers.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    let connection = Connection::open(&arguments.place).await?;
    let name = start(&connection, &arguments).await?;
    let started = json!({ "execution": name });
    let Some(view) = arguments.follow.follow(&connection.table, &name, &started).await? else {
        return Ok(());
    };
    let directory = connection.control().directory().await.map_err(Exit::unreachable)?;
    let who = view.execution.actor.as_ref().filter(|_| was_refused(&view));
    let advice = who.map(|actor| say_who(&directory, actor)).unwrap_or_default();
    report(&view, arguments.follow.json, &advice)
}

/// Whether the execution failed because of who started it.
fn was_refused(view: &ExecutionView) -> bool {
    let asks_who = |step: &&StepRecord| [ADMIT, CHECK_ACTOR].contains(&step.action.as_str());
    view.steps.iter().filter(asks_who).any(|step| step.status == StepStatus::Failed)
}

async fn start(connection: &Connection, arguments: &Arguments) -> Outcome<String> {
    let now = Timestamp::now();
    let routes = connection.table.routes(now).await.map_err(Exit::unreachable)?;
    let control = connection.control();
    let directory = control.directory().await.map_err(Exit::unreachable)?;
    let accepted = routes.workflows.get(&arguments.workflow).map(|route| &route.inputs);
    let kind = |name: &str| Some(accepted?.get(name)?.kind);
    let request = WorkflowRequest {
        workflow: arguments.workflow.clone(),
        inputs: typed_inputs(&arguments.inputs, kind)?,
        project: arguments.project.clone(),
        actor: arguments.person.actor(&directory),
        authority: Authority::Installation,
        trigger: EventName::API_RUN,
        delivery: delivery(),
        concurrency: Concurrency::OnePerTask,
    };
    let request = plan(&directory, &routes, request).map_err(|error| match error {
        PlanError::Directory(DirectoryError::Ambiguous { known }) => {
            Exit::usage(format!("pass --project to name the project; known: {known}"))
        }
        error => Exit::usage(error),
    })?;
    if !arguments.follow.json {
        let forecast = Forecast::read(&connection.table, &request.workflow, now).await;
        if let Some(forecast) = forecast.map_err(Exit::unreachable)? {
            eprintln!("For comparison: {forecast}.");
        }
    }
    begun(&control, request).await
}

/// Starts the planned execution and returns its name.
///
/// # Errors
/// Negative if the ticket is already being worked on; usage if the inputs cannot be recorded; unreachable if nothing answers.
pub(super) async fn begun(control: &Control, request: StartRequest) -> Outcome<String> {
    let task_id = request.task_id.clone();
    let started = control.start(request).await.map_err(|error| match error {
        // Such as inputs that are too long.
        RecordsError::Invalid(_) => Exit::usage(error),
        error => Exit::unreachable(error),
    });
    match started? {
        StartResult::Started { execution, .. } | StartResult::Duplicate { execution } => Ok(execution),
        StartResult::Pending { execution, reason, .. } => {
            eprintln!(
                "{execution} is recorded but not started yet; the sweeper retries every minute: {reason}"
            );
            Ok(execution)
        }
        StartResult::InLine { execution, before, .. } => {
            eprintln!(
                "{execution} waits in line; {} ahead of it. It starts when running executions end",
                ahead(before)
            );
            Ok(execution)
        }
        StartResult::AlreadyAtWork { execution } => Err(Exit::negative(format!(
            "{} is already being worked on: {execution}",
            task_id.as_deref().unwrap_or("the ticket")
        ))),
    }
}

/// Prints how an execution ended; an error is followed by advice.
///
/// # Errors
/// Negative unless it succeeded.
pub(super) fn report(view: &ExecutionView, json: bool, advice: &str) -> Outcome {
    let execution = &view.execution;
    if json {
        println!(
            "{}",
            json!({
                "outcome": execution.outcome,
                "execution": execution.name,
                "continues": execution.continues,
                "output": execution.output,
                "error": execution.error,
                "cause": execution.cause,
                "cost_usd": view.cost().booked().as_usd(),
                "steps": steps_json(view),
            })
        );
    } else {
        println!("{}: {}, {}", execution.name, execution.outcome, view.cost().booked());
        if let Some(output) = &execution.output {
            println!("{output:#}");
        }
    }
    if execution.outcome == domain::execution::Outcome::Succeeded {
        return Ok(());
    }
    Err(Exit::negative(format!(
        "{}: {}{advice}",
        execution.error.as_deref().unwrap_or("it did not succeed"),
        execution.cause.as_deref().unwrap_or("no cause given")
    )))
}
