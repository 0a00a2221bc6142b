//! Logs on standard error, for the person who runs the command, and in a file, for whoever asks later.

use crate::server::log_file::LogFile;
use std::sync::Mutex;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

/// Our own crates, which say more than others.
const CRATES: [&str; 15] = [
    "actions",
    "engine",
    "events",
    "http_client",
    "observability",
    "provider_claude",
    "provider_confluence",
    "provider_github",
    "provider_jira",
    "provider_slack",
    "records",
    "simulators",
    "ticketsmith",
    "webhooks",
    "workflow",
];

/// Starts logging. Without `-v` only warnings show on standard error; `RUST_LOG` overrides both. The file holds what happens, whatever
/// is shown.
pub(crate) fn start(verbose: u8, file: Option<LogFile>) {
    let own = match verbose {
        0 => "warn",
        1 => "info",
        _ => "debug",
    };
    let others = if verbose > 1 { "info" } else { "warn" };
    let shown = EnvFilter::try_from_default_env().unwrap_or_else(|_| filter(own, others));
    let to_person = fmt::layer().with_writer(std::io::stderr).with_target(false).with_filter(shown);
    let to_file =
        file.map(|file| observability::log::layer(Mutex::new(file)).with_filter(filter("info", "warn")));
    tracing_subscriber::registry().with(to_file).with(to_person).init();
}

fn filter(own: &str, others: &str) -> EnvFilter {
    EnvFilter::new(CRATES.iter().fold(others.to_owned(), |filter, name| format!("{filter},{name}={own}")))
}
