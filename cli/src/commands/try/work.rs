//! The work on a ticket: a separate server, an agent, and its result.

use super::clone::LocalClone;
use super::scratch::Scratch;
use super::ticket::Ticket;
use super::{Arguments, change, world};
use crate::connection::Connection;
use crate::exit::{Exit, Outcome};
use crate::progress::{asks, follow};
use crate::server::{Options, Server};
use crate::steering::delivery;
use control::{Authority, StartResult, WorkflowRequest, plan};
use domain::MicroUsd;
use domain::event::{Actor, EventName, SourceName};
use domain::routes::Concurrency;
use http_client::is_no_connection;
use jiff::Timestamp;
use providers::ProviderSpec;
use records::{ExecutionView, StepStatus};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// How many attempts to connect may fail, within seconds, before anything was paid for.
const FEW_ATTEMPTS: u32 = 3;
/// The same after something was paid for: some minutes, in which a network may recover.
const MANY_ATTEMPTS: u32 = 9;
/// How often the attempts are counted, each time by reading the whole execution.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// The result of the work.
pub(in crate::commands) struct Tried {
    pub(in crate::commands) view: ExecutionView,
    pub(in crate::commands) patch: Vec<u8>,
    /// How often the model replied.
    pub(in crate::commands) turns: u32,
    pub(in crate::commands) ending: Ending,
}

/// How the work ended.
pub(in crate::commands) enum Ending {
    /// Its execution ended.
    Itself,
    /// The agent stopped to ask this.
    Asked(String),
    /// A service could not be reached repeatedly, for this reason.
    NoConnection(String),
    /// The time was up. A reply in progress may cost more than what is booked.
    TimedOut,
}

/// Lets an agent work on a ticket in a clone, whose index then contains the result.
///
/// # Errors
/// Usage for an invalid configuration, unreachable if a port or the records are not available.
pub(in crate::commands) async fn work_on(
    arguments: &Arguments,
    ticket: &Ticket,
    clone: &LocalClone,
    scratch: &Scratch,
    model: (&ProviderSpec, &str),
) -> Outcome<Tried> {
    let (_code_host, file) = world::prepare(arguments, ticket, clone, scratch, model).await?;
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = Server::start(Options {
        file,
        data: scratch.data(),
        listen,
        api_port: 0,
        expose: None,
        pull: false,
        metrics: None,
    })
    .await?;
    let connection = Connection::to(&server.running.private_url, &server.running.token.clone().into());
    let worked = work(&connection, ticket, Duration::from_secs(arguments.limit_seconds)).await;
    let tried = match worked {
        Ok((view, ending)) => tried(&connection, view, ending, clone).await,
        Err(error) => Err(error),
    };
    server.stop().await;
    tried
}

async fn tried(
    connection: &Connection,
    view: ExecutionView,
    ending: Ending,
    clone: &LocalClone,
) -> Outcome<Tried> {
    let execution = &view.execution.name;
    let mut turns = 0;
    for link in connection.table.sessions_of(execution).await.map_err(Exit::unreachable)? {
        let head = connection.table.session(&link.session).await.map_err(Exit::unreachable)?;
        turns += head.map_or(0, |head| head.turn);
    }
    let patch = change::patch(&connection.table, execution, clone).await?;
    Ok(Tried { view, patch, turns, ending })
}

/// Starts the workflow and follows it to its end, or until the agent asks or the time is up.
async fn work(connection: &Connection, ticket: &Ticket, limit: Duration) -> Outcome<(ExecutionView, Ending)> {
    let control = connection.control();
    let directory = control.directory().await.map_err(Exit::unreachable)?;
    let routes = connection.table.routes(Timestamp::now()).await.map_err(Exit::unreachable)?;
    let actor =
        Actor { source: SourceName::API, id: world::PERSON.to_owned(), display_name: None, person: None };
    let request = WorkflowRequest {
        workflow: world::WORKFLOW.to_owned(),
        inputs: [("task".to_owned(), ticket.to_task())].into_iter().collect(),
        project: None,
        actor: directory.configuration().identify(actor),
        authority: Authority::Installation,
        trigger: EventName::API_RUN,
        delivery: delivery(),
        concurrency: Concurrency::Any,
    };
    let request = plan(&directory, &routes, request).map_err(Exit::usage)?;
    let execution = match control.start(request).await.map_err(Exit::unreachable)? {
        StartResult::Started { execution, .. } => execution,
        other => return Err(Exit::unreachable(format!("the work was not started: {other:?}"))),
    };
    // It ends here before `follow` gives up.
    let followed = follow(&connection.table, &execution, limit + Duration::from_secs(60));
    let ending = tokio::select! {
        view = followed => return Ok((view?, Ending::Itself)),
        question = asks(&connection.table, &execution) => Ending::Asked(question?),
        cause = no_connection(connection, &execution) => Ending::NoConnection(cause?),
        () = tokio::time::sleep(limit) => Ending::TimedOut,
    };
    let view = connection.table.execution_view(&execution).await.map_err(Exit::unreachable)?;
    let view = view.ok_or_else(|| Exit::unreachable(format!("the record of {execution} is gone")))?;
    Ok((view, ending))
}

/// Waits until a step has failed to connect to a service so often that waiting longer is pointless, and returns the cause.
async fn no_connection(connection: &Connection, execution: &str) -> Outcome<String> {
    let mut tick = tokio::time::interval(LOOK_INTERVAL);
    loop {
        tick.tick().await;
        let view = connection.table.execution_view(execution).await.map_err(Exit::unreachable)?;
        let Some(view) = view else { continue };
        let most = if view.cost().booked() == MicroUsd::ZERO { FEW_ATTEMPTS } else { MANY_ATTEMPTS };
        let given_up =
            view.steps.iter().find(|step| step.status == StepStatus::Failed && step.attempts >= most);
        let cause = given_up.and_then(|step| step.cause.clone());
        if let Some(cause) = cause.filter(|cause| is_no_connection(cause)) {
            return Ok(cause);
        }
    }
}
