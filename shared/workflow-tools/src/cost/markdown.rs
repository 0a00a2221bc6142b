//! Prices and estimates as tables of `docs/costs.md`.

use super::{Cost, Prices};

impl Prices {
    /// The prices as lines of a table: the amount, and what it is for.
    pub fn markdown(&self) -> String {
        let per = |dollars: f64, many: f64| trimmed(dollars * many);
        format!(
            "| price | of |\n|---|---|\n| {} per 1,000 | Step Functions, transitions of standard workflows |\n\
             | {} per GB-second, {} per million calls | Lambda on arm64 |\n\
             | {} per million writes, {} per million reads | DynamoDB on demand |\n",
            per(self.step_functions_usd_per_transition, 1e3),
            per(self.lambda_usd_per_gb_second, 1.0),
            per(self.lambda_usd_per_request, 1e6),
            per(self.dynamodb_usd_per_write_unit, 1e6),
            per(self.dynamodb_usd_per_read_unit, 1e6),
        )
    }
}

impl Cost {
    /// The happy path as a table: the resources, their amounts, and the dollars.
    pub fn markdown(&self) -> String {
        let (happy, assumed, prices) = (&self.happy_path, &self.assumptions, &self.prices);
        let usage = &happy.usage;
        let short = usage.calls - usage.ai_calls;
        let of_short = short * assumed.action_seconds * assumed.memory_mb / 1024.0;
        let of_models = usage.ai_calls * assumed.ai_seconds * assumed.ai_memory_mb / 1024.0;
        let seconds = |gb_seconds: f64| gb_seconds * prices.lambda_usd_per_gb_second;
        let rows = [
            ("transitions".to_owned(), format!("{}", usage.transitions), happy.step_functions_usd),
            (
                "calls of functions, one a state".to_owned(),
                format!("{}", usage.calls),
                usage.calls * prices.lambda_usd_per_request,
            ),
            (
                format!(
                    "time of {short} short actions, if each takes {} s of {} MB",
                    assumed.action_seconds, assumed.memory_mb
                ),
                format!("{of_short} GB-seconds"),
                seconds(of_short),
            ),
            (
                format!(
                    "time of {} model calls, if each takes {} s of {} MB",
                    usage.ai_calls, assumed.ai_seconds, assumed.ai_memory_mb
                ),
                format!("{of_models} GB-seconds"),
                seconds(of_models),
            ),
            (
                format!(
                    "writes and reads of the table, if a call makes {} and {}",
                    assumed.writes_per_call, assumed.reads_per_call
                ),
                format!(
                    "{} and {}",
                    usage.calls * assumed.writes_per_call,
                    usage.calls * assumed.reads_per_call
                ),
                happy.dynamodb_usd,
            ),
            ("together".to_owned(), String::new(), happy.total_usd),
        ];
        let rows: String = rows
            .iter()
            .map(|(what, count, dollars)| format!("| {what} | {count} | {dollars:.6} |\n"))
            .collect();
        format!("| what | count | $ |\n|---|---|---|\n{rows}")
    }
}

/// A number without trailing zeros, but with at least two decimals: `0.20`.
fn trimmed(number: f64) -> String {
    let text = format!("{number:.10}");
    let text = text.trim_end_matches('0');
    let digits = text.len() - text.find('.').map_or(text.len(), |point| point + 1);
    format!("{text}{}", "0".repeat(2_usize.saturating_sub(digits)))
}
