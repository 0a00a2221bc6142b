//! The answer to a slash command, from the routes and the records.

use crate::answer::{Outcome, SlackAnswer, escape};
use crate::command::Command;
use crate::receive::{ANSWERED, Refusal, Webhooks, log};
use crate::route::{Decision, canonical, decide};
use crate::steer::{Steered, Steerer};
use domain::configuration::Configuration;
use domain::routes::Routes;
use domain::{Event, EventKind, MicroUsd};
use jiff::{SignedDuration, Timestamp};
use records::{ExecutionRecord, LimitOf, RecordsError, Spending};

/// How many executions `status` shows.
const SHOWN: usize = 5;

impl Webhooks {
    /// Starts the workflow that the words ask for, or answers from the records; and what became of it, in a word for figures.
    pub(crate) async fn answer_command(
        &self,
        configuration: &Configuration,
        event: Event,
        now: Timestamp,
    ) -> Result<(SlackAnswer, &'static str), Refusal> {
        let routes = self.table.routes(now).await?;
        let command = &configuration.webhooks.command;
        let text = event.fields.get("text").and_then(|text| text.as_str()).unwrap_or_default().to_owned();
        let actor = event.actor.clone().map(|actor| configuration.identify(actor));
        let delivery = event.delivery.clone();
        match decide(configuration, &routes, event) {
            Decision::Start(planned) => {
                let task_id = planned.task_id.clone();
                let outcome = self.starter.start(*planned, now).await?;
                log(&outcome);
                return Ok((answer_to_start(&outcome, task_id.as_deref(), command), outcome.name()));
            }
            Decision::Refuse(reason) => {
                let answer = SlackAnswer::to_person(format!(":no_entry: {}", escape(&reason)));
                let outcome = Outcome::Refused { reason };
                log(&outcome);
                return Ok((answer, outcome.name()));
            }
            Decision::Ignore(_) => {}
        }
        let served = commands_served(&routes);
        let answer = match Command::read(&text) {
            Command::Status { task_id } => self.status(configuration, task_id, now).await?,
            Command::Costs { task_id: Some(task_id) } => {
                let task_id = ticket(configuration, &task_id);
                let spending = self.table.spending(&LimitOf::Task(task_id.clone())).await?;
                let limit = configuration.budgets.per_task();
                costs(&format!("*{}*", escape(&task_id)), spending, limit)
            }
            Command::Costs { task_id: None } => {
                let account = actor.map(|actor| actor.account()).unwrap_or_default();
                let spending = self.table.spending(&LimitOf::month(account, now)).await?;
                costs("You this month", spending, configuration.budgets.per_user_month())
            }
            Command::Steer(steering) => {
                let Some(actor) = actor else {
                    return Ok((SlackAnswer::to_person("Nobody is named."), ANSWERED));
                };
                let by = Steerer {
                    configuration,
                    actor: &actor,
                    kind: EventKind::SlackCommand,
                    delivery: &delivery,
                    now,
                };
                match self.steer(&by, steering).await? {
                    Steered::Done(words) => SlackAnswer::to_channel(escape(&words)),
                    Steered::Refused(reason) => {
                        SlackAnswer::to_person(format!(":no_entry: {}", escape(&reason)))
                    }
                }
            }
            Command::Help => help(command, &served),
            Command::NotServed { word } => SlackAnswer::to_person(format!(
                ":warning: `{word}` starts nothing here in this form. {}",
                listed(command, &served)
            )),
            Command::Unknown { word } => SlackAnswer::to_person(format!(
                "I do not know `{}`. `{command} help` lists what I know.",
                escape(&word)
            )),
        };
        Ok((answer, ANSWERED))
    }

    async fn status(
        &self,
        configuration: &Configuration,
        task_id: Option<String>,
        now: Timestamp,
    ) -> Result<SlackAnswer, RecordsError> {
        let (title, executions) = match task_id {
            Some(task_id) => {
                let task_id = ticket(configuration, &task_id);
                let executions = self.table.executions_of_task(&task_id, None, SHOWN).await?;
                (format!("*{}*", escape(&task_id)), executions)
            }
            None => ("*The newest executions*".to_owned(), self.table.recent_executions(now, SHOWN).await?),
        };
        if executions.is_empty() {
            return Ok(SlackAnswer::to_person(format!("{title}: nothing was started yet.")));
        }
        let lines: Vec<_> = executions.iter().map(|execution| status_line(execution, now)).collect();
        Ok(SlackAnswer::to_person(title).section(lines.join("\n")))
    }
}

/// The ticket as its tracker writes it, or as it was typed where no project knows it.
fn ticket(configuration: &Configuration, typed: &str) -> String {
    configuration
        .project_of_task(typed)
        .and_then(|project| canonical(project, typed).ok())
        .unwrap_or_else(|| typed.to_owned())
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

fn costs(title: &str, spending: Spending, limit: MicroUsd) -> SlackAnswer {
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
fn commands_served(routes: &Routes) -> Vec<(String, String)> {
    routes
        .workflows
        .values()
        .flat_map(|workflow| workflow.triggers.iter().map(move |trigger| (workflow, trigger)))
        .filter(|(_, trigger)| trigger.on == EventKind::SlackCommand)
        .filter_map(|(workflow, trigger)| {
            Some((trigger.conditions.get("text")?.as_str()?.to_owned(), workflow.title.clone()))
        })
        .collect()
}

fn listed(command: &str, served: &[(String, String)]) -> String {
    if served.is_empty() {
        return "No workflow has a `slack.command` trigger yet.".to_owned();
    }
    served
        .iter()
        .map(|(text, title)| format!("`{command} {}` {}", escape(text), escape(title)))
        .collect::<Vec<_>>()
        .join("\n")
}

fn help(command: &str, served: &[(String, String)]) -> SlackAnswer {
    SlackAnswer::to_person("*Ticketsmith turns tickets into pull requests.*").section(format!(
        "{}\n`{command} status [ticket]` how executions stand\n`{command} costs [ticket]` what was spent\n\
         `{command} approve ticket` and `{command} deny ticket` answer its question\n\
         `{command} stop ticket` ends the work on it, `{command} undo ticket` takes back what was done\n\
         `{command} help` this list",
        listed(command, served)
    ))
}
