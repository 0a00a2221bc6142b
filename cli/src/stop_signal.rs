//! What stops a long-running command.

use crate::parent;

/// Returns when the process is asked to stop, by Ctrl-C or SIGTERM, or when the parent that it must end with is gone.
pub(crate) async fn stop_signal() {
    tokio::select! {
        () = signal() => {}
        () = parent::gone() => {}
    }
}

async fn signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix;
        match unix::signal(unix::SignalKind::terminate()) {
            Ok(mut terminate) => {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = tokio::signal::ctrl_c() => {}
                }
                return;
            }
            Err(error) => tracing::warn!(%error, "cannot listen for SIGTERM"),
        }
    }
    if let Err(error) = tokio::signal::ctrl_c().await {
        tracing::warn!(%error, "cannot listen for Ctrl-C");
    }
}
