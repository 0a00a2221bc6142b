//! `ticketsmith logs`: the logs of all functions about one execution, or about all executions of a ticket, in order.

mod follow;
mod subject;

use crate::account;
use crate::connection::Connection;
use crate::environment;
use crate::exit::{Exit, Outcome};
use crate::functions;
use crate::place::PlaceArgument;
use crate::server::data_folder::DataFolder;
use aws_sdk_cloudwatchlogs::Client;
use jiff::{SignedDuration, Timestamp};
use records::ExecutionView;
use runtime::Source;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
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

/// About how many executions one query asks: a name has up to 80 characters, and a pattern up to 1,024.
const AT_ONCE: usize = 10;

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
            let executions = subject.executions(&connection).await?;
            let names = executions.iter().map(|execution| (execution.name.as_str(), None));
            let lines = of_stage(&client().await?, &connection, names).await?;
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
    if environment::SERVE.is_set() {
        return Err(Exit::usage(format!(
            "{} names a remote `serve`, but logs are local files; run the command where its data folder is",
            environment::SERVE.url
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

/// Reads a stage's logs about executions, of each from its beginning or from a later time.
async fn of_stage<'a>(
    client: &Client,
    connection: &Connection,
    executions: impl IntoIterator<Item = (&'a str, Option<Timestamp>)>,
) -> Outcome<Vec<Line>> {
    let (mut wanted, now) = (Vec::new(), Timestamp::now());
    for (execution, since) in executions {
        let view = connection.table.execution_view(execution).await.map_err(Exit::unreachable)?;
        let view = view.ok_or_else(|| Exit::negative(format!("no execution named {execution}")))?;
        wanted.push(Wanted::of(&view, since, now));
    }
    let mut lines = Vec::new();
    for query in queries(&wanted) {
        let group = format!("/aws/lambda/{}{}", connection.function_prefix, query.function);
        let mut pages = client
            .filter_log_events()
            .log_group_name(&group)
            .filter_pattern(query.pattern())
            .start_time(query.since.as_millisecond())
            .end_time(query.until.as_millisecond())
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| Exit::from_aws(format!("{group} cannot be read"), &error))?;
            let texts = page.events().iter().filter_map(|event| event.message());
            let read = texts.filter_map(Line::read);
            lines.extend(read.filter(|line| query.executions.contains(&line.execution())));
        }
    }
    Ok(lines)
}

/// An execution whose log lines are wanted.
struct Wanted {
    name: String,
    /// The functions involved: those of its steps, and those that start executions and report on them.
    functions: BTreeSet<String>,
    since: Timestamp,
    until: Timestamp,
}

impl Wanted {
    fn of(view: &ExecutionView, since: Option<Timestamp>, now: Timestamp) -> Self {
        let others = functions::all().into_iter().filter(|function| !function.is_invoked_by(Source::Steps));
        let steps = view.steps.iter().map(|step| step.action.as_str());
        Self {
            name: view.execution.name.clone(),
            functions: steps.chain(others.map(|function| function.name)).map(str::to_owned).collect(),
            since: since.unwrap_or(view.execution.begun_at),
            until: view.execution.ended_at.unwrap_or(now) + AFTERMATH,
        }
    }
}

/// A query of one function's log about some executions.
#[derive(Debug, PartialEq, Eq)]
struct LogQuery<'a> {
    function: &'a str,
    executions: Vec<&'a str>,
    since: Timestamp,
    until: Timestamp,
}

impl LogQuery<'_> {
    /// The [pattern](https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html) of its lines.
    fn pattern(&self) -> String {
        let each = self.executions.iter().map(|name| format!("$.execution = \"{name}\""));
        format!("{{ {} }}", each.collect::<Vec<_>>().join(" || "))
    }
}

/// The queries for all lines about these executions: one for each function, if there are not too many executions for one.
fn queries(wanted: &[Wanted]) -> Vec<LogQuery<'_>> {
    let mut by_function = BTreeMap::<&str, Vec<&Wanted>>::new();
    for one in wanted {
        for function in &one.functions {
            by_function.entry(function).or_default().push(one);
        }
    }
    let mut queries = Vec::new();
    for (function, executions) in by_function {
        for some in executions.chunks(AT_ONCE) {
            let since = some.iter().map(|one| one.since).min().unwrap_or_default();
            let until = some.iter().map(|one| one.until).max().unwrap_or_default();
            let executions = some.iter().map(|one| one.name.as_str()).collect();
            queries.push(LogQuery { function, executions, since, until });
        }
    }
    queries
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
    fn a_function_is_asked_once_about_many_executions() {
        let at = |hour: i64| Timestamp::from_second(hour * 3600).unwrap();
        let wanted = |name: String, functions: &[&str], hour: i64| Wanted {
            name,
            functions: functions.iter().map(|name| (*name).to_owned()).collect(),
            since: at(hour),
            until: at(hour + 1),
        };
        let both =
            [wanted("b".to_owned(), &["events", "create_branch"], 5), wanted("a".to_owned(), &["events"], 3)];
        let asked = queries(&both);
        let expected = [
            LogQuery { function: "create_branch", executions: vec!["b"], since: at(5), until: at(6) },
            LogQuery { function: "events", executions: vec!["b", "a"], since: at(3), until: at(6) },
        ];
        assert_eq!(asked, expected);
        assert_eq!(asked[1].pattern(), "{ $.execution = \"b\" || $.execution = \"a\" }");
        let long: Vec<_> =
            (0..25).map(|number| wanted(format!("{number:080}"), &["events"], number)).collect();
        let asked = queries(&long);
        assert_eq!(asked.iter().map(|query| query.executions.len()).collect::<Vec<_>>(), [10, 10, 5]);
        assert!(asked.iter().all(|query| query.pattern().len() <= 1024));
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
