//! The effects that the services report, read from their state and log.

use crate::support::World;
use serde_json::Value;

/// Prices in micro-dollars for a million tokens: uncached input, output, written to the cache for five minutes and for an hour, and
/// read from it. Copied from the vendors' lists, independently of the program's.
const PRICES: &[(&str, [u64; 5])] = &[
    ("claude-opus-5-5", [4_000_000, 20_000_000, 5_000_000, 8_000_000, 200_000]),
    ("claude-sonnet-5-5", [2_000_000, 10_000_000, 2_500_000, 4_000_000, 100_000]),
];

/// The cost of the model's answers in a log, by the usage that each reports.
pub(crate) fn reported_micro_usd(log: &[Value]) -> u64 {
    let answers = log.iter().filter(|entry| entry["path"] == "/v1/messages" && entry["status"] == 200);
    answers.map(|entry| answer_micro_usd(&message(entry))).sum()
}

/// The parts of the model's answer that a streamed answer has in one place: its model and usage.
pub(crate) fn message(entry: &Value) -> Value {
    let Some(events) = entry["response"].as_str() else { return entry["response"].clone() };
    let data = events.lines().filter_map(|line| line.strip_prefix("data: "));
    let data: Vec<Value> = data.map(|data| serde_json::from_str(data).unwrap()).collect();
    let of = |kind: &str| data.iter().find(|event| event["type"] == kind).unwrap();
    let mut message = of("message_start")["message"].clone();
    message["usage"] = of("message_delta")["usage"].clone();
    message
}

fn answer_micro_usd(response: &Value) -> u64 {
    let model = response["model"].as_str().unwrap();
    let (_, prices) = PRICES.iter().find(|(name, _)| *name == model).unwrap();
    let usage = &response["usage"];
    let written = &usage["cache_creation"];
    let tokens = [
        &usage["input_tokens"],
        &usage["output_tokens"],
        &written["ephemeral_5m_input_tokens"],
        &written["ephemeral_1h_input_tokens"],
        &usage["cache_read_input_tokens"],
    ];
    let millionths: u64 =
        tokens.iter().zip(prices).map(|(tokens, price)| tokens.as_u64().unwrap() * price).sum();
    // Each call is booked in whole micro-dollars, rounded up.
    millionths.div_ceil(1_000_000)
}

/// Dollars as JSON, in micro-dollars.
pub(crate) fn micro_usd(dollars: &Value) -> u64 {
    (dollars.as_f64().unwrap() * 1e6).round() as u64
}

/// Names of an execution's steps and how they ended.
pub(crate) fn steps(execution: &Value) -> Vec<(&str, &str)> {
    let steps = execution["steps"].as_array().unwrap().iter();
    steps.map(|step| (step["name"].as_str().unwrap(), step["status"].as_str().unwrap())).collect()
}

/// The state of a repository, named as `owner/name`.
pub(crate) fn repository<'a>(state: &'a Value, name: &str) -> &'a Value {
    let mut all = state["github"]["repositories"].as_array().unwrap().iter();
    all.find(|repository| repository["full_name"] == name).unwrap()
}

/// The one pull request from a branch.
pub(crate) fn pull_request<'a>(repository: &'a Value, branch: &str) -> &'a Value {
    let all = repository["pull_requests"].as_array().unwrap().iter();
    let from_branch: Vec<_> = all.filter(|pull| pull["head"]["ref"] == branch).collect();
    let [one] = from_branch[..] else { panic!("{} pull requests from {branch}", from_branch.len()) };
    one
}

/// Names of the files that a pull request changes.
pub(crate) fn changed_files(pull_request: &Value) -> Vec<&str> {
    let files = pull_request["files"].as_array().unwrap().iter();
    files.map(|file| file["filename"].as_str().unwrap()).collect()
}

/// Names of a repository's branches.
pub(crate) fn branches(repository: &Value) -> Vec<&str> {
    repository["branches"].as_object().unwrap().keys().map(String::as_str).collect()
}

/// A Jira ticket.
pub(crate) fn ticket<'a>(state: &'a Value, key: &str) -> &'a Value {
    state["jira"].as_array().unwrap().iter().find(|ticket| ticket["key"] == key).unwrap()
}

/// Texts of the messages in the Slack workspace, in one channel.
pub(crate) fn messages<'a>(state: &'a Value, channel: &str) -> Vec<&'a str> {
    let all = state["slack"]["messages"].as_array().unwrap().iter();
    all.filter(|message| message["channel"] == channel)
        .map(|message| message["text"].as_str().unwrap())
        .collect()
}

/// Whether a list of labels has one, given as a text or as an object with a name.
pub(crate) fn has_label(labels: &Value, name: &str) -> bool {
    labels.as_array().unwrap().iter().any(|label| label == name || label["name"] == name)
}

/// The one request that the model answered whose prompt holds a text.
pub(crate) async fn asked(world: &World, text: &str) -> Value {
    let requests = world.asked_of_model().await;
    let mut found: Vec<_> =
        requests.into_iter().filter(|entry| entry["request"].to_string().contains(text)).collect();
    assert_eq!(found.len(), 1, "requests that hold {text:?}");
    found.remove(0)["request"].take()
}
