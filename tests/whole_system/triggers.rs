//! Each trigger, from a person's deed to the pull request, judged by what the services know afterwards.

use crate::support::{World, WorldFile, comments};
use serde_json::{Value, json};

/// Micro-dollars for a million tokens: read anew, said, written to the cache for five minutes and for an hour, read from it.
const MICRO_USD_PER_MILLION: &[(&str, [u64; 5])] = &[
    ("claude-sonnet-5-5", [2_000_000, 10_000_000, 2_500_000, 4_000_000, 100_000]),
    ("claude-opus-5-5", [4_000_000, 20_000_000, 5_000_000, 8_000_000, 200_000]),
];

/// What the model's answers cost, by the usage that each reports.
pub(crate) fn reported_micro_usd(log: &[Value]) -> u64 {
    let answers = log.iter().filter(|entry| entry["path"] == "/v1/messages" && entry["status"] == 200);
    answers.map(|entry| micro_usd_of(&entry["response"])).sum()
}

fn micro_usd_of(response: &Value) -> u64 {
    let model = response["model"].as_str().unwrap();
    let (_, prices) = MICRO_USD_PER_MILLION.iter().find(|(name, _)| *name == model).unwrap();
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
    // Every call is booked in whole micro-dollars, and never below what it cost.
    millionths.div_ceil(1_000_000)
}
