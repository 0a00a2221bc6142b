//! One record of the audit.

use crate::keys::identity as keys;
use crate::timestamp;
use domain::Actor;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How many chains the audit has.
pub const AUDIT_CHAINS: u8 = 16;

/// What kind of thing was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditKind {
    /// A request to the API that may change something.
    #[default]
    Request,
    /// Something started an execution.
    Trigger,
    /// A person answered a question.
    Approval,
    /// A limit was changed.
    Limit,
    /// The configuration in force was changed: the configuration, the workflows, the prompts or the agents.
    Configuration,
    /// A person asked to stop an execution.
    Stop,
    /// An execution's effects are taken back.
    Undo,
    /// An execution is continued.
    Redrive,
    /// Whose an account is was changed.
    Account,
    /// Somebody was not allowed to do what they asked for.
    Refusal,
}

impl AuditKind {
    /// The name in records and output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Trigger => "trigger",
            Self::Approval => "approval",
            Self::Limit => "limit",
            Self::Configuration => "configuration",
            Self::Stop => "stop",
            Self::Undo => "undo",
            Self::Redrive => "redrive",
            Self::Account => "account",
            Self::Refusal => "refusal",
        }
    }
}

/// Something that somebody did. It is recorded before anything is changed, so that nothing changes without a record. It holds ids and
/// hashes, and none of a ticket's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// Its id: of a request to the API that which its answer and the logs have too.
    pub id: String,
    /// What kind of thing it is.
    #[serde(default)]
    pub kind: AuditKind,
    /// When it was done.
    #[serde(with = "timestamp")]
    pub at: Timestamp,
    /// Who did it: a person's name in the configuration, an account, or `operator` for the installation's own credentials.
    pub who: String,
    /// How: by `link`, `github`, `oidc` or `token` with its id for a request to the API; else by the event, as `slack.command`.
    pub by: String,
    /// What was done: for a request to the API, the method and the path.
    pub what: String,
    /// The execution that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Where it came from: the program that sent a request, as it calls itself, or a digest of the delivery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whence: Option<String>,
    /// The status of the response; `None` while the request is in progress, or if it ended without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

impl AuditRecord {
    /// The record of something that an account did by an event. `delivery` is the id of the delivery that said so, which may be long and
    /// hold anything.
    pub fn new(
        kind: AuditKind,
        id: &str,
        at: Timestamp,
        who: Option<&Actor>,
        by: &str,
        delivery: &str,
    ) -> Self {
        Self {
            id: id.to_owned(),
            kind,
            at,
            who: who.map_or_else(|| "nobody".to_owned(), Actor::account),
            by: by.to_owned(),
            what: kind.as_str().to_owned(),
            about: None,
            whence: Some(format!("delivery {}", hex::encode(&Sha256::digest(delivery)[..16]))),
            status: None,
        }
    }

    /// In which chain it is.
    pub(crate) fn chain(&self) -> u8 {
        Sha256::digest(&self.id).first().copied().unwrap_or_default() % AUDIT_CHAINS
    }

    /// Its position: a response follows the record of its request.
    pub(crate) fn key(&self) -> crate::keys::Key {
        match self.status {
            None => keys::audit(self.at, &self.id),
            Some(_) => keys::audit_answer(self.at, &self.id),
        }
    }

    /// Whether it is the answer of a request, which comes after the request's own record.
    pub(crate) fn answers(&self, other: &Self) -> bool {
        self.status.is_some() && other.status.is_none() && self.id == other.id
    }
}
