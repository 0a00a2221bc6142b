//! How people make the App [from a manifest](https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest):
//! the page that takes it, which agrees at once, and the page where the App is installed. The App is the one of the world's secret; the
//! manifest says what it may do and hears.

use axum::{
    Form, Router,
    extract::{Path, Query},
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;

use super::{GitHub, access::Permissions, agreed::Agreed, state::State};

/// GitHub takes no longer names.
const LONGEST_NAME: usize = 34;

/// <https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest#github-app-manifest-parameters>
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    name: Option<String>,
    url: Option<String>,
    hook_attributes: Option<HookAttributes>,
    redirect_url: Option<String>,
    #[serde(default)]
    default_permissions: Permissions,
    #[serde(default)]
    default_events: Vec<String>,
    #[serde(rename = "description")]
    _description: Option<String>,
    #[serde(rename = "public")]
    _public: Option<bool>,
}

/// GitHub requires the address, whether or not the webhook is active.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HookAttributes {
    url: String,
    active: Option<bool>,
}

pub(super) fn router(github: &GitHub) -> Router {
    let (own, organization, installing) = (github.clone(), github.clone(), github.clone());
    Router::new()
        .route(
            "/settings/apps/new",
            post(async move |Query(query), Form(form)| {
                own.with_state(move |state| agree(state, None, query, form)).await
            }),
        )
        .route(
            "/organizations/{owner}/settings/apps/new",
            post(async move |Path(owner): Path<String>, Query(query), Form(form)| {
                organization.with_state(move |state| agree(state, Some(owner), query, form)).await
            }),
        )
        .route(
            "/apps/{slug}/installations/new",
            get(async move |Path(slug): Path<String>| {
                installing.with_state(move |state| install(state, &slug)).await
            }),
        )
}

type Fields = Vec<(String, String)>;

fn field(fields: &Fields, name: &str) -> String {
    fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()).unwrap_or_default()
}

/// The person agrees: the browser is sent back with a code.
fn agree(state: &mut State, owner: Option<String>, query: Fields, form: Fields) -> Response {
    let accepted = checked(state, owner.as_deref(), &field(&form, "manifest"));
    match accepted {
        Ok((back, agreed)) => {
            let query = [("code", agreed.code.clone()), ("state", field(&query, "state"))];
            let query = serde_urlencoded::to_string(query).unwrap_or_default();
            state.agreed = Some(agreed);
            (StatusCode::FOUND, [(header::LOCATION, format!("{back}?{query}"))]).into_response()
        }
        Err(problem) => {
            let told = format!("Invalid GitHub App configuration. Error: {problem}");
            (StatusCode::UNPROCESSABLE_ENTITY, told).into_response()
        }
    }
}

fn checked(state: &State, owner: Option<&str>, text: &str) -> Result<(String, Agreed), String> {
    let is_owner = |owner: &str| state.repositories.iter().any(|repository| repository.owner == owner);
    if let Some(owner) = owner.filter(|owner| !is_owner(owner)) {
        return Err(format!("there is no organization {owner}"));
    }
    if state.access.accounts.app.is_none() {
        return Err("the world's secret has no `app_id`, so no App can be made in it".to_owned());
    }
    let manifest: Manifest = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if manifest.name.as_ref().is_some_and(|name| name.chars().count() > LONGEST_NAME) {
        return Err(format!("Name is too long (maximum is {LONGEST_NAME} characters)"));
    }
    let is_address = |text: &str| reqwest::Url::parse(text).is_ok_and(|url| url.has_host());
    let hook = manifest.hook_attributes.filter(|hook| hook.active != Some(false)).map(|hook| hook.url);
    let url = manifest.url.ok_or("\"url\" wasn't supplied.")?;
    let back = manifest.redirect_url.ok_or("\"redirect_url\" wasn't supplied.")?;
    if let Some(wrong) =
        [Some(&url), hook.as_ref(), Some(&back)].into_iter().flatten().find(|url| !is_address(url))
    {
        return Err(format!("{wrong} is not an address"));
    }
    for event in &manifest.default_events {
        if !demanded(event).iter().any(|name| manifest.default_permissions.contains_key(*name)) {
            return Err(format!("Default events are not supported by permissions: {event}"));
        }
    }
    let (permissions, events) = (manifest.default_permissions, manifest.default_events);
    Ok((back, Agreed { code: uuid::Uuid::new_v4().simple().to_string(), permissions, events, hook }))
}

/// One of which permissions an event needs; none of an event that an App cannot subscribe to.
fn demanded(event: &str) -> &'static [&'static str] {
    match event {
        "check_run" | "check_suite" => &["checks"],
        "issue_comment" => &["issues", "pull_requests"],
        "issues" => &["issues"],
        "pull_request" | "pull_request_review" | "pull_request_review_comment" => &["pull_requests"],
        "push" => &["contents"],
        "status" => &["statuses"],
        _ => &[],
    }
}

/// The person installs the App on all repositories.
fn install(state: &mut State, slug: &str) -> Response {
    match state.access.accounts.app.as_mut().filter(|app| app.slug == slug) {
        Some(app) => {
            app.is_installed = true;
            Html("Installed").into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
