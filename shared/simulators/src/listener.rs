//! Listening on loopback, and what precedes every service.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::from_fn_with_state;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::description::{
    Description, DescriptionError, RequestCheck, Violations, check_requests, unexpected_call,
};
use crate::error::SimulationError;
use crate::fault::{FaultPoint, Faults, inject};
use crate::log::{Recorder, ServiceLog, record};
use crate::service::ServiceSpec;

/// Opens a port on 127.0.0.1 and gives its address.
pub(crate) async fn listen(port: u16) -> Result<(TcpListener, String), SimulationError> {
    let failed = |error: std::io::Error| SimulationError::Listen { port, reason: error.to_string() };
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, format!("http://{address}")))
}

/// Serves until the handle is aborted.
pub(crate) fn serve(listener: TcpListener, router: Router) -> JoinHandle<()> {
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "a simulated service stopped");
        }
    })
}

/// What precedes every service: the log, then the faults, then the official description.
pub(crate) struct Front {
    pub(crate) log: ServiceLog,
    pub(crate) violations: Violations,
    pub(crate) faults: Faults,
    pub(crate) clock: Clock,
}

impl Front {
    /// Puts it before the router of one service.
    pub(crate) fn before(
        &self,
        spec: &ServiceSpec,
        router: Router,
        descriptions: Vec<Arc<Description>>,
    ) -> Router {
        let service = spec.name;
        let check = RequestCheck {
            service,
            descriptions,
            undescribed: spec.checks_itself,
            violations: self.violations.clone(),
        };
        let unknown = Router::new().fallback(unexpected_call).with_state(check.clone());
        let of_known_path = check.clone();
        let other_method = move |request: Request| unexpected_call(State(of_known_path), request);
        let recorder = Recorder { service, log: self.log.clone(), clock: self.clock.clone() };
        router
            .method_not_allowed_fallback(other_method)
            .fallback_service(unknown)
            .layer(from_fn_with_state(check, check_requests))
            .layer(from_fn_with_state(FaultPoint { service, faults: self.faults.clone() }, inject))
            .layer(from_fn_with_state(recorder, record))
    }

    /// The pages of a service, which are subject to faults, too. Requests to them are neither checked nor recorded.
    pub(crate) fn before_pages(&self, spec: &ServiceSpec, pages: Router) -> Router {
        let point = FaultPoint { service: spec.name, faults: self.faults.clone() };
        pages.layer(from_fn_with_state(point, inject))
    }
}

/// Loads the official descriptions in a folder, after the overlays; none if no folder is given.
///
/// # Errors
/// [`DescriptionError`] for a file that cannot be used.
pub(crate) fn load_descriptions(
    folder: Option<&Path>,
    names: &[&str],
    overlays: &[&str],
) -> Result<Vec<Arc<Description>>, DescriptionError> {
    let paths = folder.into_iter().flat_map(|folder| names.iter().map(|name| folder.join(name)));
    let official: Vec<_> =
        paths.filter(|path| path.exists()).map(|path| Description::load(&path)).collect::<Result<_, _>>()?;
    if official.is_empty() {
        return Ok(Vec::new());
    }
    let overlays = overlays.iter().map(|text| Description::parse(text)).collect::<Result<Vec<_>, _>>()?;
    Ok(overlays.into_iter().chain(official).map(Arc::new).collect())
}
