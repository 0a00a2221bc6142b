//! `ticketsmith logs`: the logs of all functions about one execution, or about all executions of a ticket, in order.

mod follow;
mod subject;

use crate::account;
use crate::connection::{Connection, URL_VARIABLE};
use crate::exit::{Exit, Outcome};
use crate::functions;
use crate::place::PlaceArgument;
use crate::server::data_folder::DataFolder;
use aws_sdk_cloudwatchlogs::Client;
use jiff::{SignedDuration, Timestamp};
use records::ExecutionView;
use runtime::Source;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, ErrorKind};
use std::path::Path;
use subject::Subject;

/// `ticketsmith logs`
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The name of an execution, as `ticketsmith status` shows it, or a ticket. A ticket's lines are those of all its executions.
    #[arg(value_name = "EXECUTION|TICKET")]
    named: String,
    /// Print new lines as they are written, until Ctrl-C or until the execution, or every execution of the ticket, has ended.
    #[arg(long, short)]
    follow: bool,
    /// Print each line as a JSON object.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: PlaceArgument,
}

const EXAMPLES: &str = "\
Examples:
  ticketsmith logs SHOP-1 --follow
  ticketsmith logs jira-SHOP-1-9f86d081884c7d659a2feaa0c55ad015
  ticketsmith logs jira-SHOP-1-9f86d081884c7d659a2feaa0c55ad015 --stage prod --json

Without --stage, it reads the log files in the data folder of `serve`. `serve` must be running for a ticket, and with --follow.

Exit codes: 0 found · 1 no log lines, or no such execution or ticket · 3 neither `serve` nor the stage is reachable";

/// How long after an execution's end functions may still log about it.
const AFTERMATH: SignedDuration = SignedDuration::from_mins(15);

/// Runs the command.
///
/// # Errors
/// A negative answer if there are no log lines, or no such execution or ticket; unreachable if `serve` or the stage is needed and does not
/// answer; a usage error if the data folder does not exist or its log cannot be read.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    if arguments.follow {
        return follow::follow(&arguments).await;
    }
    let named = &arguments.named;
    let (subject, lines) = match &arguments.place.stage {
        Some(stage) => {
            let connection = Connection::of_stage(stage).await?;
            let subject = Subject::find(&connection, named).await?;
            let (client, mut lines) = (client().await?, Vec::new());
            for execution in subject.executions(&connection).await? {
                lines.extend(of_stage(&client, &connection, &execution.name, None).await?);
            }
            (subject, lines)
        }
        None => {
            let folder = folder(&arguments.place.data.data)?;
            // An execution's lines are found without `serve`; only `serve` knows the executions of a ticket.
            let lines = of_folder(&folder, &BTreeSet::from([named.clone()]))?;
            match lines.is_empty() {
                false => (Subject::Execution(named.clone()), lines),
                true => of_ticket(&folder, &arguments).await?,
            }
        }
    };
    if lines.is_empty() {
        return Err(Exit::negative(format!(
            "no log lines about {}; `ticketsmith status` lists executions",
            subject.name()
        )));
    }
    print(lines, subject.is_ticket(), arguments.json);
    Ok(())
}

/// The lines in the log files about the executions of a ticket, which `serve` knows.
async fn of_ticket(folder: &DataFolder, arguments: &Arguments) -> Outcome<(Subject, Vec<Line>)> {
    let named = &arguments.named;
    let connection = Connection::open(&arguments.place).await.map_err(|exit| {
        exit.and(format!(
            "there are no log lines about an execution named `{named}`, and the executions of a ticket are known only to `serve`"
        ))
    })?;
    let subject = Subject::find(&connection, named).await?;
    let executions = subject.executions(&connection).await?;
    let lines = of_folder(folder, &executions.into_iter().map(|execution| execution.name).collect())?;
    Ok((subject, lines))
}

/// Prints lines by their times. The lines of a ticket name their executions.
fn print(mut lines: Vec<Line>, with_execution: bool, json: bool) {
    // Stable, so that one function's lines with the same timestamp stay in order.
    lines.sort_by_key(|line| line.at);
    for line in lines {
        if json {
            println!("{}", Value::Object(line.fields));
        } else {
            println!("{}", line.text(with_execution));
        }
    }
}

/// One line of a function's log.
#[derive(Debug, Clone)]
struct Line {
    at: Timestamp,
    fields: Map<String, Value>,
}

impl Line {
    /// Parses a line about any execution. Lines that the platform writes between a function's own are skipped.
    fn read(text: &str) -> Option<Self> {
        let fields: Map<String, Value> = serde_json::from_str(text).ok()?;
        fields.get("execution")?.as_str()?;
        let at = fields.get("timestamp")?.as_str()?.parse().ok()?;
        Some(Self { at, fields })
    }

    /// The execution that the line is about.
    fn execution(&self) -> &str {
        self.fields.get("execution").and_then(Value::as_str).unwrap_or_default()
    }

    /// The line for people: time, level, source, message, and the remaining fields; the execution's name only if it is asked for.
    fn text(&self, with_execution: bool) -> String {
        let field = |name: &str| self.fields.get(name).and_then(Value::as_str).unwrap_or_default();
        let target = field("target");
        let crate_name = target.split_once("::").map_or(target, |(first, _)| first);
        let speaker = if field("action").is_empty() { crate_name } else { field("action") };
        let mut text = format!("{:.3} {:<5} {speaker:<28} {}", self.at, field("level"), field("message"));
        for (name, value) in &self.fields {
            let is_shown = match name.as_str() {
                "timestamp" | "level" | "target" | "message" | "action" => false,
                "execution" => with_execution,
                _ => true,
            };
            if !is_shown {
                continue;
            }
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            text.push_str(&format!(" {name}={value}"));
        }
        text
    }
}

/// The data folder, if the logs are there.
fn folder(data: &Path) -> Outcome<DataFolder> {
    if std::env::var_os(URL_VARIABLE).is_some() {
        return Err(Exit::usage(format!(
            "{URL_VARIABLE} names a remote `serve`, but logs are local files; run the command where its data folder is"
        )));
    }
    DataFolder::existing(data)
        .ok_or_else(|| Exit::usage(format!("the data folder {} does not exist; pass --data", data.display())))
}

/// Reads the lines about some executions in the log files of `serve`, the oldest first.
fn of_folder(folder: &DataFolder, executions: &BTreeSet<String>) -> Outcome<Vec<Line>> {
    let mut lines = Vec::new();
    for path in folder.logs() {
        let file = match std::fs::File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(Exit::usage(format!("{}: {error}", path.display()))),
        };
        for text in BufReader::new(file).lines() {
            let text = text.map_err(|error| Exit::usage(format!("{}: {error}", path.display())))?;
            lines.extend(Line::read(&text).filter(|line| executions.contains(line.execution())));
        }
    }
    Ok(lines)
}

/// A client of the logs of the account's stages.
///
/// # Errors
/// As [`account::sdk_config`].
async fn client() -> Outcome<Client> {
    Ok(Client::new(&account::sdk_config().await?))
}

/// Reads a stage's logs about an execution, from its beginning or from a later time.
async fn of_stage(
    client: &Client,
    connection: &Connection,
    execution: &str,
    since: Option<Timestamp>,
) -> Outcome<Vec<Line>> {
    let view = connection
        .table
        .execution_view(execution)
        .await
        .map_err(Exit::unreachable)?
        .ok_or_else(|| Exit::negative(format!("no execution named {execution}")))?;
    let mut lines = Vec::new();
    for function in functions(&view) {
        let group = format!("/aws/lambda/{}{function}", connection.function_prefix);
        let until = view.execution.ended_at.unwrap_or_else(Timestamp::now) + AFTERMATH;
        let mut pages = client
            .filter_log_events()
            .log_group_name(&group)
            .filter_pattern(format!("{{ $.execution = \"{execution}\" }}"))
            .start_time(since.unwrap_or(view.execution.begun_at).as_millisecond())
            .end_time(until.as_millisecond())
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| Exit::from_aws(format!("{group} cannot be read"), &error))?;
            let texts = page.events().iter().filter_map(|event| event.message());
            lines.extend(texts.filter_map(Line::read).filter(|line| line.execution() == execution));
        }
    }
    Ok(lines)
}

/// The functions involved: those of its steps, and those that start executions and report on them.
fn functions(view: &ExecutionView) -> BTreeSet<&str> {
    let others = functions::all().into_iter().filter(|function| !function.is_invoked_by(Source::Steps));
    view.steps.iter().map(|step| step.action.as_str()).chain(others.map(|function| function.name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"timestamp":"2026-05-06T07:08:09.123456Z","level":"WARN","target":"actions::dispatch","message":"the action failed","execution":"jira-SHOP-1-a","action":"create_branch","outcome":"Throttled","duration_ms":12}"#;

    #[test]
    fn a_line_is_written_for_people() {
        let line = Line::read(LINE).unwrap();
        let text = "2026-05-06T07:08:09.123Z WARN  create_branch                the action failed";
        assert_eq!(line.text(false), format!("{text} outcome=Throttled duration_ms=12"));
        assert_eq!(
            line.text(true),
            format!("{text} execution=jira-SHOP-1-a outcome=Throttled duration_ms=12")
        );
    }

    #[test]
    fn lines_about_something_else_are_left_out() {
        let directory = tempfile::tempdir().unwrap();
        let other = LINE.replace("SHOP-1", "SHOP-2");
        let rest = r#"{"execution":"jira-SHOP-1-a","message":"no time"}"#;
        let log = [LINE, "START RequestId: 1", &other, rest].join("\n");
        std::fs::write(directory.path().join("logs.jsonl"), log).unwrap();
        let folder = DataFolder::existing(directory.path()).unwrap();
        let found = |names: &[&str]| {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            of_folder(&folder, &names)
                .unwrap()
                .iter()
                .map(|line| line.execution().to_owned())
                .collect::<Vec<_>>()
        };
        assert!(found(&["jira-SHOP-1"]).is_empty());
        assert_eq!(found(&["jira-SHOP-1-a"]), ["jira-SHOP-1-a"]);
        assert_eq!(found(&["jira-SHOP-1-a", "jira-SHOP-2-a"]), ["jira-SHOP-1-a", "jira-SHOP-2-a"]);
    }
}
