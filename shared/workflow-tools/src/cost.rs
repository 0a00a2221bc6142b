//! What one execution costs on AWS, estimated from the compiled document.
//!
//! Two bounds are given. On the *happy path* nothing fails, every condition goes the more expensive way, loops run once, and an
//! agent is done in one turn. In the *worst case* every `foreach` has its `max_items`, every `loop` its `max_iterations`, and an agent
//! takes all of its `max_turns` and asks people after each but the last. Retries are in neither: each costs
//! one more transition and one more call. Models are not in the price: budgets limit them.

mod agents;
mod bounds;
mod markdown;
mod paths;
mod usage;

use bounds::Bounds;
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use workflow::{Compilation, Source};

pub use agents::AgentCost;
pub use usage::Usage;

/// Prices of one region in US dollars. Those of `us-east-1` come with the crate: [`Prices::us_east_1`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// AWS's name of the region.
    pub region: String,
    /// The months for which they are confirmed.
    pub as_of: String,
    /// Where they stand.
    pub sources: Vec<String>,
    /// The prices that apply.
    pub notes: String,
    /// Standard workflows, for one state transition.
    pub step_functions_usd_per_transition: f64,
    /// For one invocation.
    pub lambda_usd_per_request: f64,
    /// For one GB-second on arm64.
    pub lambda_usd_per_gb_second: f64,
    /// On demand, for one write request unit.
    pub dynamodb_usd_per_write_unit: f64,
    /// On demand, for one read request unit.
    pub dynamodb_usd_per_read_unit: f64,
}

/// The file of prices that comes with the crate.
const US_EAST_1: &str = include_str!("../prices/us-east-1.json");

impl Prices {
    /// The prices of `us-east-1`, which `prices/us-east-1.json` holds with date and sources.
    ///
    /// # Errors
    /// Never in a released version: the file is our own.
    pub fn us_east_1() -> Result<Self, serde_json::Error> {
        Self::from_json(US_EAST_1)
    }

    /// Prices of another region, in the form of `prices/us-east-1.json`.
    ///
    /// # Errors
    /// When the JSON has another form.
    pub fn from_json(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }
}

/// Facts that the compiled document does not contain. The defaults are assumptions, to be replaced by measurements.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Assumptions {
    /// The memory of a function, in MB. Default: 256.
    pub memory_mb: f64,
    /// The memory of a function that calls a model, in MB. Default: 512.
    pub ai_memory_mb: f64,
    /// How long a function works, in seconds. Default: 1.
    pub action_seconds: f64,
    /// How long a function that calls a model works, in seconds. Default: 60.
    pub ai_seconds: f64,
    /// Write request units of one call: its step, its effect and its limits. Default: 8.
    pub writes_per_call: f64,
    /// Read request units of one call. Default: 4.
    pub reads_per_call: f64,
}

impl Default for Assumptions {
    fn default() -> Self {
        Self {
            memory_mb: 256.0,
            ai_memory_mb: 512.0,
            action_seconds: 1.0,
            ai_seconds: 60.0,
            writes_per_call: 8.0,
            reads_per_call: 4.0,
        }
    }
}

/// The resources and cost of one execution.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The resources.
    #[serde(flatten)]
    pub usage: Usage,
    /// GB-seconds of functions.
    pub gb_seconds: f64,
    /// Dollars for state transitions.
    pub step_functions_usd: f64,
    /// Dollars for functions.
    pub lambda_usd: f64,
    /// Dollars for the table.
    pub dynamodb_usd: f64,
    /// The sum.
    pub total_usd: f64,
}

/// The cost of one execution of a workflow.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cost {
    /// The workflow.
    pub workflow: String,
    /// Nothing fails, loops run once.
    pub happy_path: Estimate,
    /// Lists and loops have their maximum length.
    pub worst_case: Estimate,
    /// Its agents, and what bounds their turns and dollars.
    pub agents: Vec<AgentCost>,
    /// Other workflows that it runs, whose cost comes on top.
    pub runs: Vec<String>,
    /// The assumptions.
    pub assumptions: Assumptions,
    /// The prices that were used.
    pub prices: Prices,
}

/// The cost of one execution of a compiled workflow; `source` is the file it was compiled from, which says how long lists and
/// loops may be. `None` if it did not compile.
pub fn cost(
    source: &Source,
    compilation: &Compilation,
    assumptions: Assumptions,
    prices: &Prices,
) -> Option<Cost> {
    let definition = compilation.definition.as_ref()?;
    let bounds = Bounds::of(source, compilation);
    let estimate = |usage| estimate(usage, &assumptions, prices);
    Some(Cost {
        workflow: compilation.name.clone(),
        happy_path: estimate(paths::usage(definition, compilation, &Bounds::default())),
        worst_case: estimate(paths::usage(definition, compilation, &bounds)),
        agents: agents::of(compilation),
        runs: bounds.runs.iter().cloned().collect(),
        assumptions,
        prices: prices.clone(),
    })
}

fn estimate(usage: Usage, assumptions: &Assumptions, prices: &Prices) -> Estimate {
    let gb_seconds = (usage.calls - usage.ai_calls) * assumptions.action_seconds * assumptions.memory_mb
        / 1024.0
        + usage.ai_calls * assumptions.ai_seconds * assumptions.ai_memory_mb / 1024.0;
    let step_functions_usd = usage.transitions * prices.step_functions_usd_per_transition;
    let lambda_usd =
        usage.calls * prices.lambda_usd_per_request + gb_seconds * prices.lambda_usd_per_gb_second;
    let dynamodb_usd = usage.calls
        * (assumptions.writes_per_call * prices.dynamodb_usd_per_write_unit
            + assumptions.reads_per_call * prices.dynamodb_usd_per_read_unit);
    Estimate {
        usage,
        gb_seconds,
        step_functions_usd,
        lambda_usd,
        dynamodb_usd,
        total_usd: step_functions_usd + lambda_usd + dynamodb_usd,
    }
}

impl Cost {
    /// The table that people read.
    pub fn text(&self) -> String {
        let (happy, worst) = (&self.happy_path, &self.worst_case);
        let mut text = format!("{:<26} {:>14} {:>14}\n", self.workflow, "happy path", "worst case");
        let mut line = |name: &str, happy: String, worst: String| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  {name:<24} {happy:>14} {worst:>14}");
        };
        let count = |number: f64| format!("{number:.0}");
        let dollars = |number: f64| format!("${number:.6}");
        line("state transitions", count(happy.usage.transitions), count(worst.usage.transitions));
        line("calls of functions", count(happy.usage.calls), count(worst.usage.calls));
        line("  of which call a model", count(happy.usage.ai_calls), count(worst.usage.ai_calls));
        line("GB-seconds", format!("{:.2}", happy.gb_seconds), format!("{:.2}", worst.gb_seconds));
        line("Step Functions", dollars(happy.step_functions_usd), dollars(worst.step_functions_usd));
        line("Lambda", dollars(happy.lambda_usd), dollars(worst.lambda_usd));
        line("DynamoDB", dollars(happy.dynamodb_usd), dollars(worst.dynamodb_usd));
        line("together", dollars(happy.total_usd), dollars(worst.total_usd));
        let assumed = &self.assumptions;
        let _ = writeln!(
            text,
            "Prices of {} as of {}, without retries and models. Assumed: {} MB and {} s a call ({} MB and {} s with a model), {} writes and {} reads of the table a call.",
            self.prices.region,
            self.prices.as_of,
            assumed.memory_mb,
            assumed.action_seconds,
            assumed.ai_memory_mb,
            assumed.ai_seconds,
            assumed.writes_per_call,
            assumed.reads_per_call
        );
        for agent in &self.agents {
            let _ = writeln!(text, "{}", agent.text());
        }
        if !self.runs.is_empty() {
            let _ = writeln!(text, "The workflows that it runs cost extra: {}.", self.runs.join(", "));
        }
        text
    }
}
