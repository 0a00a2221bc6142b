//! Answers slash commands from the routes and the records.

use crate::act::Acting;
use crate::answer::{ANSWERED, Outcome};
use crate::command::Command;
use crate::command_answer::{CommandAnswer, Part, Symbol, code, plain, strong};
use crate::words::Reply;
use control::{Caller, Costs, StartDecision, decide};
use domain::event::EventSpec;
use domain::routes::Routes;
use domain::text::{TextLimit, cut_line};
use domain::{Event, EventName, MicroUsd};
use jiff::{SignedDuration, Timestamp};
use records::{ExecutionRecord, RecordsError};

/// How many executions `status` shows.
const SHOWN: usize = 5;

/// How much of a cause `status` shows.
const CAUSE: TextLimit = TextLimit::characters(300);

/// Starts the workflow that the words ask for, or answers from the records; and what became of it, in a word for figures.
///
/// # Errors
/// When the records do not answer.
pub(crate) async fn answer_command(
    acting: &Acting<'_>,
    event: Event,
) -> Result<(CommandAnswer, &'static str), RecordsError> {
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
    let Some(actor) = actor else {
        return Ok((CommandAnswer::to_person([plain("The command does not say who typed it.")]), ANSWERED));
    };
    let served = commands_served(&routes, &trigger);
    let answer = match Command::read(&text) {
        Command::Status { task_id } => status(acting, task_id).await?,
        Command::Costs { task_id: Some(typed) } => {
            let task_id = directory.canonical(&typed);
            let spent = acting.control.costs_of_ticket(configuration, &task_id).await?;
            costs(strong(task_id), &spent)
        }
        Command::Costs { task_id: None } => {
            costs(plain("You this month"), &acting.control.costs_of_person(configuration, &actor).await?)
        }
        Command::Steer(steering) => {
            let (actor, trigger, delivery) = (&actor, &trigger, &*delivery);
            let caller = Caller { directory, actor, trigger, delivery, at: None };
            match acting.on_steering(&caller, steering).await? {
                Reply::Done(words) => CommandAnswer::to_channel([plain(words)]),
                Reply::Refused(reason) => refused(&reason),
            }
        }
        Command::Help => help(&trigger, command, &served),
        Command::NotServed { word } => CommandAnswer::to_person(
            [Part::Symbol(Symbol::Warning), code(word), plain(" does not start anything in this form. ")]
                .into_iter()
                .chain(listed(&trigger, command, &served)),
        ),
        Command::Unknown { word } => CommandAnswer::to_person([
            plain("Unknown command "),
            code(word),
            plain(". "),
            code(format!("{command} help")),
            plain(" lists all commands."),
        ]),
    };
    Ok((answer, ANSWERED))
}

async fn status(acting: &Acting<'_>, typed: Option<String>) -> Result<CommandAnswer, RecordsError> {
    let task_id = typed.as_ref().map(|typed| acting.directory.canonical(typed));
    let mut executions = acting.control.executions(task_id.as_deref(), SHOWN).await?;
    let title = match task_id {
        Some(task_id) => strong(task_id),
        None => strong("Newest executions"),
    };
    if executions.is_empty() {
        let ticket = typed.as_ref().map(|typed| (typed, acting.directory.ticket(typed)));
        let Some((typed, Err(error))) = ticket else {
            return Ok(CommandAnswer::to_person([title, plain(": nothing has been started yet.")]));
        };
        match acting.execution_named(typed).await? {
            Some(execution) => executions.push(execution),
            None => return Ok(refused(&error.to_string())),
        }
    }
    let lines = executions.iter().map(|execution| status_line(execution, acting.now));
    Ok(CommandAnswer::to_person([title]).section(on_lines(lines)))
}

fn refused(reason: &str) -> CommandAnswer {
    CommandAnswer::to_person([Part::Symbol(Symbol::Refused), plain(reason)])
}

/// Joins lines with line breaks.
fn on_lines(lines: impl IntoIterator<Item = Vec<Part>>) -> Vec<Part> {
    let lines: Vec<Vec<Part>> = lines.into_iter().collect();
    lines.join(&Part::LineBreak)
}

fn answer_to_start(outcome: &Outcome, task_id: Option<&str>, command: &str) -> CommandAnswer {
    let about = task_id.unwrap_or("this");
    match outcome {
        // The channel is told once it is known that the ticket exists: webhooks cannot ask for it.
        Outcome::Started { workflow, execution } | Outcome::Pending { workflow, execution } => {
            let on = task_id.map_or_else(Vec::new, |task_id| vec![plain(" on "), strong(task_id)]);
            let named = task_id.unwrap_or(execution);
            CommandAnswer::to_person(
                [Part::Symbol(Symbol::Seen), strong(workflow)]
                    .into_iter()
                    .chain(on)
                    .chain([plain(" begins.")]),
            )
            .section([
                code(execution),
                plain(" · "),
                code(format!("{command} status {named}")),
                plain(" shows its progress"),
            ])
        }
        Outcome::InLine { workflow, execution, before } => CommandAnswer::to_channel([
            Part::Symbol(Symbol::Working),
            strong(workflow),
            plain(" on "),
            strong(about),
            plain(format!(
                " waits in line, {before} before it. It starts when others that are at work have ended."
            )),
        ])
        .section([code(execution)]),
        Outcome::AlreadyAtWork { execution } | Outcome::Duplicate { execution } => {
            CommandAnswer::to_person([
                Part::Symbol(Symbol::Working),
                plain("Already working on "),
                strong(about),
                plain(": "),
                code(execution),
                plain("."),
            ])
        }
        Outcome::Ignored { reason } | Outcome::Refused { reason } => {
            CommandAnswer::to_person([plain(reason)])
        }
        Outcome::Recorded | Outcome::Pong => CommandAnswer::to_person([plain("Done.")]),
    }
}

fn status_line(execution: &ExecutionRecord, now: Timestamp) -> Vec<Part> {
    use domain::execution::Outcome;
    let symbol = match execution.outcome {
        Outcome::Pending | Outcome::Running => Symbol::Working,
        Outcome::Waiting => Symbol::Waiting,
        Outcome::Succeeded => Symbol::Succeeded,
        Outcome::Failed => Symbol::Failed,
        Outcome::RolledBack => Symbol::TakenBack,
        Outcome::Stopped => Symbol::Stopped,
    };
    let took = execution.ended_at.unwrap_or(now).duration_since(execution.begun_at);
    let took = SignedDuration::from_secs(took.as_secs());
    let task_id = execution.task_id.as_deref().unwrap_or("no ticket");
    let (workflow, outcome) = (&execution.workflow, execution.outcome);
    let mut line =
        vec![Part::Symbol(symbol), plain(format!("{task_id} · {workflow} · {outcome} · {took:#} · "))];
    line.push(code(&execution.name));
    if let Some(by) = &execution.undone_by {
        line.extend([plain(" · undone by "), code(by)]);
    }
    if let Some(cause) = execution.cause.as_ref().or(execution.question.as_ref()) {
        line.push(Part::Quote(cut_line(cause, CAUSE)));
    }
    line
}

fn costs(title: Part, costs: &Costs) -> CommandAnswer {
    let Costs { spending, limit } = costs;
    let reserved = spending.committed.saturating_sub(spending.spent);
    let mut text = format!(": {} spent of {limit}", spending.spent);
    if reserved > MicroUsd::ZERO {
        text.push_str(&format!(", {reserved} reserved by running calls"));
    }
    if spending.unknown_calls > 0 {
        let calls = spending.unknown_calls;
        text.push_str(&format!("; {calls} calls of unknown price count at their worst case"));
    }
    CommandAnswer::to_person([title, plain(text)])
}

/// The commands that start workflows, with the workflows' titles.
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

fn listed(kind: &EventName, command: &str, served: &[(String, String)]) -> Vec<Part> {
    if served.is_empty() {
        return vec![plain("No workflow has a "), code(kind.as_str()), plain(" trigger yet.")];
    }
    on_lines(
        served
            .iter()
            .map(|(text, title)| vec![code(format!("{command} {text}")), plain(format!(" {title}"))]),
    )
}

fn help(kind: &EventName, command: &str, served: &[(String, String)]) -> CommandAnswer {
    let typed = |words: &str| code(format!("{command} {words}"));
    let lines = [
        listed(kind, command, served),
        vec![typed("status [ticket]"), plain(" shows executions")],
        vec![typed("costs [ticket]"), plain(" shows costs")],
        vec![typed("approve ticket"), plain(" and "), typed("deny ticket"), plain(" answer its question")],
        vec![
            typed("stop ticket"),
            plain(" stops the work on it, "),
            typed("undo ticket"),
            plain(" takes back the effects of its newest execution that has any, "),
            typed("undo execution"),
            plain(" those of the one that "),
            typed("status"),
            plain(" calls so"),
        ],
        vec![typed("help"), plain(" shows this list")],
    ];
    CommandAnswer::to_person([strong("Ticketsmith turns tickets into pull requests.")])
        .section(on_lines(lines))
}
