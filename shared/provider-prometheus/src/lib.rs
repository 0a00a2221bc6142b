//! Prometheus as a project's monitoring: values are pushed to a [Pushgateway](https://github.com/prometheus/pushgateway#api), from which
//! Prometheus takes them, and asked for by Prometheus's [query API](https://prometheus.io/docs/prometheus/latest/querying/api/).

mod prometheus;
mod settings;
mod setup;
mod spec;

pub use prometheus::Prometheus;
pub use settings::Settings;
pub use spec::SPEC;
