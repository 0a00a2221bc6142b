//! `/me/links` and `/me/accounts`: accounts in chats, trackers and code hosts that callers join to themselves.

use crate::api::Shared;
use crate::caller::Caller;
use crate::endpoints::{Endpoints, routes};
use crate::problem::{Code, Problem};
use crate::query::{Nothing, Query};
use crate::routes::answers::{OfOne, Signed};
use crate::segments::Segments;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Json;
use control::LinkResult;
use jiff::Timestamp;
use records::LinkAccount;
use serde::Serialize;
use utoipa::ToSchema;

/// `/me/links` and `/me/accounts`.
pub(crate) fn routes() -> Endpoints {
    Endpoints::default()
        .routes(routes!(begin_link))
        .routes(routes!(show_link))
        .routes(routes!(confirm_link))
        .routes(routes!(list_accounts))
        .routes(routes!(separate_account))
}

/// An account at a service.
#[derive(Debug, Serialize, ToSchema)]
struct Account {
    /// The service, or its instance under `plugins`; `api` for a person of the API.
    source: String,
    /// The service's id of it.
    account: String,
    /// A label for people.
    name: String,
}

impl From<LinkAccount> for Account {
    fn from(account: LinkAccount) -> Self {
        Self { source: account.source.to_string(), account: account.id, name: account.name }
    }
}

/// A code that joins two accounts.
#[derive(Debug, Serialize, ToSchema)]
struct LinkBegun {
    /// The code that the other account enters.
    code: String,
    /// From when it is refused.
    valid_until: Timestamp,
}

/// The accounts that a code would join.
#[derive(Debug, Serialize, ToSchema)]
struct LinkPair {
    /// The caller's account.
    own: Account,
    /// The other account; absent until somebody has used the code.
    #[serde(skip_serializing_if = "Option::is_none")]
    other: Option<Account>,
}

/// How far a code is.
#[derive(Debug, Serialize, ToSchema)]
struct LinkConfirmed {
    /// Whether the accounts are joined. Otherwise, the other one still has to confirm.
    is_joined: bool,
    /// The account that was joined, or that has to confirm.
    account: Account,
}

/// The accounts joined to the caller.
#[derive(Debug, Serialize, ToSchema)]
struct JoinedAccounts {
    /// They.
    accounts: Vec<Joined>,
}

/// An account that was joined.
#[derive(Debug, Serialize, ToSchema)]
struct Joined {
    #[serde(flatten)]
    account: Account,
    /// When.
    at: Timestamp,
}

/// Creates a code that joins another account to the caller. It is valid for 15 minutes.
#[utoipa::path(
    post, path = "/me/links", tag = "people",
    responses((status = 201, description = "The code.", body = LinkBegun), Signed)
)]
async fn begin_link(
    State(api): State<Shared>,
    caller: Caller,
    _: Query<Nothing>,
) -> Result<(StatusCode, Json<LinkBegun>), Problem> {
    match api.control.begin_link(&caller.asking()).await? {
        LinkResult::Code { code, valid_until } => {
            Ok((StatusCode::CREATED, Json(LinkBegun { code, valid_until })))
        }
        other => Err(refusal(other)),
    }
}

/// Shows which accounts a code would join.
///
/// The first caller to look up another account's code becomes its counterpart. Nothing is joined before both confirm.
#[utoipa::path(
    post, path = "/me/links/{code}", tag = "people",
    params(("code" = String, Path, description = "The code.")),
    responses((status = 200, description = "The accounts.", body = LinkPair), OfOne)
)]
async fn show_link(
    State(api): State<Shared>,
    caller: Caller,
    Segments(code): Segments<String>,
    _: Query<Nothing>,
) -> Result<Json<LinkPair>, Problem> {
    match api.control.show_link(&caller.asking(), &code).await? {
        LinkResult::Pair { own, other } => {
            Ok(Json(LinkPair { own: own.into(), other: other.map(Account::from) }))
        }
        other => Err(refusal(other)),
    }
}

/// Confirms that both accounts of a code belong to the caller. When both have confirmed, they are joined.
#[utoipa::path(
    post, path = "/me/links/{code}/confirm", tag = "people",
    params(("code" = String, Path, description = "The code.")),
    responses((status = 200, description = "How far it is.", body = LinkConfirmed), OfOne)
)]
async fn confirm_link(
    State(api): State<Shared>,
    caller: Caller,
    Segments(code): Segments<String>,
    _: Query<Nothing>,
) -> Result<Json<LinkConfirmed>, Problem> {
    match api.control.confirm_link(&caller.asking(), &code).await? {
        LinkResult::Confirmed { other } => {
            Ok(Json(LinkConfirmed { is_joined: false, account: other.into() }))
        }
        LinkResult::Joined(joined) => {
            Ok(Json(LinkConfirmed { is_joined: true, account: joined.account.into() }))
        }
        other => Err(refusal(other)),
    }
}

/// Lists the accounts joined to the caller.
#[utoipa::path(
    get, path = "/me/accounts", tag = "people",
    responses((status = 200, description = "The accounts.", body = JoinedAccounts), Signed)
)]
async fn list_accounts(
    State(api): State<Shared>,
    caller: Caller,
    _: Query<Nothing>,
) -> Result<Json<JoinedAccounts>, Problem> {
    let joined = api.control.joined_accounts(&caller.asking()).await?;
    let accounts = joined.into_iter().map(|joined| Joined { account: joined.account.into(), at: joined.at });
    Ok(Json(JoinedAccounts { accounts: accounts.collect() }))
}

/// Separates an account from the caller.
#[utoipa::path(
    delete, path = "/me/accounts/{source}/{account}", tag = "people",
    params(
        ("source" = String, Path, description = "The service, or its instance under `plugins`."),
        ("account" = String, Path, description = "The service's id of it.")
    ),
    responses((status = 204, description = "It is separated."), OfOne)
)]
async fn separate_account(
    State(api): State<Shared>,
    caller: Caller,
    Segments((source, account)): Segments<(String, String)>,
    _: Query<Nothing>,
) -> Result<StatusCode, Problem> {
    match api.control.separate_account(&caller.asking(), &source, &account).await? {
        LinkResult::Separated(_) => Ok(StatusCode::NO_CONTENT),
        other => Err(refusal(other)),
    }
}

fn refusal(result: LinkResult) -> Problem {
    match result {
        LinkResult::Denied(reason) => Problem::new(Code::Forbidden, reason),
        _ => Problem::not_found("code or account"),
    }
}
