//! The answer to a slash command, from the routes and the records.

use crate::act::Acting;
use crate::answer::{ANSWERED, Outcome, SlackAnswer, escape};
use crate::command::Command;
use crate::words::Reply;
use control::{Caller, Costs, StartDecision, decide};
use domain::event::EventSpec;
use domain::routes::Routes;
use domain::{Event, EventName, MicroUsd};
use jiff::{SignedDuration, Timestamp};
use records::{ExecutionRecord, RecordsError};

/// How many executions `status` shows.
const SHOWN: usize = 5;

/// Starts the workflow that the words ask for, or answers from the records; and what became of it, in a word for figures.
///
/// # Errors
/// When the records do not answer.
pub(crate) async fn answer_command(
    acting: &Acting<'_>,
    event: Event,
) -> Result<(SlackAnswer, &'static str), RecordsError> {
    let directory = acting.directory;
    let configuration = directory.configuration();
    let routes = acting.routes().await?;
    let command = &configuration.webhooks.command;
    let text = event.fields.get("text").and_then(|text| text.as_str()).unwrap_or_default().to_owned();
    let actor = event.actor.clone().map(|actor| configuration.identify(actor));
    let (trigger, delivery) = (event.kind.clone(), event.delivery.clone());
    match decide(directory, &routes, event) {
        StartDecision::Start(request) => {
            let task_id = request.task_id.clone();
            let outcome = Outcome::from(acting.control.start(*request).await?);
            outcome.log();
            return Ok((answer_to_start(&outcome, task_id.as_deref(), command), outcome.name()));
        }
        StartDecision::Refuse(reason) => {
            let answer = refused(&reason);
            let outcome = Outcome::Refused { reason };
            outcome.log();
            return Ok((answer, outcome.name()));
        }
        StartDecision::Ignore(_) => {}
    }
    let Some(actor) = actor else { return Ok((SlackAnswer::to_person("Nobody is named."), ANSWERED)) };
    let served = commands_served(&routes, &trigger);
    let answer = match Command::read(&text) {
        Command::Status { task_id } => status(acting, task_id).await?,
        Command::Costs { task_id: Some(typed) } => {
            let task_id = directory.canonical(&typed);
            let spent = acting.control.costs_of_ticket(configuration, &task_id).await?;
            costs(&format!("*{}*", escape(&task_id)), &spent)
        }
        Command::Costs { task_id: None } => {
            costs("You this month", &acting.control.costs_of_person(configuration, &actor).await?)
        }
        Command::Steer(steering) => {
            let caller = Caller { directory, actor: &actor, trigger: &trigger, delivery: &delivery };
            match acting.on_steering(&caller, steering).await? {
                Reply::Done(words) => SlackAnswer::to_channel(escape(&words)),
                Reply::Refused(reason) => refused(&reason),
            }
        }
        Command::Help => help(&trigger, command, &served),
        Command::NotServed { word } => SlackAnswer::to_person(format!(
            ":warning: `{word}` starts nothing here in this form. {}",
            listed(&trigger, command, &served)
        )),
        Command::Unknown { word } => SlackAnswer::to_person(format!(
            "I do not know `{}`. `{command} help` lists what I know.",
            escape(&word)
        )),
    };
    Ok((answer, ANSWERED))
}

async fn status(acting: &Acting<'_>, typed: Option<String>) -> Result<SlackAnswer, RecordsError> {
    let task_id = typed.map(|typed| acting.directory.canonical(&typed));
    let executions = acting.control.executions(task_id.as_deref(), SHOWN).await?;
    let title = match task_id {
        Some(task_id) => format!("*{}*", escape(&task_id)),
        None => "*The newest executions*".to_owned(),
    };
    if executions.is_empty() {
        return Ok(SlackAnswer::to_person(format!("{title}: nothing was started yet.")));
    }
    let lines: Vec<_> = executions.iter().map(|execution| status_line(execution, acting.now)).collect();
    Ok(SlackAnswer::to_person(title).section(lines.join("\n")))
}

fn refused(reason: &str) -> SlackAnswer {
    SlackAnswer::to_person(format!(":no_entry: {}", escape(reason)))
}

fn answer_to_start(outcome: &Outcome, task_id: Option<&str>, command: &str) -> SlackAnswer {
    let about = escape(task_id.unwrap_or("this"));
    match outcome {
        Outcome::Started { workflow, execution } | Outcome::Pending { workflow, execution } => {
            SlackAnswer::to_channel(format!(":eyes: *{}* is at work on *{about}*.", escape(workflow)))
                .section(format!("`{}` · `{command} status {about}` shows how it stands", escape(execution)))
        }
        Outcome::AlreadyAtWork { execution } | Outcome::Duplicate { execution } => SlackAnswer::to_person(
            format!(":hourglass_flowing_sand: Already at work on *{about}*: `{}`.", escape(execution)),
        ),
        Outcome::Ignored { reason } | Outcome::Refused { reason } => SlackAnswer::to_person(escape(reason)),
        Outcome::Recorded | Outcome::Pong => SlackAnswer::to_person("Done."),
    }
}

fn status_line(execution: &ExecutionRecord, now: Timestamp) -> String {
    use domain::execution::Outcome;
    let symbol = match execution.outcome {
        Outcome::Pending | Outcome::Running => ":hourglass_flowing_sand:",
        Outcome::Waiting => ":question:",
        Outcome::Succeeded => ":white_check_mark:",
        Outcome::Failed => ":x:",
        Outcome::RolledBack => ":leftwards_arrow_with_hook:",
        Outcome::Stopped => ":octagonal_sign:",
    };
    let took = execution.ended_at.unwrap_or(now).duration_since(execution.begun_at);
    let took = SignedDuration::from_secs(took.as_secs());
    let task_id = execution.task_id.as_deref().unwrap_or("no ticket");
    let mut line = format!(
        "{symbol} {} · {} · {} · {took:#}",
        escape(task_id),
        escape(&execution.workflow),
        execution.outcome
    );
    if let Some(cause) = execution.cause.as_ref().or(execution.question.as_ref()) {
        let cause: String = cause.chars().take(300).collect();
        line.push_str(&format!("\n> {}", escape(&cause.replace('\n', " "))));
    }
    line
}

fn costs(title: &str, costs: &Costs) -> SlackAnswer {
    let Costs { spending, limit } = costs;
    let reserved = spending.committed.saturating_sub(spending.spent);
    let mut text = format!("{title}: {} spent of {limit}", spending.spent);
    if reserved > MicroUsd::ZERO {
        text.push_str(&format!(", {reserved} reserved by calls at work"));
    }
    if spending.unknown_calls > 0 {
        let calls = spending.unknown_calls;
        text.push_str(&format!("; {calls} calls of unknown price are counted at their worst case"));
    }
    SlackAnswer::to_person(text)
}

/// What can be typed to start a workflow, with the workflow's title.
fn commands_served(routes: &Routes, kind: &EventName) -> Vec<(String, String)> {
    let spec = routes.events.find(kind.as_str());
    let Some(words) = spec.and_then(EventSpec::capturing).map(|condition| condition.name.as_str()) else {
        return Vec::new();
    };
    routes
        .workflows
        .values()
        .flat_map(|workflow| workflow.triggers.iter().map(move |trigger| (workflow, trigger)))
        .filter(|(_, trigger)| trigger.on == *kind)
        .filter_map(|(workflow, trigger)| {
            Some((trigger.conditions.get(words)?.as_str()?.to_owned(), workflow.title.clone()))
        })
        .collect()
}

fn listed(kind: &EventName, command: &str, served: &[(String, String)]) -> String {
    if served.is_empty() {
        return format!("No workflow has a `{kind}` trigger yet.");
    }
    served
        .iter()
        .map(|(text, title)| format!("`{command} {}` {}", escape(text), escape(title)))
        .collect::<Vec<_>>()
        .join("\n")
}

fn help(kind: &EventName, command: &str, served: &[(String, String)]) -> SlackAnswer {
    SlackAnswer::to_person("*Ticketsmith turns tickets into pull requests.*").section(format!(
        "{}\n`{command} status [ticket]` how executions stand\n`{command} costs [ticket]` what was spent\n\
         `{command} approve ticket` and `{command} deny ticket` answer its question\n\
         `{command} stop ticket` ends the work on it, `{command} undo ticket` takes back what was done\n\
         `{command} help` this list",
        listed(kind, command, served)
    ))
}
