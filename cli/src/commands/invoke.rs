//! `ticketsmith invoke`: performs one action by hand, as a workflow step would.

use crate::connection::Connection;
use crate::exit::{Exit, Outcome};
use crate::place::PlaceArgument;
use crate::steering::person_or_user;
use actions::spec::ActionSpec;
use aws_sdk_lambda::primitives::Blob;
use clap::builder::NonEmptyStringValueParser;
use domain::event::{Actor, SourceName};
use domain::execution::{PAYLOAD_VERSION, TaskPayload};
use domain::{Grant, UniqueNames};
use jiff::Timestamp;
use records::EffectRecord;
use serde_json::Value;
use std::io::Read;
use std::path::{Path, PathBuf};

/// `ticketsmith invoke`
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The action's name in workflows: `get_task`, `create_branch`, …
    #[arg(value_parser = parse_action)]
    action: &'static ActionSpec,
    /// The file with the action's input as a JSON object; `-` reads standard input.
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// The project's key, if neither the input's ticket nor its repository identifies the project.
    #[arg(long)]
    project: Option<String>,
    /// The person it is done for, as named under `users:` in the configuration. Their limits apply, and costs are booked to them. By default `$USER`.
    #[arg(long = "as", value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    person: Option<String>,
    /// Identifies the effect. Repeating a key does not repeat the effect; it returns the first output. Default: a random key.
    #[arg(long, value_parser = parse_key)]
    key: Option<String>,
    #[command(flatten)]
    place: PlaceArgument,
}

const EXAMPLES: &str = "\
Examples:
  echo '{\"task_id\": \"SHOP-1\"}' | ticketsmith invoke get_task --input -
  ticketsmith invoke create_branch --input branch.json --key branch-of-today

Prints the output as JSON. External changes are journaled as in an execution; where they can be taken back, standard error says by which command.
Model calls cost money, and limits apply.

Exit codes: 0 done · 1 the action failed · 2 the input is invalid · 3 neither `serve` nor the stage is reachable";

fn parse_action(text: &str) -> Result<&'static ActionSpec, String> {
    let action = &actions::actions::find(text).map_err(|error| error.to_string())?.spec;
    if action.parks {
        return Err(format!(
            "`{text}` makes an execution wait, but `invoke` has none; start a workflow with `ticketsmith run`"
        ));
    }
    Ok(action)
}

fn parse_key(text: &str) -> Result<String, String> {
    let accepted = (1..=80).contains(&text.len())
        && text.chars().all(|one| one.is_ascii_alphanumeric() || matches!(one, '-' | '_'));
    accepted.then(|| text.to_owned()).ok_or_else(|| "a key is up to 80 letters, digits, - and _".to_owned())
}

/// Runs the command.
///
/// # Errors
/// Usage errors for a file that is not a JSON object, negative when the action fails, unreachable when nothing answers.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    let input = read_input(&arguments.input)?;
    let connection = Connection::open(&arguments.place).await?;
    let key = arguments.key.unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
    let project = arguments.project.as_ref().map(|key| format!(" --project {key}")).unwrap_or_default();
    let run = run_arn(&connection.state_machine_arn_prefix, arguments.action.name, &key);
    let payload = TaskPayload {
        v: PAYLOAD_VERSION,
        key: format!("{run}/{}", arguments.action.id().pascal()),
        run: run.clone(),
        project: arguments.project,
        actor: Some(Actor {
            source: SourceName::API,
            id: person_or_user(arguments.person.as_deref()).unwrap_or_else(|| "command-line".to_owned()),
            display_name: None,
            person: None,
        }),
        input,
        task_token: None,
        required: true,
        inverse: None,
    };
    let execution = payload.execution().to_owned();
    connection.table.admit_run(&run, Grant::ByHand, Timestamp::now()).await.map_err(Exit::unreachable)?;
    let payload = serde_json::to_vec(&payload).map_err(Exit::usage)?;
    let answered = connection
        .lambda
        .invoke()
        .function_name(format!("{}{}", connection.function_prefix, arguments.action.name))
        .payload(Blob::new(payload))
        .send()
        .await;
    // No execution ends here, so the sweeper would not settle a reservation left by a crashed function.
    connection.table.settle_open(&execution, Timestamp::now()).await.map_err(Exit::unreachable)?;
    let answered = answered.map_err(|error| {
        Exit::from_aws(format!("the function for {} did not respond", arguments.action.name), &error)
    })?;
    let answer = answered.payload.map(Blob::into_inner).unwrap_or_default();
    let answer: Value = serde_json::from_slice(&answer)
        .map_err(|error| Exit::unreachable(format!("the function's response is not JSON: {error}")))?;
    if answered.function_error.is_some() {
        let text = |field: &str| answer[field].as_str().unwrap_or("unknown").to_owned();
        return Err(Exit::negative(format!("{}: {}", text("errorType"), text("errorMessage"))));
    }
    println!("{answer:#}");
    if arguments.action.has_effect() {
        let journal = connection.table.journal_of(&run).await.map_err(Exit::unreachable)?;
        match journal.iter().any(EffectRecord::is_left) {
            true => eprintln!("To take it back: ticketsmith undo {run}{project}"),
            false => {
                eprintln!("It stays: nothing that {} did can be taken back", arguments.action.name)
            }
        }
    }
    Ok(())
}

/// The run under which the journal records the effect. No execution has this ARN, because no state machine is named `invoke`.
fn run_arn(state_machine_arn_prefix: &str, action: &str, key: &str) -> String {
    let prefix = state_machine_arn_prefix.replacen(":stateMachine:", ":execution:", 1);
    format!("{prefix}invoke:command-line-{action}-{key}")
}

fn read_input(path: &Path) -> Outcome<Value> {
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(path)
    };
    let shown = path.display();
    let bytes = bytes.map_err(|error| Exit::usage(format!("{shown}: {error}")))?;
    match json_of(&shown.to_string(), &bytes)? {
        value @ Value::Object(_) => Ok(value),
        _ => Err(Exit::usage(format!("{shown}: the input is not a JSON object"))),
    }
}

/// The JSON in a file; errors call it `shown`, or standard input where that is `-`.
///
/// # Errors
/// Usage, with the position of invalid JSON; also if it is empty, or an object has a name twice.
pub(super) fn json_of(shown: &str, bytes: &[u8]) -> Outcome<Value> {
    let shown = if shown == "-" { "standard input" } else { shown };
    let json = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    if json.trim_ascii().is_empty() {
        return Err(Exit::usage(format!("{shown}: it is empty, but must be JSON")));
    }
    match serde_json::from_slice(json) {
        Ok(UniqueNames(value)) => Ok(value),
        Err(error) if error.is_data() => Err(Exit::usage(format!("{shown}: {error}"))),
        Err(error) => {
            Err(Exit::usage(format!("{shown}:{}:{}: this is not JSON", error.line(), error.column())))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_json_is_told_with_its_place_in_our_words() {
        let told = |bytes: &[u8]| json_of("in.json", bytes).unwrap_err().to_string();
        assert_eq!(told(b"{\n  \"a\": x\n}"), "in.json:2:8: this is not JSON");
        assert_eq!(told(b"{\"a\": \"\xff\"}"), "in.json:1:8: this is not JSON");
        for empty in ["", " \n", "\u{feff}"] {
            assert_eq!(told(empty.as_bytes()), "in.json: it is empty, but must be JSON");
        }
        assert!(told(br#"{"a": 1, "a": 2}"#).starts_with("in.json: `a` is given twice"));
        let piped = json_of("-", b"x").unwrap_err().to_string();
        assert_eq!(piped, "standard input:1:1: this is not JSON");
        assert_eq!(json_of("in.json", "\u{feff}{}".as_bytes()).unwrap(), serde_json::json!({}));
    }

    #[test]
    fn actions_that_park_are_refused() {
        assert_eq!(parse_action("get_task").unwrap().name, "get_task");
        assert!(parse_action("request_approval").unwrap_err().contains("ticketsmith run"));
        assert!(parse_action("get_tusk").unwrap_err().contains("get_task"));
    }

    #[test]
    fn the_run_is_an_arn_of_its_own() {
        let run = run_arn("arn:aws:states:us-east-1:000000000000:stateMachine:ticketsmith-", "get_task", "a");
        assert_eq!(
            run,
            "arn:aws:states:us-east-1:000000000000:execution:ticketsmith-invoke:command-line-get_task-a"
        );
    }
}
