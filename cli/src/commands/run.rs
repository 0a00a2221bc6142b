//! `ticketsmith run`: starts a workflow by hand and follows it.

use super::PlaceArgument;
use crate::connection::Connection;
use crate::exit::{Exit, Outcome};
use crate::progress::{follow, steps_json};
use domain::event::{Actor, EventKind, Source};
use domain::execution::ExecutionInput;
use domain::routes::Concurrency;
use jiff::Timestamp;
use records::{Begun, ExecutionView, NewExecution};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// `ticketsmith run`
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The workflow: its file's name without the ending.
    workflow: String,
    /// One input as name=value. The value is JSON where it can be read as JSON, else text; `@FILE` reads it from a file. Can be repeated.
    #[arg(long = "input", short, value_name = "NAME=VALUE", value_parser = parse_input)]
    inputs: Vec<(String, Value)>,
    /// The project's key, where the ticket does not say it.
    #[arg(long)]
    project: Option<String>,
    /// Who starts it, by the name under `users:` of the configuration.
    #[arg(long = "as", value_name = "NAME", env = "USER")]
    person: Option<String>,
    /// Start it and come back at once.
    #[arg(long)]
    detach: bool,
    /// Print one JSON document, last on standard output.
    #[arg(long)]
    json: bool,
    /// How many seconds to follow it.
    #[arg(long, default_value_t = 3600)]
    follow_seconds: u64,
    #[command(flatten)]
    place: PlaceArgument,
}

const EXAMPLES: &str = "\
Examples:
  ticketsmith run development --input task_id=SHOP-1
  ticketsmith run ai-development-workflow --input task_id=SHOP-1 --input task_data=@ticket.json

Exit codes: 0 it succeeded (with --detach: it started) · 1 it failed · 2 the inputs are wrong · 3 neither a `serve` nor the stage is reachable";

fn parse_input(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| format!("`{text}` is not NAME=VALUE"))?;
    let value = match value.strip_prefix('@') {
        Some(path) => std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?,
        None => value.to_owned(),
    };
    Ok((name.to_owned(), serde_json::from_str(&value).unwrap_or(Value::String(value))))
}

/// Runs the command.
///
/// # Errors
/// Usage errors for wrong inputs, negative when the execution does not succeed, unreachable when nothing answers.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    let connection = Connection::open(&arguments.place).await?;
    let name = start(&connection, &arguments).await?;
    if arguments.detach {
        if arguments.json {
            println!("{}", json!({ "execution": name }))
        } else {
            println!("{name}")
        }
        return Ok(());
    }
    let view = follow(&connection.table, &name, Duration::from_secs(arguments.follow_seconds)).await?;
    report(&view, arguments.json)
}

async fn start(connection: &Connection, arguments: &Arguments) -> Outcome<String> {
    let now = Timestamp::now();
    let table = &connection.table;
    let routes = table.routes(now).await.map_err(Exit::unreachable)?;
    let given: Map<String, Value> = arguments.inputs.iter().cloned().collect();
    let inputs = routes.check_inputs(&arguments.workflow, &given, &Map::new()).map_err(Exit::usage)?;
    let task_id = inputs.get("task_id").and_then(Value::as_str).map(str::to_owned);
    let configuration = table.configuration(now).await.map_err(Exit::unreachable)?;
    let project = match &arguments.project {
        Some(key) => configuration.project(key),
        None => configuration.project_of(task_id.as_deref()),
    };
    let known =
        || configuration.projects.iter().map(|project| project.key.as_str()).collect::<Vec<_>>().join(", ");
    let project =
        project.ok_or_else(|| Exit::usage(format!("name the project with --project; known: {}", known())))?;
    let person = arguments.person.clone().unwrap_or_else(|| "command-line".to_owned());
    let actor =
        configuration.identify(Actor { source: Source::Api, id: person, display_name: None, person: None });
    let delivery = format!("command-line {}", uuid::Uuid::new_v4());
    let input = ExecutionInput::new(inputs, Some(project.key.clone()), Some(actor));
    let workflow = arguments.workflow.clone();
    let new = NewExecution::new(EventKind::ApiRun, delivery, workflow, task_id, input, now);
    match table.begin(&new, Concurrency::OnePerTask).await.map_err(Exit::unreachable)? {
        Begun::Begun(_) => {}
        Begun::Duplicate(record) => return Ok(record.name),
        Begun::AlreadyAtWork { execution } => {
            return Err(Exit::negative(format!(
                "{} is already at work: {execution}",
                new.task_id.as_deref().unwrap_or("the ticket")
            )));
        }
    }
    let input = serde_json::to_string(&new.input).map_err(Exit::usage)?;
    let started = connection
        .step_functions
        .start_execution()
        .state_machine_arn(format!("{}{}", connection.state_machine_arn_prefix, new.workflow))
        .name(&new.name)
        .input(input)
        .send()
        .await
        .map_err(|error| Exit::from_aws("the engine did not start it", &error))?;
    table
        .mark_started(&new.name, started.execution_arn(), Timestamp::now())
        .await
        .map_err(Exit::unreachable)?;
    Ok(new.name)
}

fn report(view: &ExecutionView, json: bool) -> Outcome {
    let execution = &view.execution;
    if json {
        println!(
            "{}",
            json!({
                "outcome": execution.outcome,
                "execution": execution.name,
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
        "{}: {}",
        execution.error.as_deref().unwrap_or("it did not succeed"),
        execution.cause.as_deref().unwrap_or("no cause was given")
    )))
}
