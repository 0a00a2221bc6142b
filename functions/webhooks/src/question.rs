//! Answers people's questions, from a slash command, a comment or a mention, with the routes and the records.

use crate::account::{link, notify};
use crate::answer::Outcome;
use crate::answer_context::AnswerContext;
use crate::command::Command;
use crate::command_answer::{CommandAnswer, Part, Symbol, code, on_lines, plain, refused, strong};
use crate::help::{commands_served, explain, help, listed};
use control::{Costs, CostsResult, StatusResult, ahead};
use domain::command::{CommandWord, meant};
use domain::routes::Routes;
use domain::text::{TextLimit, cut_line};
use domain::{EventName, MicroUsd};
use jiff::{SignedDuration, Timestamp};
use records::{ExecutionRecord, RecordsError};
use serde_json::Map;

/// How many executions `status` shows.
const SHOWN: usize = 5;

/// How much of an unknown word is repeated.
const WORD: TextLimit = TextLimit::characters(80);

/// How much of a cause `status` shows.
const CAUSE: TextLimit = TextLimit::characters(300);

/// Answers everything but steering, which is refused here.
///
/// # Errors
/// When the records do not answer.
pub(crate) async fn answer_question(
    asked: &AnswerContext<'_>,
    question: Command,
) -> Result<CommandAnswer, RecordsError> {
    let AnswerContext { control, caller, address, .. } = asked;
    let (directory, command) = (caller.directory, address.words);
    let configuration = directory.configuration();
    let called = directory.pull_request_name_at(caller.trigger.source().as_str());
    let served = || commands_served(asked.routes, caller.trigger);
    if let Command::Status { task_id: Some(typed) } | Command::Costs { task_id: Some(typed) } = &question
        && let Err(error) = directory.check_length(typed)
    {
        return Ok(refused(&error.to_string()));
    }
    Ok(match question {
        Command::Status { task_id } => status(asked, task_id).await?,
        Command::Costs { task_id: Some(typed) } => {
            let task_id = directory.canonical(&typed);
            match control.costs_of_ticket(caller, &task_id).await? {
                CostsResult::Costs(spent) => costs(strong(task_id), &spent),
                CostsResult::Denied(reason) => refused(&reason),
            }
        }
        Command::Costs { task_id: None } => {
            costs(plain("You this month"), &control.costs_of_person(configuration, caller.actor).await?)
        }
        Command::Link(request) => link(asked, request).await?,
        Command::Notify(request) => notify(asked, request).await?,
        Command::Help { about: None } => help(caller.trigger, *address, &served(), called),
        Command::Help { about: Some(word) } => explain(word, caller.trigger, *address, &served(), called),
        // It starts nothing by itself, and needs more words.
        Command::NotServed { word } if !word.spec().starts_workflows => {
            explain(word, caller.trigger, *address, &served(), called)
        }
        Command::NotServed { word } => CommandAnswer::to_person(
            [
                Part::Symbol(Symbol::Warning),
                code(word.as_str()),
                plain(" does not start anything in this form. "),
            ]
            .into_iter()
            .chain(listed(caller.trigger, command, &served())),
        ),
        Command::Unknown { word } => match CommandWord::read(&word) {
            // The command is known, but not the words after it.
            Some(word) => explain(word, caller.trigger, *address, &served(), called),
            None => {
                let mut answer = unknown(&word, command);
                if revises(asked.routes) {
                    answer.sections.push(how_to_revise(command, called).to_vec());
                }
                answer
            }
        },
        Command::Steer(_) => unknown("", command),
    })
}

/// Whether people may ask for changes to pull requests.
pub(crate) fn revises(routes: &Routes) -> bool {
    routes.start_on(&EventName::REVISION_REQUESTED, &Map::new())
}

/// How they do, for those of whom it is not known whether they wanted to. `called` is what they call a pull request.
pub(crate) fn how_to_revise(command: &str, called: &str) -> [Part; 3] {
    [
        plain(format!("To ask for changes to a {called}, begin with ")),
        code(format!("{command} revise")),
        plain("."),
    ]
}

fn unknown(word: &str, command: &str) -> CommandAnswer {
    let meant = meant(word.trim_end_matches('?'))
        .map(|meant| [plain("Did you mean "), code(format!("{command} {}", meant.as_str())), plain("? ")]);
    let said = [plain("Unknown command "), code(cut_line(word, WORD)), plain(". ")];
    let more = [code(format!("{command} help")), plain(" lists all commands.")];
    CommandAnswer::to_person(said.into_iter().chain(meant.into_iter().flatten()).chain(more))
}

async fn status(asked: &AnswerContext<'_>, typed: Option<String>) -> Result<CommandAnswer, RecordsError> {
    let directory = asked.caller.directory;
    let task_id = typed.as_ref().map(|typed| directory.canonical(typed));
    let visible = asked.control.visible_executions(&asked.caller, task_id.as_deref(), SHOWN).await?;
    let mut executions = match visible {
        StatusResult::Executions(executions) => executions,
        StatusResult::Denied(reason) => return Ok(refused(&reason)),
    };
    let title = match task_id {
        Some(task_id) => strong(task_id),
        None => strong("Newest executions"),
    };
    if executions.is_empty() {
        let ticket = typed.as_ref().map(|typed| (typed, directory.ticket(typed)));
        let Some((typed, Err(error))) = ticket else {
            return Ok(CommandAnswer::to_person([title, plain(": nothing has been started yet.")]));
        };
        match asked.control.visible_execution(&asked.caller, execution_name(typed)).await? {
            Some(execution) => executions.push(execution),
            None => return Ok(refused(&error.to_string())),
        }
    }
    let lines = executions.iter().map(|execution| status_line(execution, asked.now));
    Ok(CommandAnswer::to_person([title]).section(on_lines(lines)))
}

/// The name of an execution, as people type or paste it.
pub(crate) fn execution_name(typed: &str) -> &str {
    typed.trim().trim_matches('`')
}

pub(crate) fn answer_to_start(outcome: &Outcome, task_id: Option<&str>, command: &str) -> CommandAnswer {
    let about = task_id.unwrap_or("this");
    match outcome {
        // The channel is told once it is known that the ticket exists, because webhooks cannot ask for it.
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
                " waits in line; {} ahead of it. It starts when running executions end.",
                ahead(*before)
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
        Outcome::Answered | Outcome::Recorded | Outcome::Pong => CommandAnswer::to_person([plain("Done.")]),
    }
}

/// `2m 13s`; no time if a clock was set back meanwhile.
fn time_between(from: Timestamp, to: Timestamp) -> String {
    format!("{:#}", SignedDuration::from_secs(to.duration_since(from).as_secs().max(0)))
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
    let took = time_between(execution.begun_at, execution.ended_at.unwrap_or(now));
    let task_id = execution.task_id.as_deref().unwrap_or("no ticket");
    let (workflow, outcome) = (&execution.workflow, execution.outcome);
    let mut line =
        vec![Part::Symbol(symbol), plain(format!("{task_id} · {workflow} · {outcome} · {took} · "))];
    line.push(code(&execution.name));
    if let Some(continued) = &execution.continues {
        line.extend([plain(" · continues "), code(continued)]);
    }
    if let Some(by) = &execution.continued_by {
        line.extend([plain(" · continued by "), code(by)]);
    }
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
    match spending.unknown_calls {
        0 => {}
        1 => text.push_str("; a call of unknown price counts at its worst case"),
        calls => text.push_str(&format!("; {calls} calls of unknown price count at their worst case")),
    }
    CommandAnswer::to_person([title, plain(text)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_takes_less_than_no_time() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let until = |to| time_between(at("2026-06-15T12:00:00.9Z"), at(to));
        assert_eq!(until("2026-06-15T12:02:14Z"), "2m 13s");
        assert_eq!(until("2026-06-15T11:00:00Z"), "0s");
    }
}
