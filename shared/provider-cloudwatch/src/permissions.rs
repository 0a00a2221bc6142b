//! The permissions of the credentials.

use crate::client::CloudWatch;
use crate::query::{Question, TARGET};
use domain::plugins::{MetricQuery, Series, Statistic};
use domain::{ActionError, PermissionProblem};
use std::time::Duration;

impl CloudWatch {
    /// Asks whether the credentials are valid and may read metrics, which costs nothing worth mentioning. Whether they may write cannot be
    /// asked.
    ///
    /// # Errors
    /// `Rejected` when the credentials are not accepted; errors of the connection.
    pub async fn permission_problems(&self) -> Result<Vec<PermissionProblem>, ActionError> {
        let series = Series::new("doctor".to_owned(), Default::default())?;
        let query = MetricQuery { series, statistic: Statistic::Count, within: Duration::from_secs(60) };
        let question = Question::of(&self.settings.namespace, &query, self.metrics.clock().now());
        match self.call(TARGET, &question.body(None)).await {
            Ok(_) => Ok(Vec::new()),
            Err(failure) if failure.body.to_string().contains("not authorized") => {
                Ok(vec![PermissionProblem::missing(
                    "cloudwatch:GetMetricData".to_owned(),
                    "query_metric fails",
                    "allow it, and cloudwatch:PutMetricData for the namespace and events:PutEvents on the event bus"
                        .to_owned(),
                )])
            }
            Err(failure) => Err(failure.into()),
        }
    }
}
