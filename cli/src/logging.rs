//! Logs on standard error, for the person who runs the command.

use tracing_subscriber::EnvFilter;

/// Starts logging. Without `-v` only warnings show; `RUST_LOG` overrides both.
pub(crate) fn start(verbose: u8) {
    let own = match verbose {
        0 => "warn",
        1 => "info",
        _ => "debug",
    };
    let others = if verbose > 1 { "info" } else { "warn" };
    let crates = [
        "actions",
        "engine",
        "events",
        "http_client",
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
    let default = crates.iter().fold(others.to_owned(), |filter, name| format!("{filter},{name}={own}"));
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false).init();
}
