//! `ticketsmith engine`: Step Functions alone, for any state machine in JSONata.

mod lambda_endpoint;

use crate::exit::{Exit, Outcome};
use crate::server::data_folder::DataFolder;
use crate::stop_signal::stop_signal;
use ::engine::{Engine, Invoke, Settings, SystemClock};
use lambda_endpoint::LambdaEndpoint;
use serde_json::json;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// How long requests and functions under way may take when the engine stops.
const GRACE: Duration = Duration::from_secs(5);

/// `ticketsmith engine`
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The port to listen on, on 127.0.0.1; 0 takes any that is free.
    #[arg(long, default_value_t = 8083)]
    port: u16,
    /// Where functions are invoked by Lambda's Invoke API. Without it, tasks that invoke functions fail.
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL_LAMBDA")]
    lambda_endpoint: Option<String>,
    /// Keep state machines and executions in a folder, and continue what it holds. Without it they are gone at the end.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// The region in ARNs.
    #[arg(long, default_value = "us-east-1")]
    region: String,
    /// The account in ARNs: twelve digits.
    #[arg(long, default_value = "000000000000", value_parser = account)]
    account: String,
    /// Print the address as one JSON line.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  ticketsmith engine --lambda-endpoint http://127.0.0.1:9001 --data .engine

  export AWS_ENDPOINT_URL_SFN=http://127.0.0.1:8083
  export AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any
  aws stepfunctions create-state-machine --name hello --definition file://hello.asl.json \\
      --role-arn arn:aws:iam::000000000000:role/any
  aws stepfunctions list-state-machines

It listens on this machine only and asks nobody who they are. Ctrl-C ends it. With --data, what was
unfinished goes on at the next start; functions that were at work are then invoked again.

Exit codes: 0 stopped, 2 a wrong argument or folder, 3 the port cannot be had.";

fn account(text: &str) -> Result<String, String> {
    let right = text.len() == 12 && text.chars().all(|character| character.is_ascii_digit());
    right.then(|| text.to_owned()).ok_or_else(|| "an account is twelve digits".to_owned())
}

/// Runs until it is stopped.
///
/// # Errors
/// Usage errors for the URL and the folder, unreachable when the port cannot be had.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    let functions: Arc<dyn Invoke> =
        Arc::new(LambdaEndpoint::new(arguments.lambda_endpoint.as_deref()).map_err(Exit::usage)?);
    let settings = Settings { region: arguments.region, account: arguments.account, ..Settings::default() };
    let clock = Arc::new(SystemClock);
    // The lock is held until the end.
    let (engine, _lock) = match &arguments.data {
        None => (Engine::in_memory(clock, functions, settings).map_err(Exit::usage)?, None),
        Some(path) => {
            let wrong = |error: std::io::Error| Exit::usage(format!("{}: {error}", path.display()));
            let folder = DataFolder::open(path).map_err(wrong)?;
            let lock = folder.lock().map_err(wrong)?;
            let engine = Engine::open(&folder.engine(), clock, functions, settings).map_err(Exit::usage)?;
            (engine, Some(lock))
        }
    };
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, arguments.port));
    let cannot_listen = |error| Exit::unreachable(format!("cannot listen on {address}: {error}"));
    let listener = TcpListener::bind(address).await.map_err(cannot_listen)?;
    let endpoint = format!("http://{}", listener.local_addr().map_err(cannot_listen)?);
    let continued = engine.resume().await.map_err(Exit::usage)?;
    if continued > 0 {
        tracing::info!(continued, "executions go on");
    }
    if arguments.json {
        println!("{}", json!({ "endpoint": endpoint }));
    } else {
        println!("Step Functions  {endpoint}");
    }
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let stopping = async {
        // A sender that is gone means the same.
        let _ = stopped.await;
    };
    let server = axum::serve(listener, engine.router()).with_graceful_shutdown(stopping);
    let server = tokio::spawn(server.into_future());
    stop_signal().await;
    // A server that is gone needs no order to stop.
    let _ = stop.send(());
    if tokio::time::timeout(GRACE, server).await.is_err() {
        tracing::info!("connections that clients keep open are closed");
    }
    engine.shutdown(GRACE).await;
    Ok(())
}
