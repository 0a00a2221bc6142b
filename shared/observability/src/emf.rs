//! Metrics in CloudWatch's embedded metric format: JSON lines in the log, from which CloudWatch extracts metrics without a call.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use metrics_cloudwatch_embedded::{Builder, Collector};
use std::io::{self, Write};

/// The variable that names the CloudWatch namespace. Without it nothing is measured.
pub const NAMESPACE_VARIABLE: &str = "METRICS_NAMESPACE";

/// Writes everything recorded since the last write. Clones share the same metrics.
#[derive(Clone, Copy)]
pub struct Exporter(Option<&'static Collector>);

impl Exporter {
    /// Records this process's metrics under the namespace in [`NAMESPACE_VARIABLE`], from now on.
    ///
    /// # Errors
    /// When the process has an exporter already.
    pub fn install_from_environment() -> Result<Self, String> {
        match std::env::var(NAMESPACE_VARIABLE) {
            Ok(namespace) if !namespace.is_empty() => Self::install(&namespace),
            _ => Ok(Self(None)),
        }
    }

    /// Records this process's metrics under this CloudWatch namespace, from now on.
    ///
    /// # Errors
    /// When the process has an exporter already.
    pub fn install(namespace: &str) -> Result<Self, String> {
        let collector = Builder::new().cloudwatch_namespace(namespace.to_owned()).init();
        let collector =
            collector.map_err(|error| format!("figures cannot be written for CloudWatch: {error}"))?;
        crate::metrics::describe();
        Ok(Self(Some(collector)))
    }

    /// Writes to standard output, which in Lambda is the log. Call it at the end of each invocation: Lambda stops the process after
    /// it. Anything that cannot be written is lost, and the log says so.
    pub fn flush(&self) {
        if let Err(error) = self.write(io::stdout().lock()) {
            tracing::warn!(%error, "the invocation's figures were not written");
        }
    }

    /// Writes one line for each set of labels with figures since the last time.
    ///
    /// # Errors
    /// The writer's.
    pub fn write(&self, mut writer: impl Write) -> io::Result<()> {
        let Some(collector) = self.0 else { return Ok(()) };
        // Whole, so that lines of logs do not come in between.
        let mut lines = Vec::new();
        collector.flush(&mut lines)?;
        writer.write_all(&lines)
    }
}
