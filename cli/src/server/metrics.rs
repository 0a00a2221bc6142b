//! The figures of this process as Prometheus reads them, on a listener of their own.

use crate::exit::{Exit, Outcome};
use axum::Router;
use axum::http::header;
use axum::routing::get;
use engine::Engine;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use observability::metrics::{ALL, Kind};
use std::time::Duration;
use tokio::task::JoinSet;

/// How often what was recorded is summed up, so that memory does not grow where nobody asks.
const UPKEEP: Duration = Duration::from_secs(5);

/// The content type of Prometheus' text format:
/// <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Records the figures of this process from now on, and gives `GET /metrics`.
///
/// # Errors
/// Usage when the process records them already.
pub(crate) fn router(tasks: &mut JoinSet<()>, engine: Engine) -> Outcome<Router> {
    let handle = record()?;
    let kept_up = handle.clone();
    tasks.spawn(async move {
        let mut tick = tokio::time::interval(UPKEEP);
        loop {
            tick.tick().await;
            kept_up.run_upkeep();
        }
    });
    let show = move || {
        observability::metrics::disk_syncs("executions", engine.disk_syncs());
        let text = handle.render();
        async move { ([(header::CONTENT_TYPE, CONTENT_TYPE)], text) }
    };
    Ok(Router::new().route("/metrics", get(show)))
}

fn record() -> Outcome<PrometheusHandle> {
    let mut builder = PrometheusBuilder::new();
    for metric in ALL {
        if let Kind::Histogram(buckets) = metric.kind {
            let matcher = Matcher::Full(metric.name.to_owned());
            builder = builder.set_buckets_for_metric(matcher, buckets).map_err(Exit::usage)?;
        }
    }
    let handle = builder.install_recorder().map_err(Exit::usage)?;
    observability::metrics::describe();
    Ok(handle)
}
