//! The AWS services that a function uses.

use crate::environment::{VariableError, Variables};
use crate::evidence_key::EvidenceKey;
use crate::news::News;
use crate::secrets::Secrets;
use crate::timeouts::Timeouts;
use aws_config::SdkConfig;
use domain::{CheckRunner, Clock, SystemClock};
use records::{LocalTurns, Store, Table};
use std::sync::Arc;

const TABLE_NAME: &str = "TABLE_NAME";
const STATE_MACHINE_ARN_PREFIX: &str = "STATE_MACHINE_ARN_PREFIX";
const EVIDENCE_KEY_ID: &str = "EVIDENCE_KEY_ID";
const SOCKETS_URL: &str = "SOCKETS_URL";

/// The table, Step Functions and the secrets of a deployment, accessed with one function's credentials. Clients are created on
/// demand, so a function has only those that it uses.
#[derive(Debug, Clone)]
pub struct Services {
    aws: SdkConfig,
    table_name: String,
    store: Option<Arc<dyn Store>>,
    state_machine_arn_prefix: Option<String>,
    evidence_key: Option<String>,
    clock: Arc<dyn Clock>,
    check_runner: Option<Arc<dyn CheckRunner>>,
    news: Option<News>,
    local_turns: Option<Arc<LocalTurns>>,
    sockets_url: Option<String>,
}

impl Services {
    /// Services with these SDK settings. `state_machine_arn_prefix` precedes a workflow's name in its state machine's ARN:
    /// `arn:aws:states:eu-central-1:123456789012:stateMachine:ticketsmith-`. Only functions that call Step Functions need it.
    pub fn new(
        aws: SdkConfig,
        table_name: impl Into<String>,
        state_machine_arn_prefix: Option<String>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            aws,
            table_name: table_name.into(),
            store: None,
            state_machine_arn_prefix,
            evidence_key: None,
            clock,
            check_runner: None,
            news: None,
            local_turns: None,
            sockets_url: None,
        }
    }

    /// The services of the deployment that the variables `TABLE_NAME`, `STATE_MACHINE_ARN_PREFIX`, `EVIDENCE_KEY_ID` and `SOCKETS_URL` name. Addresses and credentials
    /// come from the SDK's own variables (`AWS_REGION`, `AWS_ENDPOINT_URL_…`).
    ///
    /// # Errors
    /// [`VariableError::Missing`] without `TABLE_NAME`.
    pub async fn from_environment(variables: &Variables, timeouts: Timeouts) -> Result<Self, VariableError> {
        let table_name = variables.required(TABLE_NAME)?;
        let prefix = variables.optional(STATE_MACHINE_ARN_PREFIX).map(str::to_owned);
        let services = Self::new(timeouts.sdk_config().await, table_name, prefix, Arc::new(SystemClock));
        let services = match variables.optional(EVIDENCE_KEY_ID) {
            Some(key) => services.with_evidence_key(key),
            None => services,
        };
        Ok(match variables.optional(SOCKETS_URL) {
            Some(url) => services.with_sockets_url(url),
            None => services,
        })
    }

    /// The same, with the KMS key of this id to sign evidence.
    pub fn with_evidence_key(self, id: impl Into<String>) -> Self {
        Self { evidence_key: Some(id.into()), ..self }
    }

    /// The signer of evidence; `None` if the deployment has no key for it, or this function may not use it.
    pub fn evidence_key(&self) -> Option<EvidenceKey> {
        let client = aws_sdk_kms::Client::new(&self.aws);
        self.evidence_key.as_ref().map(|id| EvidenceKey::new(client, id.as_str()))
    }

    /// The same, with something that runs projects' checks.
    pub fn with_check_runner(self, runner: Arc<dyn CheckRunner>) -> Self {
        Self { check_runner: Some(runner), ..self }
    }

    /// What runs projects' checks, if the installation offers it.
    pub fn check_runner(&self) -> Option<Arc<dyn CheckRunner>> {
        self.check_runner.clone()
    }

    /// The same, with announcements of executions.
    pub fn with_news(self, news: News) -> Self {
        Self { news: Some(news), ..self }
    }

    /// The announcements of executions with news, if the installation supports them.
    pub fn news(&self) -> Option<News> {
        self.news.clone()
    }

    /// The same, with the turns at providers in this process's memory: if it makes all calls of the installation, and all of its functions share
    /// these turns.
    pub fn with_local_turns(self, turns: Arc<LocalTurns>) -> Self {
        Self { local_turns: Some(turns), ..self }
    }

    /// The same, with sockets at an account's gateway, at this address: `https://0a1b2c3d.execute-api.eu-central-1.amazonaws.com/live`.
    pub fn with_sockets_url(self, url: impl Into<String>) -> Self {
        Self { sockets_url: Some(url.into()), ..self }
    }

    /// Where the account's gateway accepts messages for open sockets; with `wss` in place of `https`, where they are opened. `None` if there is
    /// no gateway for them, or this function has nothing to do with it.
    pub fn sockets_url(&self) -> Option<&str> {
        self.sockets_url.as_deref()
    }

    /// The same, with another way to the table than the SDK's client, which must allow no more than this function may do.
    pub fn with_store(self, store: Arc<dyn Store>) -> Self {
        Self { store: Some(store), ..self }
    }

    /// The table.
    pub fn table(&self) -> Table {
        let table = Table::new(aws_sdk_dynamodb::Client::new(&self.aws), &self.table_name);
        let table = match &self.store {
            Some(store) => table.through(Arc::clone(store)),
            None => table,
        };
        match &self.local_turns {
            Some(turns) => table.with_local_turns(Arc::clone(turns)),
            None => table,
        }
    }

    /// A client of Step Functions.
    pub fn step_functions(&self) -> aws_sdk_sfn::Client {
        aws_sdk_sfn::Client::new(&self.aws)
    }

    /// A client of Secrets Manager, for [`Secrets`].
    pub fn secrets_manager(&self) -> aws_sdk_secretsmanager::Client {
        aws_sdk_secretsmanager::Client::new(&self.aws)
    }

    /// A new reader of secrets.
    pub fn secrets(&self) -> Secrets {
        Secrets::new(self.secrets_manager(), self.clock())
    }

    /// The part of a state machine's ARN before the workflow's name.
    ///
    /// # Errors
    /// [`VariableError::Missing`] when the deployment does not provide it to this function.
    pub fn state_machine_arn_prefix(&self) -> Result<&str, VariableError> {
        self.state_machine_arn_prefix.as_deref().ok_or(VariableError::Missing(STATE_MACHINE_ARN_PREFIX))
    }

    /// The clock.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_tables_of_all_functions_share_the_turns() {
        let aws = SdkConfig::builder().behavior_version(aws_config::BehaviorVersion::latest()).build();
        let turns = Arc::new(LocalTurns::new(SystemClock.now()));
        let services = Services::new(aws, "ticketsmith", None, Arc::new(SystemClock));
        let services = services.with_local_turns(Arc::clone(&turns));
        let _tables = [services.table(), services.clone().table()];
        // Here, in the services, and in both tables.
        assert_eq!(Arc::strong_count(&turns), 4);
    }

    #[test]
    fn a_function_without_workflows_needs_no_prefix() {
        let aws = SdkConfig::builder().build();
        let services = Services::new(aws, "ticketsmith", None, Arc::new(SystemClock));
        assert_eq!(
            services.state_machine_arn_prefix(),
            Err(VariableError::Missing("STATE_MACHINE_ARN_PREFIX"))
        );
    }
}
