//! The extractor of who asks.

use crate::api::Shared;
use crate::frame::RequestId;
use crate::idempotency_key::key_of;
use crate::identity::Identified;
use crate::problem::{Code, Problem};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use control::{Authorization, Directory, Operation};
use domain::configuration::Project;
use domain::{Actor, EventName};
use records::ExecutionRecord;
use serde_json::json;
use sha2::{Digest, Sha256};

/// Who asks, as far as handlers need it.
#[derive(Debug)]
pub struct Caller {
    directory: Directory,
    actor: Actor,
    trigger: EventName,
    delivery: String,
    idempotency_key: Option<String>,
    is_installation: bool,
}

impl FromRequestParts<Shared> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(head: &mut Parts, api: &Shared) -> Result<Self, Problem> {
        for kind in &api.identity {
            let Some(identified) = kind.identify(head).await? else { continue };
            let Identified { actor, trigger, is_installation } = identified;
            let directory = api.control.directory().await?;
            let actor = directory.configuration().identify(actor);
            let idempotency_key = key_of(head)?;
            let delivery = match &idempotency_key {
                // What is asked for again is asked for once, even where its first answer was not kept.
                Some(key) => {
                    let asked = json!([actor.account(), head.uri.path(), key]).to_string();
                    format!("api {}", hex::encode(Sha256::digest(asked)))
                }
                None => {
                    let id = head.extensions.get::<RequestId>().map(|id| id.0.clone());
                    format!("api {}", id.unwrap_or_default())
                }
            };
            return Ok(Self { directory, actor, trigger, delivery, idempotency_key, is_installation });
        }
        Err(Problem::unauthenticated(
            "the request has no valid credential; send `Authorization: Bearer TOKEN`",
        ))
    }
}

impl Caller {
    /// Who asks, for the operations of `control`.
    pub(crate) fn asking(&self) -> control::Caller<'_> {
        control::Caller {
            directory: &self.directory,
            actor: &self.actor,
            trigger: &self.trigger,
            delivery: &self.delivery,
            at: None,
        }
    }

    /// The configured projects, people and tickets.
    pub(crate) fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Who they are.
    pub(crate) fn actor(&self) -> &Actor {
        &self.actor
    }

    /// How they ask.
    pub(crate) fn trigger(&self) -> &EventName {
        &self.trigger
    }

    /// The id of what they ask: it starts at most one execution.
    pub(crate) fn delivery(&self) -> &str {
        &self.delivery
    }

    /// The key under which they ask, where they may ask again.
    pub(crate) fn idempotency_key(&self) -> Option<&str> {
        self.idempotency_key.as_deref()
    }

    /// Whether they may see work of a project, which some person started.
    ///
    /// # Errors
    /// A problem when the records do not answer.
    pub(crate) async fn may_see(
        &self,
        api: &Shared,
        project: Option<&Project>,
        starter: Option<&Actor>,
    ) -> Result<bool, Problem> {
        if self.is_installation {
            return Ok(true);
        }
        let operation = Operation::See { project, starter };
        Ok(api.control.authorize(&self.asking(), &operation).await? == Authorization::Allowed)
    }

    /// Whether they may see an execution.
    ///
    /// # Errors
    /// As [`Self::may_see`].
    pub(crate) async fn may_see_execution(
        &self,
        api: &Shared,
        execution: &ExecutionRecord,
    ) -> Result<bool, Problem> {
        let configuration = self.directory.configuration();
        let project = execution.project.as_deref().and_then(|key| configuration.project(key));
        self.may_see(api, project, execution.actor.as_ref()).await
    }

    /// The execution of this name, if they may see it.
    ///
    /// # Errors
    /// Not found where it does not exist or they may not see it.
    pub(crate) async fn execution(&self, api: &Shared, name: &str) -> Result<ExecutionRecord, Problem> {
        let not_found = || Problem::not_found("execution");
        // No execution has a longer name, and no record is read under one.
        if name.is_empty() || name.len() > 80 {
            return Err(not_found());
        }
        let execution = api.table.execution(name).await?.ok_or_else(not_found)?;
        match self.may_see_execution(api, &execution).await? {
            true => Ok(execution),
            false => Err(not_found()),
        }
    }

    /// The refusal of an operation that they may not perform.
    pub(crate) fn denied(reason: String) -> Problem {
        Problem::new(Code::Forbidden, reason)
    }
}
