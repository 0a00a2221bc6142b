//! `ticketsmith status`: shows executions and their costs.

use crate::connection::Connection;
use crate::exit::{Exit, Outcome};
use crate::place::PlaceArgument;
use crate::progress::{duration, human_duration, step_line, steps_json};
use jiff::Timestamp;
use records::ExecutionView;
use serde_json::json;

/// `ticketsmith status`
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The name of an execution to show, or a ticket whose executions to list. Default: list the newest executions.
    #[arg(value_name = "EXECUTION|TICKET")]
    execution: Option<String>,
    /// The maximum number to list, from 1 to 100.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u8).range(1..=100))]
    limit: u8,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: PlaceArgument,
}

const EXAMPLES: &str = "\
Examples:
  ticketsmith status
  ticketsmith status SHOP-1
  ticketsmith status jira-SHOP-1-9f86d081884c7d659a2feaa0c55ad015 --json

Exit codes: 0 found · 1 no such execution or ticket · 3 neither `serve` nor the stage is reachable";

/// Runs the command.
///
/// # Errors
/// A negative answer if there is no such execution or ticket; unreachable if neither `serve` nor the stage answers.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    let connection = Connection::open(&arguments.place).await?;
    let (control, now) = (connection.control(), Timestamp::now());
    let mut task_id = None;
    if let Some(named) = &arguments.execution {
        if let Some(view) = control.execution(named).await.map_err(Exit::unreachable)? {
            if arguments.json {
                println!("{}", one_json(&view))
            } else {
                print_one(&view, now)
            }
            return Ok(());
        }
        let directory = control.directory().await.map_err(Exit::unreachable)?;
        let ticket = directory
            .ticket(named)
            .map_err(|error| Exit::negative(format!("no execution is named `{named}`, and {error}")))?;
        task_id = Some(ticket.task_id().to_owned());
    }
    let limit = usize::from(arguments.limit);
    let recent = control.executions(task_id.as_deref(), limit).await.map_err(Exit::unreachable)?;
    let mut views = Vec::new();
    for execution in recent {
        views.extend(control.execution(&execution.name).await.map_err(Exit::unreachable)?);
    }
    if arguments.json {
        let list: Vec<_> = views.iter().map(one_json).collect();
        println!("{}", json!({ "executions": list }));
    } else {
        match (&task_id, views.is_empty()) {
            (Some(task_id), true) => println!("nothing has been started on {task_id} yet"),
            _ => print_table(&views, now),
        }
    }
    Ok(())
}

fn one_json(view: &ExecutionView) -> serde_json::Value {
    let execution = &view.execution;
    json!({
        "execution": execution.name,
        "workflow": execution.workflow,
        "task": execution.task_id,
        "outcome": execution.outcome,
        "begun_at": execution.begun_at,
        "ended_at": execution.ended_at,
        "error": execution.error,
        "cause": execution.cause,
        "question": execution.question,
        "undone_by": execution.undone_by,
        "output": execution.output,
        "cost_usd": view.cost().booked().as_usd(),
        "cost_unknown_calls": view.cost().unknown_calls,
        "steps": steps_json(view),
    })
}

fn print_one(view: &ExecutionView, now: Timestamp) {
    let execution = &view.execution;
    println!(
        "{}  {} of {}  {}  {}",
        execution.name,
        execution.workflow,
        execution.task_id.as_deref().unwrap_or("no ticket"),
        execution.outcome,
        human_duration(duration(view, now))
    );
    for shown in view.shown_steps() {
        println!("  {}", step_line(&shown, now));
    }
    println!("  cost {}", view.cost().booked());
    if view.cost().unknown_calls > 0 {
        println!(
            "  of which {} call(s) of unknown cost are booked at their worst case",
            view.cost().unknown_calls
        );
    }
    if let Some(question) = &execution.question {
        println!("  waiting: {question}");
    }
    match (&execution.error, &execution.cause) {
        (Some(error), cause) => println!("  {error}: {}", cause.as_deref().unwrap_or("no cause given")),
        (None, Some(told)) => println!("  {}", told.replace('\n', "\n  ")),
        (None, None) => {}
    }
    if let Some(by) = &execution.undone_by {
        println!("  what it did was undone by {by}");
    }
}

fn print_table(views: &[ExecutionView], now: Timestamp) {
    if views.is_empty() {
        println!("nothing has run yet; label a ticket, or see `ticketsmith run --help`");
        return;
    }
    println!("{:<12} {:<20} {:<22} {:>8} {:>10}  execution", "outcome", "task", "workflow", "took", "cost");
    for view in views {
        let execution = &view.execution;
        println!(
            "{:<12} {:<20} {:<22} {:>8} {:>10}  {}",
            execution.outcome.as_str(),
            execution.task_id.as_deref().unwrap_or("-"),
            execution.workflow,
            human_duration(duration(view, now)),
            view.cost().booked().to_string(),
            execution.name
        );
    }
}
