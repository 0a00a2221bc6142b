//! Turns at providers that are decided in memory, and what the table is told of them.

use crate::error::RecordsError;
use crate::failures::Circuit;
use crate::item::number;
use crate::keys;
use crate::local_turns::{Change, LocalTurns, ProviderTurns};
use crate::pass::{Pace, Pass, Patience, PutOff};
use crate::retention;
use crate::table::Table;
use crate::update::Update;
use domain::configuration::{InstanceName, Rate};
use jiff::Timestamp;
use std::sync::Arc;
use tracing::Instrument as _;

/// All of a provider's item.
const STATE: &str = "SET #tat = :tat, #failures = :failures, #open_until = :open_until, \
                     #blocked_until = :blocked_until, #expires_at = :expires_at";

impl Table {
    /// The same table, with the turns at providers decided in this process's memory: for a process that makes all calls of an installation.
    /// [`Table::pass`], [`Table::held`], [`Table::block_until`], [`Table::count_failure`] and [`Table::close_circuit`] give the same results as
    /// without. The table has what other readers need: failures, circuits and blocks at once, turns only in part.
    pub fn with_local_turns(self, turns: Arc<LocalTurns>) -> Self {
        Self { local_turns: Some(turns), ..self }
    }

    pub(crate) async fn pass_locally(
        &self,
        turns: &Arc<LocalTurns>,
        provider: &InstanceName,
        rate: Rate,
        patience: Patience,
        now: Timestamp,
    ) -> Result<Result<Pass, PutOff>, RecordsError> {
        self.learn_turns(turns, provider).await?;
        let (taken, change) = turns.pass(provider, Pace::of(rate), patience, now);
        self.keep_turns(turns, provider, change).await?;
        Ok(taken)
    }

    pub(crate) async fn held_locally(
        &self,
        turns: &LocalTurns,
        provider: &InstanceName,
        now: Timestamp,
    ) -> Result<Option<PutOff>, RecordsError> {
        self.learn_turns(turns, provider).await?;
        Ok(turns.held(provider, now))
    }

    pub(crate) async fn block_locally(
        &self,
        turns: &Arc<LocalTurns>,
        provider: &InstanceName,
        rate: Rate,
        until: Timestamp,
    ) -> Result<(), RecordsError> {
        self.learn_turns(turns, provider).await?;
        let change = turns.block(provider, Pace::of(rate), until);
        self.keep_turns(turns, provider, change).await
    }

    pub(crate) async fn count_failure_locally(
        &self,
        turns: &Arc<LocalTurns>,
        provider: &InstanceName,
        now: Timestamp,
    ) -> Result<Circuit, RecordsError> {
        self.learn_turns(turns, provider).await?;
        let (circuit, change) = turns.count_failure(provider, now);
        self.keep_turns(turns, provider, Some(change)).await?;
        Ok(circuit)
    }

    pub(crate) async fn close_locally(
        &self,
        turns: &Arc<LocalTurns>,
        provider: &InstanceName,
    ) -> Result<(), RecordsError> {
        self.learn_turns(turns, provider).await?;
        self.keep_turns(turns, provider, turns.close(provider)).await
    }

    /// Reads what an earlier process left, at the first use of a provider.
    async fn learn_turns(&self, turns: &LocalTurns, provider: &InstanceName) -> Result<(), RecordsError> {
        if !turns.knows(provider) {
            let item = self.get(keys::rate(provider.as_str())).await?.unwrap_or_default();
            turns.learn(provider, ProviderTurns::of(&item)?);
        }
        Ok(())
    }

    /// Has the table know a change. Once begun, this is done even if nobody waits for it anymore: a write that was left to itself could arrive
    /// after later ones, and undo them.
    async fn keep_turns(
        &self,
        turns: &Arc<LocalTurns>,
        provider: &InstanceName,
        change: Option<Change>,
    ) -> Result<(), RecordsError> {
        let Some(change) = change else { return Ok(()) };
        let (table, turns, provider) = (self.clone(), Arc::clone(turns), provider.clone());
        let written = async move { table.write_turns(&turns, &provider, change).await };
        let written = tokio::spawn(written.in_current_span()).await;
        written.map_err(|error| RecordsError::Unavailable(format!("turns were not kept: {error}")))?
    }

    async fn write_turns(
        &self,
        turns: &LocalTurns,
        provider: &InstanceName,
        change: Change,
    ) -> Result<(), RecordsError> {
        let _in_order = turns.writing.lock().await;
        // The write that this one waited for may have included it.
        let Some(unkept) = turns.unkept(provider, change) else { return Ok(()) };
        let state = unkept.turns;
        let update = Update::new(keys::rate(provider.as_str()), STATE)
            .value(":tat", number(state.tat))
            .value(":failures", number(state.failures))
            .value(":open_until", number(state.open_until))
            .value(":blocked_until", number(state.blocked_until))
            .value(":expires_at", number(retention::expires_at(unkept.used, retention::RATE)));
        // Without a condition nothing can refuse it.
        let _ = self.update("keep the turns at a provider", update).await?;
        turns.note_kept(provider, &unkept);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
    use futures::FutureExt as _;
    use jiff::SignedDuration;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn a_change_is_kept_even_if_nobody_waits_for_it_anymore() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(dynoxide::server::serve_on(listener, dynoxide::Database::memory().unwrap()));
        let credentials = Credentials::builder()
            .access_key_id("local")
            .secret_access_key("local")
            .provider_name("test")
            .build();
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-east-1"))
            .credentials_provider(credentials)
            .endpoint_url(url)
            .build();
        let table = Table::new(aws_sdk_dynamodb::Client::from_conf(config), "ticketsmith");
        table.create_table().await.unwrap();
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let turns = Arc::new(LocalTurns::new(now));
        let local = table.clone().with_local_turns(Arc::clone(&turns));
        let provider: InstanceName = "jira".parse().unwrap();
        assert_eq!(local.held(&provider, now).await.unwrap(), None);

        let until = now + SignedDuration::from_secs(30);
        let blocking = local.block_until(&provider, Rate::per_second(2), until);
        assert!(blocking.now_or_never().is_none(), "its caller gives up");
        tokio::task::yield_now().await;
        drop(turns.writing.lock().await);
        let held = table.held(&provider, now).await.unwrap().unwrap();
        assert_eq!(held.retry_after.as_secs(), 30);
    }
}
