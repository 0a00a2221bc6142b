//! The metrics of this process for Prometheus, on a separate listener.

use crate::exit::{Exit, Outcome};
use axum::Router;
use axum::http::header;
use axum::routing::get;
use domain::PluginType;
use domain::configuration::Configuration;
use engine::Engine;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use observability::metrics::{ALL, Kind};
use observability::series::Series;
use std::time::Duration;
use tokio::task::JoinSet;

/// How often recorded values are aggregated, so that memory does not grow if nobody scrapes.
const UPKEEP: Duration = Duration::from_secs(5);

/// The content type of Prometheus' text format:
/// <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The figures of this process.
pub(crate) struct Figures(PrometheusHandle);

impl Figures {
    /// Records them from now on, with every series of this configuration at zero.
    ///
    /// # Errors
    /// Usage when the process records them already.
    pub(crate) fn record(tasks: &mut JoinSet<()>, configuration: &Configuration) -> Outcome<Self> {
        let handle = record()?;
        series(configuration).begin();
        let kept_up = handle.clone();
        tasks.spawn(async move {
            let mut tick = tokio::time::interval(UPKEEP);
            loop {
                tick.tick().await;
                kept_up.run_upkeep();
            }
        });
        Ok(Self(handle))
    }

    /// `GET /metrics`.
    pub(crate) fn router(self, engine: Engine) -> Router {
        let show = move || {
            observability::metrics::disk_syncs("executions", engine.disk_syncs());
            let text = self.0.render();
            async move { ([(header::CONTENT_TYPE, CONTENT_TYPE)], text) }
        };
        Router::new().route("/metrics", get(show))
    }
}

/// What labels can say under this configuration.
fn series(configuration: &Configuration) -> Series {
    let models = configuration
        .instances()
        .filter(|instance| {
            providers::find(instance.provider())
                .is_ok_and(|spec| spec.serves.contains(&PluginType::AiProvider))
        })
        .filter_map(|instance| Some(instance.section.settings.get("model")?.as_str()?.to_owned()));
    Series {
        sources: webhooks::SENDERS.iter().map(|sender| sender.name().to_owned()).collect(),
        actions: actions::functions().iter().map(|function| function.name.to_owned()).collect(),
        providers: configuration.instances().map(|instance| instance.name.to_string()).collect(),
        models: models.collect(),
    }
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
