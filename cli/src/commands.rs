//! One file per command.

mod agent;
mod answer;
mod api;
mod approval;
mod audit;
mod auth;
mod backup;
mod budget;
mod completions;
mod config;
mod cost;
mod costs;
mod deliver;
mod demo;
mod deploy;
mod destroy;
mod doctor;
mod engine;
mod eval;
mod evidence;
mod execution;
#[cfg(test)]
#[path = "commands/tests/grammar.rs"]
mod grammar;
mod init;
mod invoke;
mod link;
mod logs;
mod manual;
mod migrate;
mod notify;
#[cfg(test)]
#[path = "commands/tests/operations.rs"]
mod operations;
mod person;
mod plugin;
mod project;
mod redrive;
mod restore;
mod run;
mod say;
mod secrets;
mod serve;
mod session;
mod simulate;
mod status;
mod stop;
mod task;
mod token;
mod r#try;
mod undo;
mod user;
mod workflow;

use crate::exit::Outcome;
use crate::server::log_file::LogFile;
use clap::Subcommand;
use domain::command::CommandWord;

/// The groups of commands in `help`: the title, and the first command. A group reaches up to the next one's first.
pub(crate) const GROUPS: [(&str, &str); 7] = [
    ("Try it", "demo"),
    ("Set up and run", "init"),
    ("Steer the work", "revise"),
    ("See what happened", "status"),
    ("Administer", "person"),
    ("Deploy to AWS", "deploy"),
    ("More", "engine"),
];

/// The subcommands, in the order of `help` and by [`GROUPS`]: what a newcomer does first comes first.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Turn a ticket into a pull request on this machine, with simulated services. Needs no account, key or network.
    Demo(demo::Arguments),
    /// Let an agent work on a real ticket and repository, and show what it would change. Needs only a model's key.
    Try(r#try::Arguments),
    /// Run simulations of the outside services on this machine.
    Simulate(simulate::Arguments),
    /// Make a running simulation send one signed delivery.
    Deliver(deliver::Arguments),
    /// Measure how a model does on small tasks with hidden tests, within a budget.
    Eval(eval::Arguments),
    /// Set up a project: write the configuration, set secrets, register webhooks, and check all of it.
    Init(init::Arguments),
    /// Find missing or wrong settings before they are needed.
    Doctor(doctor::Arguments),
    /// Check and apply the configuration.
    #[command(subcommand)]
    Config(config::Arguments),
    /// Set, list and delete secrets.
    #[command(subcommand)]
    Secrets(secrets::Arguments),
    /// Receive webhooks and run workflows against real services, all in one process.
    Serve(serve::Arguments),
    /// Start a workflow by hand and follow it.
    Run(run::Arguments),
    /// Plan requirements as tickets.
    Plan(say::Arguments),
    /// Review a pull request.
    Review(say::Arguments),
    /// Check, compile, test, draw and explain workflows.
    #[command(subcommand)]
    Workflow(workflow::Arguments),
    /// Ask for changes to a ticket's pull request.
    Revise(say::Arguments),
    /// Say something to the agent at work on a ticket.
    #[command(after_help = agent::TELL_EXAMPLES)]
    Tell(agent::TellArguments),
    /// Answer yes to the question of an execution.
    Approve(answer::Arguments),
    /// Answer no to the question of an execution.
    Deny(answer::Arguments),
    /// Stop an execution.
    Stop(stop::Arguments),
    /// Take back what an execution did.
    Undo(undo::Arguments),
    /// Continue an execution that failed or was stopped.
    Redrive(redrive::Arguments),
    /// Show limits, and decide about work that a limit stopped.
    Budget(budget::Arguments),
    /// Perform one action by hand, as a workflow step would.
    Invoke(invoke::Arguments),
    /// Show, speak to and stop agents at work.
    #[command(subcommand)]
    Agent(agent::Arguments),
    /// Show and answer questions that wait for a person, through the API.
    #[command(subcommand)]
    Approval(approval::Arguments),
    /// Show and steer executions, through the API.
    #[command(subcommand)]
    Execution(execution::Arguments),
    /// Show and change tickets, through the API.
    #[command(subcommand)]
    Task(task::Arguments),
    /// Show executions and their costs.
    Status(status::Arguments),
    /// Show what an agent did in an execution: the conversation, its plan and the change.
    Session(session::Arguments),
    /// Show what was spent on a ticket, or by a person this month.
    Costs(costs::Arguments),
    /// Show what was spent, through the API.
    #[command(subcommand)]
    Cost(cost::Arguments),
    /// Show the logs of all functions about one execution or ticket, in order.
    Logs(logs::Arguments),
    /// Print or verify the signed record of how a pull request came about.
    Evidence(evidence::Arguments),
    /// Show who did what, or verify that the audit log is intact.
    #[command(subcommand)]
    Audit(audit::Arguments),
    /// Show and change people, their accounts and roles, through the API.
    #[command(subcommand)]
    Person(person::Arguments),
    /// Show and change the services that projects use, through the API.
    #[command(subcommand)]
    Plugin(plugin::Arguments),
    /// Show and change projects, through the API.
    #[command(subcommand)]
    Project(project::Arguments),
    /// Create, list and revoke machine tokens, through the API.
    #[command(subcommand)]
    Token(token::Arguments),
    /// Show people's roles and end their sessions, through the API.
    #[command(subcommand)]
    User(user::Arguments),
    /// Join an account in a chat, a tracker or a code host to yourself.
    Link(link::Arguments),
    /// Choose which direct messages you get in the chat.
    Notify(notify::Arguments),
    /// Sign in to an API.
    #[command(subcommand)]
    Auth(auth::Arguments),
    /// Send one request to the API.
    Api(api::Arguments),
    /// Copy what `serve` remembers to a new folder, also while it runs.
    Backup(backup::Arguments),
    /// Deploy Ticketsmith to an AWS account, or update it there.
    Deploy(deploy::Arguments),
    /// Remove a stage from an AWS account.
    Destroy(destroy::Arguments),
    /// Convert records of earlier versions to the current lists and sums.
    Migrate(migrate::Arguments),
    /// Restore records that a stage lost.
    Restore(restore::Arguments),
    /// Run only the Step Functions engine on this machine, for any state machine in JSONata.
    Engine(engine::Arguments),
    /// Write manual pages.
    Manual(manual::Arguments),
    /// Print a shell completion script.
    Completions(completions::Arguments),
}

impl Command {
    /// The log file that the command writes in addition to standard error, if any.
    ///
    /// # Errors
    /// Usage when the log cannot be written.
    pub(crate) fn log_file(&self) -> Outcome<Option<LogFile>> {
        match self {
            Self::Serve(arguments) => arguments.log_file().map(Some),
            _ => Ok(None),
        }
    }

    /// Runs the command.
    ///
    /// # Errors
    /// [`crate::exit::Exit`] with the reason and the exit code.
    pub(crate) async fn run(self) -> Outcome {
        match self {
            Self::Demo(arguments) => demo::run(arguments).await,
            Self::Try(arguments) => r#try::run(arguments).await,
            Self::Simulate(arguments) => simulate::run(arguments).await,
            Self::Deliver(arguments) => deliver::run(arguments).await,
            Self::Eval(arguments) => eval::run(arguments).await,
            Self::Init(arguments) => init::run(arguments).await,
            Self::Doctor(arguments) => doctor::run(arguments).await,
            Self::Config(arguments) => config::run(arguments).await,
            Self::Secrets(arguments) => secrets::run(arguments).await,
            Self::Serve(arguments) => serve::run(arguments).await,
            Self::Run(arguments) => run::run(arguments).await,
            Self::Plan(arguments) => say::run(arguments, CommandWord::Plan).await,
            Self::Review(arguments) => say::run(arguments, CommandWord::Review).await,
            Self::Workflow(arguments) => workflow::run(arguments).await,
            Self::Revise(arguments) => say::run(arguments, CommandWord::Revise).await,
            Self::Tell(arguments) => agent::tell(arguments).await,
            Self::Approve(arguments) => answer::run(arguments, true).await,
            Self::Deny(arguments) => answer::run(arguments, false).await,
            Self::Stop(arguments) => stop::run(arguments).await,
            Self::Undo(arguments) => undo::run(arguments).await,
            Self::Redrive(arguments) => redrive::run(arguments).await,
            Self::Budget(arguments) => budget::run(arguments).await,
            Self::Invoke(arguments) => invoke::run(arguments).await,
            Self::Agent(arguments) => agent::run(arguments).await,
            Self::Approval(arguments) => approval::run(arguments).await,
            Self::Execution(arguments) => execution::run(arguments).await,
            Self::Task(arguments) => task::run(arguments).await,
            Self::Status(arguments) => status::run(arguments).await,
            Self::Session(arguments) => session::run(arguments).await,
            Self::Costs(arguments) => costs::run(arguments).await,
            Self::Cost(arguments) => cost::run(arguments).await,
            Self::Logs(arguments) => logs::run(arguments).await,
            Self::Evidence(arguments) => evidence::run(arguments).await,
            Self::Audit(arguments) => audit::run(arguments).await,
            Self::Person(arguments) => person::run(arguments).await,
            Self::Plugin(arguments) => plugin::run(arguments).await,
            Self::Project(arguments) => project::run(arguments).await,
            Self::Token(arguments) => token::run(arguments).await,
            Self::User(arguments) => user::run(arguments).await,
            Self::Link(arguments) => link::run(arguments).await,
            Self::Notify(arguments) => notify::run(arguments).await,
            Self::Auth(arguments) => auth::run(arguments).await,
            Self::Api(arguments) => api::run(arguments).await,
            Self::Backup(arguments) => backup::run(arguments).await,
            Self::Deploy(arguments) => deploy::run(arguments).await,
            Self::Destroy(arguments) => destroy::run(arguments).await,
            Self::Migrate(arguments) => migrate::run(arguments).await,
            Self::Restore(arguments) => restore::run(arguments).await,
            Self::Engine(arguments) => engine::run(arguments).await,
            Self::Manual(arguments) => manual::run(&arguments),
            Self::Completions(arguments) => completions::run(&arguments),
        }
    }
}
