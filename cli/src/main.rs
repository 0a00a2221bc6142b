//! The `ticketsmith` command.

#[macro_use]
mod print;

mod account;
mod api_client;
mod closed_output;
mod color;
mod command_groups;
mod command_line;
mod commands;
mod configuration_file;
mod confirm;
mod connection;
mod environment;
mod exit;
mod following;
mod functions;
mod functions_document;
mod in_force;
mod logging;
mod managed;
mod parent;
mod place;
mod progress;
mod secret_forms;
mod server;
mod session_keys;
mod steering;
mod stop_signal;
mod typed_input;
mod world_folder;

use clap::Parser;
use commands::Command;
use exit::Exit;
use std::process::ExitCode;

/// `serve` makes and drops many small values on many threads, at which this is faster than the system's: docs/benchmarks.md.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Ticketsmith turns tickets into pull requests.
///
/// A label on a ticket, a slash command or a comment starts a workflow. Agents and the team's tools perform its steps. The result is a
/// pull request, an updated ticket and a message. Every dollar is reserved before it is spent.
#[derive(Debug, Parser)]
#[command(name = "ticketsmith", version, after_help = EXAMPLES, max_term_width = 110)]
pub(crate) struct Arguments {
    /// Log more to standard error: -v for events, -vv for every request.
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    verbose: u8,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  ticketsmith demo                                    a ticket becomes a pull request, all of it on this machine
  ticketsmith serve --config ticketsmith.yaml         the same with your own services
  ticketsmith run development --input task_id=SHOP-1  start a workflow by hand
  ticketsmith status                                  show executions and their costs
  ticketsmith workflow check workflows/*.yaml         find mistakes before they run

Exit codes:
  0  success
  1  the answer is no: an execution failed, or a check found problems
  2  the command line, the configuration or a file is invalid
  3  something needed is not reachable
Commands that ask the API, and `execution watch`, also end with:
  4  sign-in needed
  5  not allowed, or unknown
  6  it contradicts the present state
  8  it waits for a person
  10 it failed
  11 it failed, and what it did was taken back
  12 it was stopped";

fn main() -> ExitCode {
    closed_output::end_where_closed();
    parent::watch();
    let arguments: Arguments = command_line::read();
    match arguments.command.log_file() {
        Ok(file) => logging::start(arguments.verbose, file),
        Err(exit) => return exit.report(),
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Exit::unreachable(format!("cannot start: {error}")).report(),
    };
    match closed_output::dropping_what_it_holds(|| runtime.block_on(arguments.command.run())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(exit) => exit.report(),
    }
}
