//! `/tokens`: machine tokens.

use crate::api::Shared;
use crate::body::Body;
use crate::caller::Caller;
use crate::cursor;
use crate::endpoints::{Endpoints, routes};
use crate::problem::{Code, InvalidField, Problem};
use crate::query::{Given, Nothing, Parameters, Query};
use crate::routes::answers::{OfOne, Signed, WithBody};
use crate::routes::page::Page;
use crate::routes::role::RoleName;
use crate::segments::Segments;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::Json;
use control::{Authorization, Operation};
use domain::configuration::Role;
use domain::text::is_hidden;
use domain::{Actor, Scope};
use jiff::{SignedDuration, Timestamp};
use records::{MOST_TOKENS, MOST_TOKENS_OF_ONE, MachineToken, TokenKept};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use sign_in::{LONGEST_LIFE, new_token};
use std::collections::BTreeSet;
use utoipa::{IntoParams, ToSchema};

/// The most days that a token is valid.
const MOST_DAYS: u16 = (LONGEST_LIFE.as_hours() / 24) as u16;

/// The most characters of a token's name.
const NAME_LIMIT: usize = 100;

/// The most projects that a token is limited to.
const PROJECT_LIMIT: usize = 50;

/// `/tokens` and `/tokens/{id}`.
pub(crate) fn routes() -> Endpoints {
    Endpoints::default().routes(routes!(list_tokens, create_token)).routes(routes!(revoke_token))
}

/// A machine token, without the token itself.
#[derive(Debug, Serialize, ToSchema)]
struct Token {
    /// Its public part.
    id: String,
    /// Its purpose.
    name: String,
    /// The person for whom it acts.
    owner: String,
    /// Whether it can be used.
    state: TokenState,
    /// The roles that it may use of its owner's.
    roles: Vec<RoleName>,
    /// The projects that it is limited to, by their keys; absent if it is for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    projects: Option<Vec<String>>,
    /// When it was created.
    created_at: Timestamp,
    /// From when it is refused.
    expires_at: Timestamp,
    /// When it was revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<Timestamp>,
    /// The person who revoked it.
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_by: Option<String>,
}

/// Whether a token can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum TokenState {
    /// It can.
    Active,
    /// Its time is over.
    Expired,
    /// Somebody has revoked it.
    Revoked,
}

impl Token {
    fn of(token: MachineToken, now: Timestamp) -> Self {
        let state = match token.revoked_at {
            Some(_) => TokenState::Revoked,
            None if token.valid_until <= now => TokenState::Expired,
            None => TokenState::Active,
        };
        Self {
            id: token.id,
            name: token.name,
            owner: token.owner,
            state,
            roles: token.scope.roles.into_iter().map(RoleName::from).collect(),
            projects: token.scope.projects.map(|projects| projects.into_iter().collect()),
            created_at: token.created_at,
            expires_at: token.valid_until,
            revoked_at: token.revoked_at,
            revoked_by: token.revoked_by,
        }
    }
}

/// Which tokens are listed.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListTokens {
    /// The most items on a page. Default: 100.
    #[param(minimum = 1, maximum = 100, required = false)]
    limit: usize,
    /// `next` of a page of the same query.
    #[param(min_length = 1, max_length = 1500)]
    cursor: Option<String>,
}

impl Parameters for ListTokens {
    fn read(given: &mut Given) -> Self {
        Self { limit: given.limit(), cursor: given.cursor() }
    }
}

/// Lists machine tokens, the newest first: one's own, and for admins everybody's.
#[utoipa::path(
    get, path = "/tokens", tag = "people", params(ListTokens),
    responses((status = 200, description = "A page of tokens.", body = Page<Token>), Signed)
)]
async fn list_tokens(
    State(api): State<Shared>,
    caller: Caller,
    Query(parameters): Query<ListTokens>,
) -> Result<Json<Page<Token>>, Problem> {
    let query = ["tokens"];
    let after = cursor::position(&api, &query, parameters.cursor.as_deref()).await?;
    let mut visible = Vec::new();
    for token in api.table.tokens().await? {
        let owner = owner_of(&caller, &token);
        let operation = Operation::ManageSignIns { owner: &owner };
        if api.control.authorize(&caller.asking(), &operation).await? == Authorization::Allowed {
            visible.push(token);
        }
    }
    let begin = match &after {
        None => 0,
        Some(after) => {
            visible.iter().position(|token| token.id == *after).map_or(visible.len(), |last| last + 1)
        }
    };
    let mut page: Vec<MachineToken> = visible.into_iter().skip(begin).take(parameters.limit + 1).collect();
    let more = page.len() > parameters.limit;
    page.truncate(parameters.limit);
    let next = page.last().filter(|_| more).map(|token| token.id.clone());
    let now = api.clock.now();
    let items = page.into_iter().map(|token| Token::of(token, now)).collect();
    Ok(Json(Page::new(&api, items, &query, next).await?))
}

fn owner_of(caller: &Caller, token: &MachineToken) -> Actor {
    caller.directory().configuration().identify(crate::identity::actor(token.owner.clone()))
}

/// A token to create.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateToken {
    /// Its purpose.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// The roles that it may use of yours. A role that you do not have gives it nothing.
    #[schema(min_items = 1, max_items = 4)]
    roles: Vec<RoleName>,
    /// The projects that it is limited to, by their keys; all if absent.
    #[serde(default)]
    #[schema(min_items = 1, max_items = 50)]
    projects: Option<Vec<String>>,
    /// For how many days it is valid.
    #[schema(minimum = 1, maximum = 90)]
    valid_days: u16,
}

/// A new token. It is shown only now.
#[derive(Debug, Serialize, ToSchema)]
struct NewToken {
    /// The token itself, for the header `Authorization: Bearer TOKEN`.
    token: String,
    #[serde(flatten)]
    kept: Token,
}

/// Creates a machine token, which acts for its creator.
///
/// It holds both its owner's roles and its own limits, and ends with its owner's access. A machine token cannot create others.
#[utoipa::path(
    post, path = "/tokens", tag = "people", request_body = CreateToken,
    responses(
        (status = 201, description = "The token, which is shown only now.", body = NewToken,
            headers(("Location" = String, description = "The token's path."))),
        (status = 409, description = "There are as many tokens as an installation keeps, or as many of the caller's as it keeps of one person.",
            body = crate::problem::ProblemBody, content_type = "application/problem+json"),
        Signed, WithBody
    )
)]
async fn create_token(
    State(api): State<Shared>,
    caller: Caller,
    _: Query<Nothing>,
    Body { value: body, .. }: Body<CreateToken>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<NewToken>), Problem> {
    let scope = scope(&api, &caller, &body).await?;
    let Some(owner) = caller.actor().person.clone() else {
        return Err(Problem::new(
            Code::Forbidden,
            "a token acts for a person under `users:` in the configuration, and the caller is not one; name one with Ticketsmith-As",
        ));
    };
    let configuration = caller.directory().configuration();
    match &scope.projects {
        None => caller.check(&api, &Operation::CreateToken { project: None }).await?,
        Some(projects) => {
            for key in projects {
                let project = configuration.project(key);
                caller.check(&api, &Operation::CreateToken { project }).await?;
            }
        }
    }
    let now = api.clock.now();
    let valid_until = now + SignedDuration::from_hours(24 * i64::from(body.valid_days));
    let (text, token) = new_token(&owner, &body.name, scope, now, valid_until);
    match api.table.put_token(&token).await? {
        TokenKept::Kept => {}
        TokenKept::TooMany => {
            return Err(Problem::new(
                Code::Conflict,
                format!("there are already {MOST_TOKENS} tokens; expired ones are removed after a month"),
            ));
        }
        TokenKept::TooManyOfOwner => {
            return Err(Problem::new(
                Code::Conflict,
                format!(
                    "you already have {MOST_TOKENS_OF_ONE} tokens, the most for one person; expired ones are removed after a month"
                ),
            ));
        }
    }
    tracing::info!(token = token.id, owner, "a machine token was created");
    let location = [(header::LOCATION, format!("{}/tokens/{}", crate::api::BASE, token.id))];
    let body = NewToken { token: text.expose_secret().to_owned(), kept: Token::of(token, now) };
    Ok((StatusCode::CREATED, location, Json(body)))
}

/// What a token may be used for, with its projects' keys as the configuration writes them.
async fn scope(api: &Shared, caller: &Caller, body: &CreateToken) -> Result<Scope, Problem> {
    let mut errors = Vec::new();
    let mut refuse = |path: &str, detail: String| errors.push(InvalidField { path: path.to_owned(), detail });
    let length = body.name.chars().count();
    let is_blank = body.name.trim().is_empty();
    if is_blank || length > NAME_LIMIT || body.name.chars().any(is_hidden) {
        let detail = "not only spaces, without control characters or invisible ones";
        refuse("/name", format!("accepted: 1 to {NAME_LIMIT} characters, {detail}"));
    }
    if !(1..=MOST_DAYS).contains(&body.valid_days) {
        refuse("/valid_days", format!("accepted: a whole number from 1 to {MOST_DAYS}"));
    }
    if body.roles.is_empty() {
        refuse("/roles", "accepted: at least one of viewer, developer, approver, admin".to_owned());
    }
    let configuration = caller.directory().configuration();
    let mut projects = BTreeSet::new();
    let given = body.projects.as_deref().unwrap_or_default();
    if body.projects.is_some() && !(1..=PROJECT_LIMIT).contains(&given.len()) {
        refuse(
            "/projects",
            format!("accepted: 1 to {PROJECT_LIMIT} keys of projects, or omit this field for all projects"),
        );
    }
    for (index, key) in given.iter().enumerate() {
        match configuration.project(key) {
            Some(project) if caller.knows(api, project).await? => {
                projects.insert(project.key.clone());
            }
            _ => {
                let detail = "there is no project with this key, or you may not see it";
                refuse(&format!("/projects/{index}"), detail.to_owned());
            }
        }
    }
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    let roles = body.roles.iter().copied().map(Role::from).collect();
    Ok(Scope { roles, projects: body.projects.is_some().then_some(projects) })
}

/// Revokes a machine token, at once and for good. Returns it as it is then.
///
/// For its owner, and for admins.
#[utoipa::path(
    delete, path = "/tokens/{id}", tag = "people",
    params(("id" = String, Path, description = "The token's id.")),
    responses((status = 200, description = "The token, revoked.", body = Token), OfOne)
)]
async fn revoke_token(
    State(api): State<Shared>,
    caller: Caller,
    Segments(id): Segments<String>,
    _: Query<Nothing>,
) -> Result<Json<Token>, Problem> {
    let not_found = || Problem::not_found("token");
    if id.is_empty() || id.len() > 64 {
        return Err(not_found());
    }
    let token = api.table.token(&id).await?.ok_or_else(not_found)?;
    let owner = owner_of(&caller, &token);
    let operation = Operation::ManageSignIns { owner: &owner };
    if api.control.authorize(&caller.asking(), &operation).await? != Authorization::Allowed {
        return Err(not_found());
    }
    let by = caller.actor().person.as_ref().unwrap_or(&caller.actor().id);
    let now = api.clock.now();
    let revoked = api.table.revoke_token(&id, by, now).await?.ok_or_else(not_found)?;
    tracing::info!(token = id, "a machine token was revoked");
    Ok(Json(Token::of(revoked, now)))
}
