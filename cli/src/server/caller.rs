//! The callers of the private listener: every function has its own token, which allows exactly what its IAM role would.

use super::direct::Touched;
use super::leading_keys;
use axum::body::Bytes;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use records::Access;
use runtime::{FunctionSpec, StepFunctionsOperation};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// A caller of the private listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// The function of this name.
    Function(&'static str),
    /// `serve` itself, while it starts.
    Server,
    /// The command line of the person who runs `serve`.
    CommandLine,
}

impl Caller {
    /// Its name in logs and as access key.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Function(name) => name,
            Self::Server => "serve",
            Self::CommandLine => "command-line",
        }
    }
}

/// One of the AWS services whose place the private listener takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    /// DynamoDB.
    DynamoDb,
    /// Step Functions.
    StepFunctions,
    /// Secrets Manager.
    SecretsManager,
    /// KMS.
    KeyManagement,
    /// Lambda.
    Lambda,
}

/// The permissions of a caller.
#[derive(Debug, Clone)]
pub(crate) struct Grant {
    /// Its name.
    pub(crate) caller: Caller,
    /// Its access to the table; unrestricted if `None`.
    access: Option<Access>,
    step_functions: &'static [StepFunctionsOperation],
    token: SecretString,
    secrets: BTreeSet<String>,
    signs_evidence: bool,
}

impl Grant {
    /// The permissions of a function's role. `secrets` are the names it may read.
    pub(crate) fn of_function(function: &FunctionSpec, secrets: impl IntoIterator<Item = String>) -> Self {
        Self {
            access: Some(function.access.clone()),
            step_functions: function.step_functions,
            secrets: secrets.into_iter().collect(),
            signs_evidence: function.signs_evidence(),
            ..Self::new(Caller::Function(function.name))
        }
    }

    /// Everything.
    pub(crate) fn of_server() -> Self {
        Self::new(Caller::Server)
    }

    /// The permissions that a person's commands need.
    pub(crate) fn of_command_line() -> Self {
        Self::new(Caller::CommandLine)
    }

    /// A fresh token of 256 random bits.
    fn new(caller: Caller) -> Self {
        let token = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
        Self {
            caller,
            access: None,
            step_functions: &[],
            token: token.into(),
            secrets: BTreeSet::new(),
            signs_evidence: false,
        }
    }

    /// The token, to be handed to the caller.
    pub(crate) fn token(&self) -> &SecretString {
        &self.token
    }

    /// Whether the caller may use an operation of a service, as its IAM role would say. Reading a secret is asked separately.
    pub(crate) fn allows(&self, service: Service, operation: &str) -> bool {
        match (service, self.caller) {
            (_, Caller::Server) => true,
            (Service::DynamoDb, Caller::CommandLine) => {
                operation == "DescribeTable" || leading_keys::is_known(operation)
            }
            (Service::DynamoDb, Caller::Function(_)) => leading_keys::is_known(operation),
            (Service::StepFunctions, Caller::CommandLine) => {
                matches!(
                    operation,
                    "StartExecution" | "DescribeExecution" | "GetExecutionHistory" | "StopExecution"
                )
            }
            (Service::StepFunctions, Caller::Function(_)) => {
                self.step_functions.iter().any(|allowed| allowed.as_str() == operation)
            }
            (Service::SecretsManager, Caller::CommandLine) => operation == "ListSecrets",
            (Service::SecretsManager, Caller::Function(_)) => operation == "GetSecretValue",
            (Service::KeyManagement, _) => {
                self.signs_evidence && matches!(operation, "Sign" | "GetPublicKey")
            }
            (Service::Lambda, caller) => caller == Caller::CommandLine && operation == "Invoke",
        }
    }

    /// Checks the partitions of the table that a request touches, and gives the request as it was read: nothing else may be performed.
    ///
    /// # Errors
    /// A description of what the caller may not do.
    pub(crate) fn check_items(&self, operation: &str, body: Bytes) -> Result<Bytes, String> {
        let Some(access) = &self.access else { return Ok(body) };
        let unreadable = |_| "with a body that cannot be read".to_owned();
        let request: Value = serde_json::from_slice(&body).map_err(unreadable)?;
        leading_keys::check(access, operation, &request)?;
        serde_json::to_vec(&request).map(Bytes::from).map_err(unreadable)
    }

    /// Checks the items of the table that a request touches.
    ///
    /// # Errors
    /// A description of what the caller may not do.
    pub(crate) fn check_touched(&self, touched: &Touched<'_>) -> Result<(), String> {
        match &self.access {
            Some(access) => leading_keys::check_touched(access, touched),
            None => Ok(()),
        }
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

    fn function(name: &str) -> FunctionSpec {
        crate::functions::all().into_iter().find(|function| function.name == name).unwrap()
    }

    #[test]
    fn a_token_admits_its_caller_and_nobody_else() {
        let mut grants = Grants::default();
        let secrets = ["ticketsmith/signing".to_owned()];
        let webhooks = grants.admit(Grant::of_function(&function("webhooks"), secrets));
        grants.admit(Grant::of_function(&function("events"), []));
        let found = grants.find(webhooks.token().expose_secret()).unwrap();
        assert_eq!(found.caller, Caller::Function("webhooks"));
        assert!(grants.find("").is_none());
        assert!(grants.find("guess").is_none());
        assert!(found.allows(Service::StepFunctions, "StartExecution"));
        assert!(!found.allows(Service::StepFunctions, "StopExecution"));
        assert!(!found.allows(Service::Lambda, "Invoke"));
        assert!(found.allows_secret("ticketsmith/signing"));
        assert!(!found.allows_secret("ticketsmith/github"));
        let check = |operation: &str, body: &'static str| {
            found.check_items(operation, Bytes::from_static(body.as_bytes()))
        };
        check("GetItem", r#"{"Key":{"pk":{"S":"DOCUMENT#routes"}}}"#).unwrap();
        let refused = check("PutItem", r#"{"Item":{"pk":{"S":"PERSON#ada"}}}"#).unwrap_err();
        assert_eq!(refused, "to write PERSON");
    }

    #[test]
    fn what_is_performed_is_what_was_checked() {
        let grant = Grant::of_function(&function("webhooks"), []);
        let check = |body: String| grant.check_items("PutItem", Bytes::from(body));
        let (mine, other) = (r#"{"pk":{"S":"EXECUTION#a"}}"#, r#"{"pk":{"S":"PERSON#ada"}}"#);
        // Of two fields of one name, the last counts in what was checked, and it alone is performed.
        assert!(check(format!(r#"{{"Item":{mine},"Item":{other}}}"#)).is_err());
        let twice = check(format!(r#"{{"Item":{other},"Item":{mine}}}"#)).unwrap();
        assert!(!String::from_utf8_lossy(&twice).contains("PERSON"));
        // What one parser fails on is not left to another.
        for unreadable in ["1e999", "[[[", "\u{1}", &"[".repeat(1_000)] {
            let refused = check(format!(r#"{{"Item":{mine},"New":{unreadable}}}"#)).unwrap_err();
            assert!(refused.starts_with("with "), "{refused}");
        }
        assert!(check(String::new()).is_err());
    }

    #[test]
    fn only_what_signs_evidence_uses_the_key() {
        let signs = |grant: &Grant| grant.allows(Service::KeyManagement, "Sign");
        assert!(signs(&Grant::of_function(&function("events"), [])));
        for name in ["api", "webhooks", "commit_changes", "think"] {
            assert!(!signs(&Grant::of_function(&function(name), [])), "{name}");
        }
        assert!(!signs(&Grant::of_command_line()));
        let events = Grant::of_function(&function("events"), []);
        assert!(!events.allows(Service::KeyManagement, "Decrypt"));
    }

    #[test]
    fn an_action_asks_nothing_of_step_functions() {
        let grant = Grant::of_function(&function("get_task"), []);
        for operation in ["StartExecution", "SendTaskSuccess", "DescribeExecution"] {
            assert!(!grant.allows(Service::StepFunctions, operation), "{operation}");
        }
    }

    #[test]
    fn tokens_do_not_show_in_debug_output() {
        let grant = Grant::of_server();
        assert!(!format!("{grant:?}").contains(grant.token().expose_secret()));
    }
}
