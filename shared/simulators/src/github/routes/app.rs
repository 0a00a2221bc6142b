//! [GitHub Apps](https://docs.github.com/rest/apps/apps): the app, its installation and the tokens that gives out.

use std::collections::BTreeMap;

use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::{Answer, Call, Failure};
use crate::github::{
    access::{AppAccount, Caller, Permissions},
    shapes::{moment, permissions},
    state::HookConfig,
    world::Level,
};

/// The app, for a caller that shows the app's own JWT.
pub(super) fn authenticated<'a>(call: &'a Call<'_>) -> Result<&'a AppAccount, Failure> {
    match (&call.caller, &call.state.access.accounts.app) {
        (Caller::App, Some(app)) => Ok(app),
        _ => Err(Failure::new(401, "A JSON web token could not be decoded")),
    }
}

/// `GET /app`
pub(super) fn get_app(call: &mut Call<'_>) -> Result<Answer, Failure> {
    authenticated(call).map(|app| Answer::ok(shape(call, app)))
}

/// `POST /app-manifests/{code}/conversions`
pub(super) fn convert(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let agreed = call.state.agreed.take_if(|agreed| {
        let code = call.parameters.get("code");
        code.is_some_and(|code| *code == agreed.code)
    });
    let agreed = agreed.ok_or_else(Failure::not_found)?;
    let secret = uuid::Uuid::new_v4().simple().to_string();
    call.state.log.redact(&secret);
    let app = call.state.access.accounts.app.as_mut().ok_or_else(Failure::not_found)?;
    (app.permissions, app.events, app.is_installed) = (agreed.permissions, agreed.events, false);
    app.permissions.entry("metadata".into()).or_insert(Level::Read);
    let webhook_secret = agreed.hook.is_some().then(|| secret.clone());
    call.state.app_hook = HookConfig {
        url: agreed.hook.unwrap_or_default(),
        content_type: "json".into(),
        secret: webhook_secret.clone(),
    };
    let app = call.state.access.accounts.app.as_ref().ok_or_else(Failure::not_found)?;
    let mut made = shape(call, app);
    made["pem"] = app.private_key.expose_secret().into();
    made["webhook_secret"] = webhook_secret.into();
    made["client_id"] = format!("Iv1.{}", app.id).into();
    made["client_secret"] = secret.into();
    Ok(Answer::created(made))
}

fn shape(call: &Call<'_>, app: &AppAccount) -> Value {
    // The App belongs to the owner of the first repository.
    let owner = call.state.repositories.first().map(|repository| repository.owner.clone());
    let owner = call.state.user(&owner.unwrap_or_default());
    let since = moment(call.now());
    json!({
        "id": app.id,
        "slug": app.slug,
        "node_id": "A_kwHOAAAAAQ",
        "owner": owner,
        "name": app.slug,
        "description": null,
        "external_url": "https://ticketsmith.example",
        "html_url": format!("{}/apps/{}", call.state.address, app.slug),
        "created_at": since,
        "updated_at": since,
        "permissions": permissions(&app.permissions),
        "events": app.events,
        "installations_count": u8::from(app.is_installed),
    })
}

/// The app, where its installation is there.
fn of_installation<'a>(call: &'a Call<'_>) -> Result<&'a AppAccount, Failure> {
    let app = authenticated(call)?;
    if app.is_installed { Ok(app) } else { Err(Failure::not_found()) }
}

/// `GET /repos/{owner}/{repo}/installation`
pub(super) fn get_installation(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let app = of_installation(call)?;
    let (address, id, owner) = (&call.state.address, app.installation, &call.repository().owner);
    let account = call.state.user(owner);
    let since = moment(call.now());
    Ok(Answer::ok(json!({
        "id": id,
        "app_id": app.id,
        "app_slug": app.slug,
        "target_id": account["id"],
        "target_type": account["type"],
        "account": account,
        "repository_selection": "all",
        "access_tokens_url": format!("{address}/app/installations/{id}/access_tokens"),
        "repositories_url": format!("{address}/installation/repositories"),
        "html_url": format!("{address}/settings/installations/{id}"),
        "permissions": permissions(&app.permissions),
        "events": app.events,
        "created_at": since,
        "updated_at": since,
        "single_file_name": null,
        "suspended_by": null,
        "suspended_at": null,
    })))
}

/// `POST /app/installations/{installation}/access_tokens`, narrowed to the permissions and repositories asked for.
pub(super) fn create_token(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let app = of_installation(call)?;
    if call.number("installation")? != app.installation {
        return Err(Failure::not_found());
    }
    let granted = narrowed_permissions(call, app)?;
    let repositories = narrowed_repositories(call)?;
    let now = call.now();
    let (token, expires_at) = call.state.access.grant(granted.clone(), repositories.clone(), now);
    call.state.log.redact(&token);
    let mut shown = json!({
        "token": token,
        "expires_at": moment(expires_at),
        "permissions": permissions(&granted),
        "repository_selection": if repositories.is_some() { "selected" } else { "all" },
    });
    if let Some(ids) = repositories {
        let chosen = call.state.repositories.iter().filter(|repository| ids.contains(&repository.id));
        shown["repositories"] = chosen.map(|repository| call.state.repository(repository)).collect();
    }
    Ok(Answer::created(shown))
}

fn narrowed_permissions(call: &Call<'_>, app: &AppAccount) -> Result<Permissions, Failure> {
    let asked: BTreeMap<String, Level> = match call.body.get("permissions") {
        None | Some(Value::Null) => return Ok(app.permissions.clone()),
        Some(asked) => serde_json::from_value(asked.clone())
            .map_err(|_| Failure::malformed("permissions", "is not an object of read, write and admin"))?,
    };
    for (name, level) in &asked {
        if app.permissions.get(name).is_none_or(|granted| granted < level) {
            return Err(Failure::new(422, "The permissions requested are not granted to this installation."));
        }
    }
    let mut granted = asked;
    granted.entry("metadata".into()).or_insert(Level::Read);
    Ok(granted)
}

/// The ids of the chosen repositories; nothing when all of them are meant.
fn narrowed_repositories(call: &Call<'_>) -> Result<Option<Vec<u64>>, Failure> {
    let (names, ids) = (call.list("repositories")?, call.list("repository_ids")?);
    if names.is_empty() && ids.is_empty() {
        return Ok(None);
    }
    let unknown = || {
        let message = "There is at least one repository that does not exist or is not accessible to the parent installation.";
        Failure::new(422, message)
    };
    let all = &call.state.repositories;
    let by_name =
        names.iter().map(|name| all.iter().find(|known| name.as_str() == Some(known.name.as_str())));
    let by_id = ids.iter().map(|id| all.iter().find(|known| id.as_u64() == Some(known.id)));
    by_name
        .chain(by_id)
        .map(|found| found.map(|known| known.id).ok_or_else(unknown))
        .collect::<Result<_, _>>()
        .map(Some)
}
