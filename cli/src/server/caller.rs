//! Who calls the private listener: every function has a token of its own, and with it exactly what its IAM role would allow.

use super::leading_keys;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::ActionName;
use records::Access;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// A caller of the private listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Caller {
    /// The function that reads untrusted deliveries.
    Webhooks,
    /// The function of one action.
    Action(ActionName),
    /// The function that gives feedback.
    Events,
    /// `serve` itself, while it starts.
    Server,
    /// The command line of the person who runs `serve`.
    CommandLine,
}

impl Caller {
    /// What stands in logs and as access key.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Webhooks => "webhooks".into(),
            Self::Action(action) => action.as_str().into(),
            Self::Events => "events".into(),
            Self::Server => "serve".into(),
            Self::CommandLine => "command-line".into(),
        }
    }
}

/// One of the AWS services that the private listener stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    /// DynamoDB.
    DynamoDb,
    /// Step Functions.
    StepFunctions,
    /// Secrets Manager.
    SecretsManager,
    /// Lambda.
    Lambda,
}

/// What a caller may do.
#[derive(Debug, Clone)]
pub(crate) struct Grant {
    /// Who it is.
    pub(crate) caller: Caller,
    /// What it may touch in the table; everything where nothing is said.
    access: Option<Access>,
    token: SecretString,
    secrets: BTreeSet<String>,
}

impl Grant {
    /// Makes a grant with a fresh token of 256 random bits. `secrets` are the names it may read.
    pub(crate) fn new(caller: Caller, secrets: impl IntoIterator<Item = String>) -> Self {
        let token = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
        let access = match &caller {
            Caller::Webhooks => Some(webhooks::access()),
            Caller::Events => Some(events::access()),
            Caller::Action(action) => Some(actions::catalog::access(*action)),
            Caller::Server | Caller::CommandLine => None,
        };
        Self { caller, access, token: token.into(), secrets: secrets.into_iter().collect() }
    }

    /// The token, to be handed to the caller.
    pub(crate) fn token(&self) -> &SecretString {
        &self.token
    }

    /// Whether the caller may use an operation of a service, as its IAM role would say. Reading a secret is asked separately.
    pub(crate) fn allows(&self, service: Service, operation: &str) -> bool {
        match (service, &self.caller) {
            (_, Caller::Server) => true,
            (Service::DynamoDb, _) => {
                !matches!(operation, "CreateTable" | "DeleteTable" | "UpdateTimeToLive" | "Scan")
            }
            (Service::StepFunctions, Caller::Webhooks) => operation == "StartExecution",
            (Service::StepFunctions, Caller::Events) => {
                matches!(
                    operation,
                    "StartExecution"
                        | "DescribeExecution"
                        | "DescribeStateMachineForExecution"
                        | "SendTaskFailure"
                        | "SendTaskSuccess"
                        | "StopExecution"
                )
            }
            (Service::StepFunctions, Caller::CommandLine) => {
                matches!(
                    operation,
                    "StartExecution" | "DescribeExecution" | "GetExecutionHistory" | "StopExecution"
                )
            }
            (Service::StepFunctions, Caller::Action(_)) => false,
            (Service::SecretsManager, Caller::CommandLine) => operation == "ListSecrets",
            (Service::SecretsManager, _) => operation == "GetSecretValue",
            (Service::Lambda, caller) => *caller == Caller::CommandLine && operation == "Invoke",
        }
    }

    /// Checks the partitions of the table that a request touches.
    ///
    /// # Errors
    /// What the caller may not do, in words.
    pub(crate) fn check_items(&self, operation: &str, body: &[u8]) -> Result<(), String> {
        let Some(access) = &self.access else { return Ok(()) };
        // What cannot be read is the database's to refuse.
        let request: Value = serde_json::from_slice(body).unwrap_or_default();
        leading_keys::check(access, operation, &request)
    }

    /// Whether the caller may read this secret.
    pub(crate) fn allows_secret(&self, name: &str) -> bool {
        self.caller == Caller::Server || self.secrets.contains(name)
    }
}

/// Everybody who may call.
#[derive(Debug, Clone, Default)]
pub(crate) struct Grants(Vec<Arc<Grant>>);

impl Grants {
    /// Admits a caller.
    pub(crate) fn admit(&mut self, grant: Grant) -> Arc<Grant> {
        let grant = Arc::new(grant);
        self.0.push(Arc::clone(&grant));
        grant
    }

    /// The grant with this token. Every token is compared, each in constant time.
    pub(crate) fn find(&self, token: &str) -> Option<Arc<Grant>> {
        let mut found = None;
        for grant in &self.0 {
            if bool::from(grant.token.expose_secret().as_bytes().ct_eq(token.as_bytes())) {
                found = Some(Arc::clone(grant));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_admits_its_caller_and_nobody_else() {
        let mut grants = Grants::default();
        let webhooks = grants.admit(Grant::new(Caller::Webhooks, ["ticketsmith/signing".to_owned()]));
        grants.admit(Grant::new(Caller::Events, []));
        let found = grants.find(webhooks.token().expose_secret()).unwrap();
        assert_eq!(found.caller, Caller::Webhooks);
        assert!(grants.find("").is_none());
        assert!(grants.find("guess").is_none());
        assert!(found.allows(Service::StepFunctions, "StartExecution"));
        assert!(!found.allows(Service::StepFunctions, "StopExecution"));
        assert!(!found.allows(Service::Lambda, "Invoke"));
        assert!(found.allows_secret("ticketsmith/signing"));
        assert!(!found.allows_secret("ticketsmith/github"));
        found.check_items("GetItem", br#"{"Key":{"pk":{"S":"DOCUMENT#routes"}}}"#).unwrap();
        let refused = found.check_items("PutItem", br#"{"Item":{"pk":{"S":"PERSON#ada"}}}"#).unwrap_err();
        assert_eq!(refused, "to write PERSON");
    }

    #[test]
    fn tokens_do_not_show_in_debug_output() {
        let grant = Grant::new(Caller::Server, []);
        assert!(!format!("{grant:?}").contains(grant.token().expose_secret()));
    }
}
