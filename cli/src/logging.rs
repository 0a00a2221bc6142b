//! Logs to standard error, for the person who runs the command, and to a file, for later.

use crate::color;
use crate::functions;
use crate::server::log_file::LogFile;
use std::collections::BTreeSet;
use std::sync::Mutex;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

/// Our own crates, which log more than others, except the functions' and the providers'.
const CRATES: [&str; 11] = [
    "control",
    "engine",
    "http_client",
    "observability",
    "pace",
    "records",
    "runtime",
    "sandbox",
    "simulators",
    "ticketsmith",
    "workflow",
];

/// The prefix of the providers' crate names, and so of their log targets.
const PROVIDERS: &str = "provider";

/// The part of the SDK that closes a connection after a server error.
const CONNECTION: &str = "aws_smithy_runtime::client::http::connection_poisoning";

/// Starts logging. Without `-v`, standard error shows only warnings; `RUST_LOG` overrides both. The file's level does not depend on
/// either.
pub(crate) fn start(verbose: u8, file: Option<LogFile>) {
    let own = match verbose {
        0 => "warn",
        1 => "info",
        _ => "debug",
    };
    let others = if verbose > 1 { "info" } else { "warn" };
    let shown = EnvFilter::try_from_default_env().unwrap_or_else(|_| filter(own, others));
    // Files, pipes and users who disable colors get no escape codes: <https://no-color.org>.
    let in_color = color::on(&std::io::stderr());
    let to_person =
        fmt::layer().with_writer(std::io::stderr).with_ansi(in_color).with_target(false).with_filter(shown);
    let to_file =
        file.map(|file| observability::log::layer(Mutex::new(file)).with_filter(filter("info", "warn")));
    tracing_subscriber::registry().with(to_file).with(to_person).init();
}

fn filter(own: &str, others: &str) -> EnvFilter {
    let functions: BTreeSet<&str> = functions::all().iter().map(|function| function.executable).collect();
    let crates = CRATES.into_iter().chain(functions).chain([PROVIDERS]);
    // Every place where credentials were not found logs a warning; the error that follows summarizes them.
    let sdk = if others == "warn" { "error" } else { others };
    // A request inside this process has no connection, which the SDK reports as an error of its own after each server error.
    let others = format!("{others},aws_config={sdk},{CONNECTION}=off");
    EnvFilter::new(crates.fold(others, |filter, name| format!("{filter},{name}={own}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_connection_is_no_error() {
        let filter = filter("debug", "info").to_string();
        assert!(filter.split(',').any(|directive| directive == format!("{CONNECTION}=off")), "{filter}");
    }

    #[test]
    fn every_shared_crate_that_logs_is_listed() {
        let shared = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared");
        for entry in std::fs::read_dir(shared).unwrap() {
            let folder = entry.unwrap().path();
            let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
            let name = folder.file_name().unwrap().to_string_lossy().replace('-', "_");
            let logs = manifest.lines().any(|line| line.starts_with("tracing"));
            assert!(!logs || name.starts_with(PROVIDERS) || CRATES.contains(&name.as_str()), "{name}");
        }
    }
}
