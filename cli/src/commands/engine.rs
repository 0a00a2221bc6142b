//! `ticketsmith engine`: only the Step Functions engine, for any state machine in JSONata.

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

/// How long active requests and functions may take when the engine stops.
const GRACE: Duration = Duration::from_secs(5);

/// `ticketsmith engine`
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The port on 127.0.0.1 to listen on; 0 picks a free one.
    #[arg(long, default_value_t = 8083)]
    port: u16,
    /// The endpoint of Lambda's Invoke API for functions. Without it, tasks that invoke functions fail.
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL_LAMBDA")]
    lambda_endpoint: Option<String>,
    /// Keep state machines and executions in this folder, and resume those in it. Without it, they are lost on exit.
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

It listens only on this machine and does not authenticate clients. Press Ctrl-C to stop it. With --data, unfinished
executions resume at the next start, and functions that were running are invoked again.

Exit codes: 0 stopped · 2 an argument or the folder is invalid · 3 the port is not available";

fn account(text: &str) -> Result<String, String> {
    let right = text.len() == 12 && text.chars().all(|character| character.is_ascii_digit());
    right.then(|| text.to_owned()).ok_or_else(|| "an account is twelve digits".to_owned())
}

/// Runs until it is stopped.
///
/// # Errors
/// Usage errors for the URL and the folder, unreachable when the port is not available.
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
        tracing::info!(continued, "executions resumed");
    }
    if arguments.json {
        println!("{}", json!({ "endpoint": endpoint }));
    } else {
        println!("Step Functions  {endpoint}");
    }
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let stopping = async {
        // A dropped sender also means stop.
        let _ = stopped.await;
    };
    let server = axum::serve(listener, engine.router()).with_graceful_shutdown(stopping);
    let server = tokio::spawn(server.into_future());
    stop_signal().await;
    // The server may already have stopped.
    let _ = stop.send(());
    if tokio::time::timeout(GRACE, server).await.is_err() {
        tracing::info!("closed connections that clients kept open");
    }
    engine.shutdown(GRACE).await;
    Ok(())
}
