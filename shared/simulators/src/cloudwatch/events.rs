//! `PutEvents`.

use serde_json::{Value, json};

use super::{CloudWatch, Failure};

/// The largest entry, in bytes.
const MOST_BYTES: usize = 256 * 1024;
/// The longest kind, in characters.
const LONGEST_KIND: usize = 128;

pub(super) fn put(cloudwatch: &CloudWatch, request: &Value) -> Result<Option<Value>, Failure> {
    let entries = request["Entries"].as_array().map(Vec::as_slice).unwrap_or_default();
    if entries.iter().map(|entry| entry.to_string().len()).sum::<usize>() > MOST_BYTES {
        return Err(Failure::new(
            "ValidationException",
            "Total size of the entries in the request is over the limit.",
        ));
    }
    let mut answers = Vec::new();
    for entry in entries {
        answers.push(match problem(cloudwatch, entry) {
            Some((code, message)) => json!({"ErrorCode": code, "ErrorMessage": message}),
            None => {
                let id = uuid::Uuid::new_v4().to_string();
                let text = entry["Detail"].as_str().unwrap_or_default();
                let detail: Value = serde_json::from_str(text).unwrap_or_default();
                let mut event = entry.clone();
                event["Detail"] = detail;
                event["Id"] = id.clone().into();
                cloudwatch.lock().events.push(event);
                json!({"EventId": id})
            }
        });
    }
    let failed = answers.iter().filter(|answer| answer.get("ErrorCode").is_some()).count();
    Ok(Some(json!({"FailedEntryCount": failed, "Entries": answers})))
}

fn problem(cloudwatch: &CloudWatch, entry: &Value) -> Option<(&'static str, String)> {
    let text = |field: &str| entry[field].as_str().unwrap_or_default();
    let bus = entry["EventBusName"].as_str().unwrap_or("default");
    if bus != "default" && !cloudwatch.0.world.event_buses.iter().any(|known| known == bus) {
        return Some(("InvalidArgument", format!("Event bus {bus} does not exist.")));
    }
    if text("Source").is_empty() || text("Source").starts_with("aws.") {
        return Some((
            "NotAuthorizedForSourceException",
            format!("Not authorized for the source {}.", text("Source")),
        ));
    }
    if !(1..=LONGEST_KIND).contains(&text("DetailType").chars().count()) {
        return Some(("InvalidArgument", "Parameter DetailType is not valid.".to_owned()));
    }
    match serde_json::from_str::<Value>(text("Detail")) {
        Ok(Value::Object(_)) => None,
        _ => Some(("MalformedDetail", "Detail is malformed.".to_owned())),
    }
}
