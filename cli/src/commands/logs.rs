//! `ticketsmith logs`: the logs of all functions about one execution, in order.

mod follow;

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

/// `ticketsmith logs`
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The execution's name, as `ticketsmith status` shows it.
    execution: String,
    /// Print new lines as they are written, until Ctrl-C or until the execution has ended.
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
  ticketsmith logs jira-SHOP-1-9f86d081884c7d659a2feaa0c55ad015 --follow
  ticketsmith logs jira-SHOP-1-9f86d081884c7d659a2feaa0c55ad015 --stage prod --json

Without --stage, it reads the log files in the data folder of `serve`, which need not be running.

Exit codes: 0 found · 1 no log lines, or no such execution · 3 the stage is not reachable";

/// How long after an execution's end functions may still log about it.
const AFTERMATH: SignedDuration = SignedDuration::from_mins(15);

/// Runs the command.
///
/// # Errors
/// A negative answer if there are no log lines; unreachable if the stage does not answer; a usage error for the data folder.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    if arguments.follow {
        return follow::follow(&arguments).await;
    }
    let name = &arguments.execution;
    let lines = match &arguments.place.stage {
        Some(stage) => of_stage(&Connection::of_stage(stage).await?, name, None).await?,
        None => of_folder(&folder(&arguments.place.data.data)?, name)?,
    };
    if lines.is_empty() {
        return Err(Exit::negative(format!(
            "no log lines about {name}; `ticketsmith status` lists executions"
        )));
    }
    print(lines, arguments.json);
    Ok(())
}

/// Prints lines by their times.
fn print(mut lines: Vec<Line>, json: bool) {
    // Stable, so that one function's lines with the same timestamp stay in order.
    lines.sort_by_key(|line| line.at);
    for line in lines {
        if json { println!("{}", Value::Object(line.fields)) } else { println!("{}", line.text()) }
    }
}

/// One line of a function's log.
#[derive(Debug, Clone)]
struct Line {
    at: Timestamp,
    fields: Map<String, Value>,
}

impl Line {
    /// Parses a line if it is about the execution. Lines that the platform writes between a function's own are skipped.
    fn about(execution: &str, text: &str) -> Option<Self> {
        let fields: Map<String, Value> = serde_json::from_str(text).ok()?;
        if fields.get("execution")?.as_str()? != execution {
            return None;
        }
        let at = fields.get("timestamp")?.as_str()?.parse().ok()?;
        Some(Self { at, fields })
    }

    /// The line for people: time, level, source, message, and the remaining fields.
    fn text(&self) -> String {
        let field = |name: &str| self.fields.get(name).and_then(Value::as_str).unwrap_or_default();
        let target = field("target");
        let crate_name = target.split_once("::").map_or(target, |(first, _)| first);
        let speaker = if field("action").is_empty() { crate_name } else { field("action") };
        let mut text = format!("{:.3} {:<5} {speaker:<28} {}", self.at, field("level"), field("message"));
        for (name, value) in &self.fields {
            if matches!(name.as_str(), "timestamp" | "level" | "target" | "message" | "execution" | "action")
            {
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

/// Reads the log files of `serve`, the oldest first.
fn of_folder(folder: &DataFolder, execution: &str) -> Outcome<Vec<Line>> {
    let mut lines = Vec::new();
    for path in folder.logs() {
        let file = match std::fs::File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(Exit::usage(format!("{}: {error}", path.display()))),
        };
        for text in BufReader::new(file).lines() {
            let text = text.map_err(|error| Exit::usage(format!("{}: {error}", path.display())))?;
            lines.extend(Line::about(execution, &text));
        }
    }
    Ok(lines)
}

/// Reads a stage's logs about an execution, from its beginning or from a later time.
async fn of_stage(connection: &Connection, execution: &str, since: Option<Timestamp>) -> Outcome<Vec<Line>> {
    let view = connection
        .table
        .execution_view(execution)
        .await
        .map_err(Exit::unreachable)?
        .ok_or_else(|| Exit::negative(format!("no execution named {execution}")))?;
    let client = Client::new(&account::sdk_config().await?);
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
            lines.extend(texts.filter_map(|text| Line::about(execution, text)));
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
        let line = Line::about("jira-SHOP-1-a", LINE).unwrap();
        assert_eq!(
            line.text(),
            "2026-05-06T07:08:09.123Z WARN  create_branch                the action failed outcome=Throttled duration_ms=12"
        );
    }

    #[test]
    fn lines_about_something_else_are_left_out() {
        assert!(Line::about("jira-SHOP-1", LINE).is_none());
        assert!(Line::about("jira-SHOP-1-a", "START RequestId: 1").is_none());
        assert!(
            Line::about("jira-SHOP-1-a", r#"{"execution":"jira-SHOP-1-a","message":"no time"}"#).is_none()
        );
    }
}
