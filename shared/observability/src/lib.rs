//! Observability: metrics ([`metrics`]) and log lines ([`log`]), the same in Lambda and on one machine.
//!
//! Functions record metrics without knowing where they go: [`emf`] writes them into Lambda's log for CloudWatch, `ticketsmith serve`
//! shows them to Prometheus. Without an exporter, recording costs next to nothing and goes nowhere.

pub mod emf;
pub mod log;
pub mod metrics;
