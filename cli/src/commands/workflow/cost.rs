//! `ticketsmith workflow cost`.

use super::{Loaded, What, print_json};
use crate::commands::invoke::json_of;
use crate::exit::{Exit, Outcome};
use crate::server::source_file::text_at;
use std::path::{Path, PathBuf};
use workflow_tools::{Assumptions, Prices, cost};

pub(super) const EXAMPLES: &str = "\
Examples:
  ticketsmith workflow cost
  ticketsmith workflow cost workflows/development.yaml --ai-seconds 120 --memory-mb 512 --json

On the happy path, nothing fails and loops run once; in the worst case, lists and loops reach their limits. Neither includes retries
or models.

Exit codes:
  0  estimated
  1  a workflow has errors
  2  a file cannot be read";

/// What to estimate, and what to assume.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    what: What,
    /// The memory of a function, in MB.
    #[arg(long, value_name = "MB", default_value_t = Assumptions::default().memory_mb)]
    memory_mb: f64,
    /// The memory of a function that calls a model, in MB.
    #[arg(long, value_name = "MB", default_value_t = Assumptions::default().ai_memory_mb)]
    ai_memory_mb: f64,
    /// How long a function works, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = Assumptions::default().action_seconds)]
    action_seconds: f64,
    /// How long a function that calls a model runs, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = Assumptions::default().ai_seconds)]
    ai_seconds: f64,
    /// The table's write request units per call.
    #[arg(long, value_name = "UNITS", default_value_t = Assumptions::default().writes_per_call)]
    writes_per_call: f64,
    /// The table's read request units per call.
    #[arg(long, value_name = "UNITS", default_value_t = Assumptions::default().reads_per_call)]
    reads_per_call: f64,
    /// Prices for another region, in the format of `shared/workflow-tools/prices/us-east-1.json`.
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
    /// Print the estimates as JSON.
    #[arg(long)]
    json: bool,
}

/// Estimates what executions cost.
///
/// # Errors
/// A negative answer if a workflow has errors; a usage error for invalid files and numbers.
pub(super) fn run(arguments: &Arguments) -> Outcome {
    let assumptions = Assumptions {
        memory_mb: arguments.memory_mb,
        ai_memory_mb: arguments.ai_memory_mb,
        action_seconds: arguments.action_seconds,
        ai_seconds: arguments.ai_seconds,
        writes_per_call: arguments.writes_per_call,
        reads_per_call: arguments.reads_per_call,
    };
    let numbers = [
        ("--memory-mb", assumptions.memory_mb),
        ("--ai-memory-mb", assumptions.ai_memory_mb),
        ("--action-seconds", assumptions.action_seconds),
        ("--ai-seconds", assumptions.ai_seconds),
        ("--writes-per-call", assumptions.writes_per_call),
        ("--reads-per-call", assumptions.reads_per_call),
    ];
    if let Some((name, number)) = numbers.iter().find(|(_, number)| !number.is_finite() || *number < 0.0) {
        return Err(Exit::usage(format!("{name} must be at least 0, but is {number}")));
    }
    let prices = match &arguments.prices {
        None => Prices::us_east_1().map_err(Exit::usage)?,
        Some(path) => price_list(path)?,
    };
    let loaded = Loaded::of(&arguments.what)?.without_errors()?;
    let costs: Vec<_> = loaded
        .workflows()
        .filter_map(|(source, workflow)| cost(source, workflow, assumptions, &prices))
        .collect();
    if arguments.json {
        return print_json(&costs);
    }
    for cost in &costs {
        println!("{}", cost.text());
    }
    Ok(())
}

/// The prices in a file.
fn price_list(path: &Path) -> Outcome<Prices> {
    let shown = path.display().to_string();
    let json = json_of(&shown, text_at(path)?.as_bytes())?;
    serde_json::from_value(json).map_err(|error| {
        Exit::usage(format!(
            "{shown}: not a price list: {error}; accepted: the fields of `shared/workflow-tools/prices/us-east-1.json`"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_price_list_is_told_in_our_words() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("prices.json");
        for (text, told) in [
            ("", ": it is empty, but must be JSON"),
            ("name: x\n", ":1:2: this is not JSON"),
            ("{}", ": not a price list: missing field `region`; accepted"),
        ] {
            std::fs::write(&path, text).unwrap();
            let refused = price_list(&path).unwrap_err().to_string();
            assert!(refused.contains(&format!("prices.json{told}")), "{refused}");
            assert!(!refused.contains(" at line "), "{refused}");
        }
        let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/workflow-tools/prices/us-east-1.json");
        price_list(Path::new(shipped)).unwrap();
    }
}
