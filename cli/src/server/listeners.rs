//! Addresses and what is served at them.

use crate::exit::{Exit, Outcome};
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Listens on an address; port 0 takes any that is free.
///
/// # Errors
/// Unreachable when the address cannot be had.
pub(crate) async fn bind(address: SocketAddr) -> Outcome<TcpListener> {
    TcpListener::bind(address)
        .await
        .map_err(|error| Exit::unreachable(format!("cannot listen on {address}: {error}")))
}

/// Where a listener is reached: `http://127.0.0.1:PORT`.
///
/// # Errors
/// Unreachable when the listener has no address.
pub(crate) fn url_of(listener: &TcpListener) -> Outcome<String> {
    let address = listener.local_addr().map_err(Exit::unreachable)?;
    Ok(format!("http://{address}"))
}

/// Serves a router as one of the tasks.
pub(crate) fn serve(tasks: &mut JoinSet<()>, listener: TcpListener, router: axum::Router) {
    tasks.spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "a listener failed");
        }
    });
}
