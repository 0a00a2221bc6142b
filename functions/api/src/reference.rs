//! `docs/api.md`, generated from the contract.

use serde_json::Value;
use std::fmt::Write as _;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api.md");

const BEGINNING: &str = "\
# API

<!-- Generated from functions/api/openapi.json by `./check generate`. -->

Programs can ask Ticketsmith for what people ask for in chat, on tickets and at the command line, under the same rules. Only words to agents at work and
decisions about work that a limit stopped are not part of it. The contract is the OpenAPI document [`functions/api/openapi.json`](../functions/api/openapi.json), which the API also serves at `/api/v1/openapi.json`.

`ticketsmith serve` serves the API on a separate loopback port (`--api-port`; it prints the address, and `running.json` in the data folder has it as
`api_url`), which answers only to `127.0.0.1`, `localhost` and the name that `--expose` gives. In an AWS account it is at `/api/` of the deployment's address, and open only to signed-in
people and machines.

```sh
url=$(jq -r .api_url .ticketsmith/running.json)
token=$(jq -r .token .ticketsmith/running.json)
curl -H \"Authorization: Bearer $token\" -H 'Ticketsmith-As: ada' \"$url/executions?state=open\"
curl -H \"Authorization: Bearer $token\" -H 'Ticketsmith-As: ada' -X POST \"$url/tasks/$(printf SHOP-1 | basenc --base64url | tr -d =)/assign-to-agent\"
```

The token in `running.json` is the installation's own: anyone who may read the data folder can use it. It is made at each start of `serve`, sees everything,
starts any work, and changes projects, people and services. `Ticketsmith-As` names the person for whom it asks; that person's roles decide what it may
stop, undo and answer, and machine tokens are created for them. With any other credential, the header may only name the person whose it is. Workflows with the step `check_actor`, such as `development`, end unless this
person may start work.

- **Refusals** are problems (RFC 9457, `application/problem+json`) with a stable `code`, and in `errors` the paths of the parts of the request that are
  not accepted, up to the first 100. 400 cannot be parsed, 401 has no valid credential, 403 is not allowed, 404 does not exist or may not be seen, 409 conflicts with
  the current state, 422 is invalid, 429 is too many requests, 503 is temporarily unavailable; both have
  `Retry-After`. `X-Request-Id` is in every answer and in the logs.
- **`ETag`** of a project, a person or the settings of a service identifies its state. A request that changes it sends the tag as `If-Match`: it is refused with 428 without the tag, and with 412
  if the state has changed since. `*` matches any state. [projects.md](projects.md), [people.md](people.md) and [plugins.md](plugins.md) say which ones the API
  manages.
- **Lists** have at most 100 items. `next` is the `cursor` of the next page of the same query; it is valid for at least 12 hours. A page may have fewer items than
  requested, because items that the reader may not see are left out. There are no totals, and filters are those that an index serves. A cursor reveals nothing about
  the items that follow.
- **Bodies** are JSON of at most 256 KiB, in which no object has a name twice and no integer is beyond 2^53-1.
- **The line and headers** of a request reach the API if they have at most 16 KiB at `serve`, and 10,240 bytes in an AWS account. Longer ones are refused by
  what is in front of the API, `serve`'s server with 431, and the answer is no problem.
- **`Idempotency-Key`** makes a request safe to send again for a day: the same request gets the same answer, a different one gets 422, and any gets 409 while the first
  is in progress. Refusals are not kept.
- **Ids** of tickets, projects and people in paths are their names in base64url without padding. Money is in micro-dollars, times are RFC 3339 in UTC.
- **Events** of an execution are at `/executions/{name}/events`. They are also pushed: `POST /events/tickets` returns a ticket, and
  `PATH?ticket=TICKET&execution=NAME&after=SEQUENCE` opens a WebSocket with it, once and within a minute: at the ticket's `url`, or otherwise at its `path`
  on the host of the API. Each message is one frame. `serve` opens at most 64 sockets per person and
  refuses more with 429. It closes a socket after the last frame (1000), when the reader may no longer see it (1008), or when the
  reader is too slow or the records cannot be read (1013). A deployment in an AWS account closes it without a reason, at the latest after two hours or ten idle
  minutes, and cuts the `data` of frames of more than 32 KB. In these cases, request the frames after the last number. With `project=KEY` instead of an execution, the
  socket sends the frames of all the project's executions, starting ten seconds before it was opened; a reader recognizes those it has by execution and
  sequence. A deployment in an AWS account sends those from before only together with the execution's next frame.
- **Clients** tolerate unknown fields and unknown values of enumerations.
";

/// The page.
fn reference(contract: &Value) -> String {
    let mut page = BEGINNING.to_owned();
    let none = serde_json::Map::new();
    let paths = contract["paths"].as_object().unwrap_or(&none);
    let mut operations: Vec<(&str, &str, &str, &Value)> = Vec::new();
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().unwrap_or(&none) {
            operations.push((operation["tags"][0].as_str().unwrap_or_default(), path, method, operation));
        }
    }
    operations.sort_by_key(|(tag, path, method, _)| (*tag, *path, *method));
    let mut last = "";
    for (tag, path, method, operation) in operations {
        if tag != last {
            let _ = write!(page, "\n## {tag}\n");
            last = tag;
        }
        let text = |name: &str| operation[name].as_str().unwrap_or_default();
        let _ = write!(page, "\n### `{} {path}`\n\n{}", method.to_uppercase(), text("summary"));
        if !text("description").is_empty() {
            let _ = write!(page, " {}", text("description"));
        }
        page.push_str("\n\n");
        parameters(&mut page, operation);
        body(&mut page, contract, operation);
        let statuses = operation["responses"].as_object().unwrap_or(&none);
        let good = statuses.iter().filter(|(status, _)| status.starts_with('2'));
        for (status, answer) in good {
            let schema = &answer["content"]["application/json"]["schema"]["$ref"];
            let named = schema.as_str().and_then(|schema| schema.rsplit('/').next());
            let named = named.map(|name| format!(" (`{name}`)")).unwrap_or_default();
            let _ = writeln!(
                page,
                "Answers {status}: {}{named}",
                answer["description"].as_str().unwrap_or_default()
            );
        }
        let refusals: Vec<_> =
            statuses.keys().filter(|status| !status.starts_with('2')).map(String::as_str).collect();
        let _ = writeln!(page, "Refusals: {}.", refusals.join(", "));
    }
    page
}

fn parameters(page: &mut String, operation: &Value) {
    let Some(parameters) = operation["parameters"].as_array() else { return };
    page.push_str("| parameter | in | |\n|---|---|---|\n");
    for parameter in parameters {
        let text = |name: &str| parameter[name].as_str().unwrap_or_default();
        let about = text("description").replace('\n', " ");
        let _ = writeln!(page, "| `{}` | {} | {about} |", text("name"), text("in"));
    }
    page.push('\n');
}

fn body(page: &mut String, contract: &Value, operation: &Value) {
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    let of =
        |schema: &Value| schema["$ref"].as_str().and_then(|name| name.rsplit('/').next()).map(str::to_owned);
    let alternatives = schema["oneOf"].as_array().into_iter().flatten();
    let Some(name) = std::iter::once(schema).chain(alternatives).find_map(of) else { return };
    let schema = &contract["components"]["schemas"][name];
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    page.push_str("| field of the body | | |\n|---|---|---|\n");
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let need = if required.contains(&Value::from(name.as_str())) { "required" } else { "" };
        let about = field["description"].as_str().unwrap_or_default().replace('\n', " ");
        let _ = writeln!(page, "| `{name}` | {need} | {about} |");
    }
    page.push('\n');
}

#[test]
fn generated_reference_of_the_api_is_up_to_date() {
    let fresh = reference(&serde_json::to_value(crate::openapi()).unwrap());
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::write(PATH, &fresh).unwrap();
    }
    let committed = std::fs::read_to_string(PATH).unwrap_or_default();
    assert!(committed == fresh, "docs/api.md is stale: run ./check generate");
}
