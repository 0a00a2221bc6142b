//! `/pull-requests/{id}/evidence`: how a pull request came about, signed.

use crate::api::Shared;
use crate::caller::Caller;
use crate::endpoints::{Endpoints, routes};
use crate::id;
use crate::problem::Problem;
use crate::query::{Given, Parameters, Query};
use crate::routes::answers::OfOne;
use crate::segments::Segments;
use axum::extract::State;
use axum::response::Json;
use domain::CommitSha;
use domain::reference::{NamedPullRequest, WhichPullRequest};
use jiff::Timestamp;
use records::SignedEvidence;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

/// `/pull-requests/{id}/evidence`.
pub(crate) fn routes() -> Endpoints {
    Endpoints::default().routes(routes!(get_evidence))
}

/// How a pull request came about, signed.
#[derive(Debug, Serialize, ToSchema)]
struct Evidence {
    /// The pull request: `owner/name#7`.
    pull_request: String,
    /// The commit that it is about.
    commit: String,
    /// The execution that worked on the pull request last.
    execution: String,
    /// Whether that execution had ended when this was signed: until then, it is signed again with each commit.
    ended: bool,
    /// When it was signed.
    signed_at: Timestamp,
    /// The DSSE envelope with the in-toto statement. It is verified byte for byte, the line feed at its end included.
    envelope: String,
    /// The public key in PEM. Verifiers should obtain it from elsewhere.
    public_key: String,
}

/// Which evidence is returned.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
struct GetEvidence {
    /// The evidence of this commit. Default: our newest commit.
    #[param(value_type = Option<String>, pattern = "^[0-9a-f]{40}$")]
    commit: Option<CommitSha>,
}

impl Parameters for GetEvidence {
    fn read(given: &mut Given) -> Self {
        let text = given.text("commit");
        let commit = text.as_deref().and_then(|text| text.parse::<CommitSha>().ok());
        let is_plain = commit.as_ref().is_none_or(|commit| Some(commit.as_str()) == text.as_deref());
        if text.is_some() && commit.is_none() || !is_plain {
            given.refuse("commit", "accepted: the 40 hexadecimal digits of a commit, in lower case");
        }
        Self { commit }
    }
}

/// Returns how a pull request came about: who asked for it, what was done, what it cost and who agreed, signed over its newest commit.
#[utoipa::path(
    get, path = "/pull-requests/{id}/evidence", tag = "executions",
    params(("id" = String, Path, description = "Its name in base64url: `owner/name#7`, `group/project!7`, or `owner/name@branch` for the newest one from a branch."), GetEvidence),
    responses((status = 200, description = "The evidence.", body = Evidence), OfOne)
)]
async fn get_evidence(
    State(api): State<Shared>,
    caller: Caller,
    Segments(id): Segments<String>,
    Query(GetEvidence { commit }): Query<GetEvidence>,
) -> Result<Json<Evidence>, Problem> {
    let not_found = || Problem::not_found("evidence");
    let named = id::named(&id, "evidence")?.parse().ok();
    let NamedPullRequest { repository, which } = named.ok_or_else(not_found)?;
    let number = match which {
        WhichPullRequest::Number(number) => Some(number),
        WhichPullRequest::Branch(branch) => {
            api.table.pull_request_with_evidence(&repository, &branch).await?
        }
    };
    let number = number.ok_or_else(not_found)?;
    let found = api.table.evidence(&repository, number, commit.as_ref()).await?.ok_or_else(not_found)?;
    let configuration = caller.directory().configuration();
    if !caller.may_see(&api, configuration.project(&found.project), None).await? {
        return Err(not_found());
    }
    let pull_request = format!("{}#{}", found.repository, found.number);
    let SignedEvidence { commit, execution, ended, at, envelope, public_key, .. } = found;
    let commit = commit.to_string();
    Ok(Json(Evidence { pull_request, commit, execution, ended, signed_at: at, envelope, public_key }))
}
