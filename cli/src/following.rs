//! Whether a command follows the execution that it started.

use crate::exit::Outcome;
use crate::progress::follow;
use records::{ExecutionView, Table};
use serde_json::Value;
use std::time::Duration;

/// The options of every command that starts an execution.
#[derive(Debug, clap::Args)]
pub(crate) struct FollowArguments {
    /// Start it and return immediately.
    #[arg(long)]
    detach: bool,
    /// Print one JSON document, as the last output.
    #[arg(long)]
    pub(crate) json: bool,
    /// How long to follow it, in seconds.
    #[arg(long, default_value_t = 3600)]
    follow_seconds: u64,
}

impl FollowArguments {
    /// Follows the execution of this name to its end. With `--detach` there is nothing to follow: its name is printed, or `started`
    /// with `--json`.
    ///
    /// # Errors
    /// Unreachable when the table stops answering or the execution does not end in time.
    pub(crate) async fn follow(
        &self,
        table: &Table,
        name: &str,
        started: &Value,
    ) -> Outcome<Option<ExecutionView>> {
        if self.detach {
            match self.json {
                true => println!("{started}"),
                false => println!("{name}"),
            }
            return Ok(None);
        }
        follow(table, name, Duration::from_secs(self.follow_seconds)).await.map(Some)
    }
}
