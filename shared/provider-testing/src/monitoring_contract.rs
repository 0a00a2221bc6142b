//! What every provider of monitoring does with the same inputs.

use crate::{Service, assert_contract, assert_described, mark};
use domain::plugins::{Metric, MetricQuery, Monitoring, MonitoringEvent, Series, Statistic, Unit};
use domain::{ActionError, ErrorKind};
use jiff::Timestamp;
use serde_json::{Map, json};
use simulators::Simulation;
use simulators::fault::Fault;
use std::time::Duration;

/// A provider of monitoring in a simulation, and its limits.
pub struct MonitoringContract<'a> {
    /// The simulated service.
    pub service: Service,
    /// Where it runs.
    pub simulation: &'a Simulation,
    /// The provider.
    pub provider: &'a dyn Monitoring,
    /// The paths of recording a value and of querying one, as faults name them.
    pub paths: [&'static str; 2],
    /// Why it sends no events; `None` if it does.
    pub no_events: Option<&'static str>,
}

impl std::fmt::Debug for MonitoringContract<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("MonitoringContract").field("service", &self.service).finish_non_exhaustive()
    }
}

fn series(name: &str, team: &str) -> Series {
    Series::new(name.to_owned(), [("team".to_owned(), team.to_owned())].into()).unwrap()
}

fn query(name: &str, team: &str, statistic: Statistic) -> MetricQuery {
    MetricQuery { series: series(name, team), statistic, within: Duration::from_secs(3600) }
}

fn metric(name: &str, team: &str, value: f64) -> Metric {
    Metric { series: series(name, team), value, unit: Unit::Count, at: Timestamp::now() }
}

impl MonitoringContract<'_> {
    /// Checks everything.
    pub async fn check(&self) {
        self.answers_what_was_recorded().await;
        self.sends_events_or_says_why_not().await;
        let [records, asks] = self.paths;
        assert_contract(async |fault| self.fails(true, records, fault).await).await;
        assert_contract(async |fault| self.fails(false, asks, fault).await).await;
        assert_described(self.simulation);
    }

    async fn answers_what_was_recorded(&self) {
        for value in [4.0, 1.0, 2.5] {
            self.provider.emit_metric(&metric("deploys_total", "a \"b\\/c", value)).await.unwrap();
        }
        self.provider.emit_metric(&metric("deploys_total", "other", 100.0)).await.unwrap();
        for (statistic, expected) in [
            (Statistic::Average, 2.5),
            (Statistic::Sum, 7.5),
            (Statistic::Minimum, 1.0),
            (Statistic::Maximum, 4.0),
            (Statistic::Count, 3.0),
        ] {
            let found =
                self.provider.query_metric(&query("deploys_total", "a \"b\\/c", statistic)).await.unwrap();
            assert_eq!(found, Some(expected), "{statistic:?}");
        }
        let none =
            self.provider.query_metric(&query("rollbacks_total", "other", Statistic::Sum)).await.unwrap();
        assert_eq!(none, None, "no values are not zero");
        for value in [-0.125, 1e-9, 123_456_789.0] {
            self.provider.emit_metric(&metric("exact", "x", value)).await.unwrap();
        }
        let least = self.provider.query_metric(&query("exact", "x", Statistic::Minimum)).await.unwrap();
        let most = self.provider.query_metric(&query("exact", "x", Statistic::Maximum)).await.unwrap();
        assert_eq!((least, most), (Some(-0.125), Some(123_456_789.0)));
    }

    async fn sends_events_or_says_why_not(&self) {
        let detail: Map<_, _> = [("version".to_owned(), json!("1.2 😀 שלום"))].into_iter().collect();
        let event = MonitoringEvent { name: "Deployed".into(), detail, at: Timestamp::now() };
        let sent = self.provider.emit_event(&event, &mark("run/Emit")).await;
        match self.no_events {
            None => assert!(!sent.unwrap().is_empty()),
            Some(why) => {
                let error = sent.unwrap_err();
                assert_eq!(error.kind, ErrorKind::Rejected);
                assert!(error.message.contains("emit_event") && error.message.contains(why), "{error}");
            }
        }
    }

    async fn fails(&self, records: bool, path: &str, with: Fault) -> ActionError {
        // Both may have the same path, and the rest of a fault must not meet the next request.
        let times = with.times;
        self.service.fault(self.simulation, path, with);
        let failed = match records {
            true => self.provider.emit_metric(&metric("m", "x", 1.0)).await.unwrap_err(),
            false => self.provider.query_metric(&query("m", "x", Statistic::Sum)).await.unwrap_err(),
        };
        for _ in 0..times {
            let _ = self.provider.query_metric(&query("m", "x", Statistic::Sum)).await;
            let _ = self.provider.emit_metric(&metric("m", "x", 1.0)).await;
        }
        failed
    }
}
