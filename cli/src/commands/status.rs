//! `ticketsmith status`: shows executions and their costs.

use crate::connection::Connection;
use crate::exit::{Exit, Outcome};
use crate::place::PlaceArgument;
use crate::print::clear_screen;
use crate::progress::{duration, human_duration, step_line, steps_json};
use crate::steering::{no_execution, ticket_instead_of_execution, ticket_named, unknown_person};
use crate::stop_signal::stop_signal;
use control::{Control, ExecutionFilter};
use domain::execution::Outcome as Ended;
use domain::same_name;
use jiff::Timestamp;
use records::{ExecutionView, Table};
use serde_json::json;
use std::fmt::Write as _;
use std::io::IsTerminal;
use std::time::Duration;

/// `ticketsmith status`
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The name of an execution to show, or a ticket whose executions to list. Default: list the newest executions.
    #[arg(value_name = "EXECUTION|TICKET")]
    execution: Option<String>,
    /// List only executions with this outcome.
    #[arg(long, value_name = "OUTCOME", value_parser = outcome)]
    outcome: Option<Ended>,
    /// List only executions on this ticket.
    #[arg(long, value_name = "TICKET", conflicts_with = "execution")]
    ticket: Option<String>,
    /// List only executions that this person started: as named under `users:`, or as the service calls them.
    #[arg(long, value_name = "NAME")]
    person: Option<String>,
    /// The maximum number to list, from 1 to 100.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u8).range(1..=100))]
    limit: u8,
    /// Show it again whenever it changes, until Ctrl-C or, for one execution, until its end.
    #[arg(long)]
    watch: bool,
    /// Print JSON; with --watch, one document per line.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: PlaceArgument,
}

const EXAMPLES: &str = "\
Examples:
  ticketsmith status
  ticketsmith status SHOP-1
  ticketsmith status --outcome waiting --person ada --watch
  ticketsmith status jira-SHOP-1-9f86d081884c7d659a2feaa0c55ad015 --json

Without a ticket, it lists executions of this calendar month and the previous one.

Exit codes: 0 found · 1 no such execution or ticket · 3 neither `serve` nor the stage is reachable";

/// How often `--watch` polls the records.
const INTERVAL: Duration = Duration::from_secs(1);

fn outcome(text: &str) -> Result<Ended, String> {
    let known = [
        Ended::Pending,
        Ended::Running,
        Ended::Waiting,
        Ended::Succeeded,
        Ended::Failed,
        Ended::RolledBack,
        Ended::Stopped,
    ];
    known.into_iter().find(|known| known.as_str() == text.replace('-', "_")).ok_or_else(|| {
        let known: Vec<_> = known.iter().map(|known| known.as_str()).collect();
        format!("accepted: {}", known.join(", "))
    })
}

/// The output.
enum Subject {
    /// One execution, by its name.
    One(String),
    /// Those that a filter includes, and what to say where there are none.
    List(ExecutionFilter, String),
}

/// Runs the command.
///
/// # Errors
/// A negative answer if there is no such execution or ticket; unreachable if neither `serve` nor the stage answers.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    let connection = Connection::open(&arguments.place).await?;
    let control = connection.control();
    let subject = subject(&control, &connection.table, &arguments).await?;
    if !arguments.watch {
        let (text, _) = shown(&control, &subject, &arguments).await?;
        print!("{text}");
        return Ok(());
    }
    let screen = std::io::stdout().is_terminal() && !arguments.json;
    let watched = async {
        let mut tick = tokio::time::interval(INTERVAL);
        let mut last = String::new();
        loop {
            tick.tick().await;
            let (text, has_ended) = shown(&control, &subject, &arguments).await?;
            if text != last {
                if screen {
                    clear_screen();
                }
                print!("{text}");
                std::io::Write::flush(&mut std::io::stdout()).map_err(Exit::unreachable)?;
                last = text;
            }
            if has_ended {
                return Ok(());
            }
        }
    };
    tokio::select! {
        result = watched => result,
        () = stop_signal() => Ok(()),
    }
}

async fn subject(control: &Control, table: &Table, arguments: &Arguments) -> Outcome<Subject> {
    let mut task_id = None;
    if let Some(named) = &arguments.execution {
        if control.execution(named).await.map_err(Exit::unreachable)?.is_some() {
            return Ok(Subject::One(named.clone()));
        }
        let directory = control.directory().await.map_err(Exit::unreachable)?;
        let ticket = ticket_instead_of_execution(table, &directory, named).await?;
        task_id = Some(ticket.task_id().to_owned());
    } else if let Some(named) = &arguments.ticket {
        let directory = control.directory().await.map_err(Exit::unreachable)?;
        task_id = Some(ticket_named(table, &directory, named).await?.task_id().to_owned());
    }
    let (outcome, person) = (arguments.outcome, arguments.person.clone());
    let unknown = match &person {
        Some(person) => {
            let directory = control.directory().await.map_err(Exit::unreachable)?;
            let users = &directory.configuration().users;
            match users.iter().any(|user| same_name(&user.name, person)) {
                true => String::new(),
                false => unknown_person(users, person, "known"),
            }
        }
        None => String::new(),
    };
    Ok(Subject::List(ExecutionFilter { task_id, outcome, person }, unknown))
}

/// The text to show, and whether it will not change anymore.
async fn shown(control: &Control, subject: &Subject, arguments: &Arguments) -> Outcome<(String, bool)> {
    let now = Timestamp::now();
    match subject {
        Subject::One(name) => {
            let view = control.execution(name).await.map_err(Exit::unreachable)?;
            let view = view.ok_or_else(|| Exit::negative(no_execution(name)))?;
            let text = if arguments.json { format!("{}\n", one_json(&view)) } else { one_text(&view, now) };
            Ok((text, view.execution.outcome.is_final()))
        }
        Subject::List(filter, unknown) => {
            let limit = usize::from(arguments.limit);
            let recent = control.filtered_executions(filter, limit).await.map_err(Exit::unreachable)?;
            let mut views = Vec::new();
            for execution in recent {
                views.extend(control.execution(&execution.name).await.map_err(Exit::unreachable)?);
            }
            if arguments.json {
                let list: Vec<_> = views.iter().map(one_json).collect();
                return Ok((format!("{}\n", json!({ "executions": list })), false));
            }
            Ok((list_text(&views, filter, unknown, now), false))
        }
    }
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
        "continues": execution.continues,
        "continued_by": execution.continued_by,
        "output": execution.output,
        "cost_usd": view.cost().booked().as_usd(),
        "cost_unknown_calls": view.cost().unknown_calls,
        "steps": steps_json(view),
    })
}

fn one_text(view: &ExecutionView, now: Timestamp) -> String {
    let execution = &view.execution;
    let mut lines = vec![format!(
        "{}  {} of {}  {}  {}",
        execution.name,
        execution.workflow,
        execution.task_id.as_deref().unwrap_or("no ticket"),
        execution.outcome,
        human_duration(duration(view, now))
    )];
    lines.extend(view.shown_steps().iter().map(|shown| format!("  {}", step_line(shown, now))));
    lines.push(format!("  cost {}", view.cost().booked()));
    if view.cost().unknown_calls > 0 {
        let calls = view.cost().unknown_calls;
        lines.push(format!("  including {calls} call(s) of unknown cost, booked at their worst case"));
    }
    lines.extend(execution.question.as_ref().map(|question| format!("  waiting: {question}")));
    match (&execution.error, &execution.cause) {
        (Some(error), cause) => {
            lines.push(format!("  {error}: {}", cause.as_deref().unwrap_or("no cause given")));
        }
        (None, Some(told)) => lines.push(format!("  {}", told.replace('\n', "\n  "))),
        (None, None) => {}
    }
    lines.extend(execution.continues.as_ref().map(|continued| format!("  it continues {continued}")));
    lines.extend(execution.continued_by.as_ref().map(|by| format!("  it is continued by {by}")));
    lines.extend(execution.undone_by.as_ref().map(|by| format!("  its effects were undone by {by}")));
    lines.join("\n") + "\n"
}

fn list_text(views: &[ExecutionView], filter: &ExecutionFilter, unknown: &str, now: Timestamp) -> String {
    if views.is_empty() {
        let text = match filter {
            ExecutionFilter { outcome: None, person: None, task_id: None } => {
                "nothing has run yet; label a ticket, or see `ticketsmith run --help`".to_owned()
            }
            ExecutionFilter { outcome: None, person: None, task_id: Some(task_id) } => {
                format!("nothing has been started on {task_id} yet")
            }
            _ => format!("no execution matches{unknown}"),
        };
        return text + "\n";
    }
    let mut text = format!(
        "{:<12} {:<20} {:<22} {:>8} {:>10}  execution\n",
        "outcome", "task", "workflow", "took", "cost"
    );
    for view in views {
        let execution = &view.execution;
        let _infallible = writeln!(
            text,
            "{:<12} {:<20} {:<22} {:>8} {:>10}  {}",
            execution.outcome.as_str(),
            execution.task_id.as_deref().unwrap_or("-"),
            execution.workflow,
            human_duration(duration(view, now)),
            view.cost().booked().to_string(),
            execution.name
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_person_is_named_where_nothing_matches() {
        let filter = ExecutionFilter { task_id: None, outcome: None, person: Some("eve".to_owned()) };
        let unknown = "; `eve` is not under `users:`; known: ada, grace";
        let told = list_text(&[], &filter, unknown, Timestamp::UNIX_EPOCH);
        assert_eq!(told, format!("no execution matches{unknown}\n"));
    }
}
