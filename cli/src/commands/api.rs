//! `ticketsmith api`: sends one request to the API.

use crate::api_client::{Call, ClientArguments};
use crate::commands::invoke::json_of;
use crate::commands::run::parse_input;
use crate::exit::{Exit, Outcome};
use reqwest::Method;
use serde_json::{Map, Value};
use std::io::Read;

/// The longest body that is accepted.
const LIMIT: u64 = 8 * 1024 * 1024;

/// `ticketsmith api PATH`
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  ticketsmith api executions --output json\n  ticketsmith api 'executions?state=open' --jq '.items[].name'\n  ticketsmith api tokens --field name=report --field roles='[\"viewer\"]' --field valid_days=30"
)]
pub(crate) struct Arguments {
    /// The path after /api/v1, with its query.
    path: String,
    /// The method. Default: GET, or POST with a body.
    #[arg(long, short = 'X', value_name = "METHOD")]
    method: Option<Method>,
    /// Send the JSON in this file; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    input: Option<String>,
    /// A field of the body: NAME=VALUE. Valid JSON is sent as JSON, anything else as text.
    #[arg(long, short, value_name = "NAME=VALUE", value_parser = parse_input, conflicts_with = "input")]
    field: Vec<(String, Value)>,
    #[command(flatten)]
    client: ClientArguments,
}

/// Runs the command.
///
/// # Errors
/// The API's refusal; usage if the body is not JSON; unreachable if nothing answers.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    let path = path_of(&arguments.path)?;
    let body = match (&arguments.input, arguments.field.as_slice()) {
        (Some(file), _) => Some(read(file)?),
        (None, []) => None,
        (None, fields) => Some(Value::Object(fields.iter().cloned().collect::<Map<_, _>>())),
    };
    let method = arguments.method.unwrap_or(if body.is_some() { Method::POST } else { Method::GET });
    let mut call = Call::new(method, &path, &[]);
    if let Some(body) = body {
        call = call.body(body);
    }
    arguments.client.show(&call, &[]).await
}

/// The path below `/api/v1`: the token is sent only to the API.
fn path_of(typed: &str) -> Outcome<String> {
    let path = typed.trim_start_matches('/');
    let path = path.strip_prefix("api/v1/").unwrap_or(path);
    let is_path = !path.contains("://")
        && !path.split(['?', '#']).next().unwrap_or_default().split('/').any(|part| part == "..");
    match is_path {
        true => Ok(format!("/{path}")),
        false => Err(Exit::usage(format!(
            "`{typed}` is not a path of the API; accepted: such as `executions?state=open`"
        ))),
    }
}

fn read(file: &str) -> Outcome<Value> {
    let mut bytes = Vec::new();
    let read = match file {
        "-" => std::io::stdin().take(LIMIT).read_to_end(&mut bytes),
        file => std::fs::File::open(file).and_then(|open| open.take(LIMIT).read_to_end(&mut bytes)),
    };
    read.map_err(|error| Exit::usage(format!("{file}: {error}")))?;
    json_of(file, &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_below_the_api() {
        for (typed, path) in [
            ("me", "/me"),
            ("/api/v1/executions?state=open", "/executions?state=open"),
            ("executions?task=a..b", "/executions?task=a..b"),
        ] {
            assert_eq!(path_of(typed).unwrap(), path);
        }
        for typed in ["https://evil.example/x", "../../private", "/api/v1/../x"] {
            assert!(path_of(typed).is_err(), "{typed}");
        }
    }
}
