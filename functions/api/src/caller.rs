//! The extractor of who asks.

use crate::api::Shared;
use crate::audit;
use crate::frame::RequestId;
use crate::idempotency_key::key_of;
use crate::identity::{Credential, Identity, check_on_behalf_of};
use crate::problem::{Code, Problem};
use crate::socket_places::Reader;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use control::{Authority, Authorization, Directory, DirectoryError, Operation, ProjectQuery};
use domain::configuration::{Project, Rate};
use domain::{Actor, EventName};
use records::ExecutionRecord;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::convert::Infallible;

/// How often one session or machine token may be used.
const RATE: Rate = Rate::per_second(50);

/// The caller, as far as handlers need it.
#[derive(Debug)]
pub struct Caller {
    directory: Directory,
    actor: Actor,
    authority: Authority,
    credential: Credential,
    trigger: EventName,
    delivery: String,
    idempotency_key: Option<String>,
}

impl FromRequestParts<Shared> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(head: &mut Parts, api: &Shared) -> Result<Self, Problem> {
        let Known { directory, actor, authority, credential } = known(api, head).await?;
        count(api, &credential).await?;
        audit::begin(api, head, actor.person.as_ref().unwrap_or(&actor.id), &credential).await?;
        let idempotency_key = key_of(head)?;
        let delivery = match &idempotency_key {
            // A repeated request is carried out once, even if its first response was not stored.
            Some(key) => {
                let asked = json!([actor.account(), head.uri.path(), key]).to_string();
                format!("api {}", hex::encode(Sha256::digest(asked)))
            }
            None => {
                let id = head.extensions.get::<RequestId>().map(|id| id.0.clone());
                format!("api {}", id.unwrap_or_default())
            }
        };
        let trigger = trigger_of(&authority);
        Ok(Self { directory, actor, authority, credential, trigger, delivery, idempotency_key })
    }
}

/// The caller, if known. Nobody is refused: endpoints without authentication answer whatever credential is sent.
pub(crate) struct MaybeCaller(pub(crate) Option<Caller>);

impl FromRequestParts<Shared> for MaybeCaller {
    type Rejection = Infallible;

    async fn from_request_parts(head: &mut Parts, api: &Shared) -> Result<Self, Infallible> {
        Ok(Self(Caller::from_request_parts(head, api).await.ok()))
    }
}

/// Somebody whose credential is valid now.
struct Known {
    directory: Directory,
    actor: Actor,
    authority: Authority,
    credential: Credential,
}

/// The sender of a request.
///
/// # Errors
/// Unauthenticated without a valid credential of somebody who is configured.
async fn known(api: &Shared, head: &Parts) -> Result<Known, Problem> {
    for kind in &api.identity {
        let Some(identified) = kind.identify(head).await? else { continue };
        let Identity { actor, authority, credential } = identified;
        let directory = api.control.directory().await?;
        let actor = directory.configuration().identify(actor);
        // People who were removed from the configuration have no access anymore, whatever credential they hold.
        if actor.person.is_none() && authority != Authority::Installation {
            return Err(Problem::unauthenticated(
                "the person this credential belongs to is no longer configured",
            ));
        }
        // The holder of an operator's session may do everything, but only in their own name.
        if credential != Credential::Installation {
            check_on_behalf_of(&head.headers, actor.person.as_ref().unwrap_or(&actor.id))?;
        }
        return Ok(Known { directory, actor, authority, credential });
    }
    Err(Problem::unauthenticated("the request has no valid credential; send `Authorization: Bearer TOKEN`"))
}

fn trigger_of(authority: &Authority) -> EventName {
    match authority {
        Authority::Installation => EventName::API_RUN,
        Authority::Roles | Authority::Scoped(_) => EventName::API_REQUEST,
    }
}

/// The sender of an earlier request, with the rights that they have now. This does not count as a use of the credential.
///
/// # Errors
/// Unauthenticated if the credential is no longer valid; a problem if the records do not answer.
pub(crate) async fn sender_of(api: &Shared, head: &Parts) -> Result<Caller, Problem> {
    let Known { directory, actor, authority, credential } = known(api, head).await?;
    let (trigger, delivery, idempotency_key) = (trigger_of(&authority), String::new(), None);
    Ok(Caller { directory, actor, authority, credential, trigger, delivery, idempotency_key })
}

/// Counts a use of a credential.
///
/// # Errors
/// Too many requests, with the time after which there may be another.
async fn count(api: &Shared, credential: &Credential) -> Result<(), Problem> {
    let Some(name) = credential.counted_as() else { return Ok(()) };
    match api.table.count_use(&name, RATE, api.clock.now()).await? {
        Ok(()) => Ok(()),
        Err(wait) => {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            Err(Problem::new(Code::TooManyRequests, "this credential is used more often than it may be")
                .with_header(header::RETRY_AFTER, HeaderValue::from(seconds.max(1))))
        }
    }
}

impl Caller {
    /// The caller, for the operations of `control`.
    pub(crate) fn asking(&self) -> control::Caller<'_> {
        control::Caller {
            directory: &self.directory,
            actor: &self.actor,
            authority: &self.authority,
            trigger: self.trigger(),
            delivery: &self.delivery,
            at: None,
        }
    }

    /// The configured projects, people and tickets.
    pub(crate) fn directory(&self) -> &Directory {
        &self.directory
    }

    /// The person.
    pub(crate) fn actor(&self) -> &Actor {
        &self.actor
    }

    /// How they ask.
    pub(crate) fn trigger(&self) -> &EventName {
        &self.trigger
    }

    /// How their credential changes what their roles allow.
    pub(crate) fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The reader as whose their sockets count.
    pub(crate) fn reader(&self) -> Reader {
        Reader { account: self.actor.account(), is_operator: self.authority == Authority::Installation }
    }

    /// How they signed in.
    pub(crate) fn credential(&self) -> &Credential {
        &self.credential
    }

    /// Checks that they may perform an operation.
    ///
    /// # Errors
    /// Forbidden, with a reason for them.
    pub(crate) async fn check(&self, api: &Shared, operation: &Operation<'_>) -> Result<(), Problem> {
        match api.control.authorize(&self.asking(), operation).await? {
            Authorization::Denied(reason) => Err(Self::denied(reason)),
            Authorization::Allowed | Authorization::AskProvider => Ok(()),
        }
    }

    /// The ID of the request: it starts at most one execution.
    pub(crate) fn delivery(&self) -> &str {
        &self.delivery
    }

    /// The idempotency key of the request, if any.
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
        let operation = Operation::See { project, starter };
        Ok(api.control.authorize(&self.asking(), &operation).await? == Authorization::Allowed)
    }

    /// Whether they may know that a project is there: they may see it, or start work there as far as we can tell.
    ///
    /// # Errors
    /// As [`Self::may_see`].
    pub(crate) async fn knows(&self, api: &Shared, project: &Project) -> Result<bool, Problem> {
        if self.may_see(api, Some(project), None).await? {
            return Ok(true);
        }
        let start = api.control.authorize(&self.asking(), &Operation::Start { project }).await?;
        Ok(!matches!(start, Authorization::Denied(_)))
    }

    /// The project that a query leads to, if they may know of it; otherwise the same error as if it did not exist.
    ///
    /// # Errors
    /// As [`Self::may_see`].
    pub(crate) async fn project(
        &self,
        api: &Shared,
        query: &ProjectQuery<'_>,
    ) -> Result<Result<&Project, DirectoryError>, Problem> {
        let error = match self.directory.project(query) {
            Ok(project) if self.knows(api, project).await? => return Ok(Ok(project)),
            Ok(_) => DirectoryError::hidden(&self.directory, query),
            Err(error) => error,
        };
        Ok(Err(self.not_found(api, error).await?))
    }

    /// Why a project or ticket was not found. It mentions no project that they may not know of.
    ///
    /// # Errors
    /// As [`Self::may_see`].
    pub(crate) async fn not_found(
        &self,
        api: &Shared,
        error: DirectoryError,
    ) -> Result<DirectoryError, Problem> {
        if self.may_see(api, None, None).await? {
            return Ok(error);
        }
        let mut known = Vec::new();
        for project in &self.directory.configuration().projects {
            if self.knows(api, project).await? {
                known.push(project.key.as_str());
            }
        }
        Ok(error.for_whoever_sees(&known))
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
        Ok(api.control.may_see(&self.asking(), execution).await?)
    }

    /// The execution of this name, if they may see it.
    ///
    /// # Errors
    /// Not found if it does not exist or they may not see it.
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
