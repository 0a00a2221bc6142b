//! Observability: metrics ([`metrics`]) and log lines ([`log`]), the same in Lambda and on one machine.
//!
//! Functions record metrics without knowing where they go: [`emf`] writes them into Lambda's log for CloudWatch, `ticketsmith serve`
//! exposes them to Prometheus. Without an exporter, recording has no effect and costs almost nothing.

pub mod emf;
pub mod log;
pub mod metrics;
pub mod series;
