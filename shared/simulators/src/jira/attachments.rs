//! Files that are attached to tickets. Jira answers a request for one with the address of a media server, which is a key by itself, unless
//! it is asked to give the file itself:
//! <https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-attachments/#api-rest-api-3-attachment-content-id-get>.

use axum::extract::{Path, Query, State as AxumState};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::render::{Form, time};
use super::state::{Attached, Issue, State};
use super::{Failure, Jira};

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    redirect: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Key {
    token: Option<String>,
}

pub(super) async fn content(
    AxumState(jira): AxumState<Jira>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let state = jira.lock();
    let file = found(&state, &id).ok_or_else(|| {
        Failure::new(StatusCode::NOT_FOUND, format!("The attachment with id '{id}' does not exist"))
    })?;
    if asked.redirect == Some(false) {
        return Ok(given(file));
    }
    let address = jira.media_address(file);
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response())
}

/// The media server: its addresses are keys by themselves, and it refuses other credentials.
pub(super) async fn media(
    AxumState(jira): AxumState<Jira>,
    Path(id): Path<String>,
    Query(key): Query<Key>,
    headers: HeaderMap,
) -> Response {
    let state = jira.lock();
    match found(&state, &id) {
        _ if headers.contains_key(header::AUTHORIZATION) => {
            (StatusCode::BAD_REQUEST, "Only one auth mechanism allowed").into_response()
        }
        Some(file) if key.token.as_deref() == Some(&token(file)) => given(file),
        _ => StatusCode::FORBIDDEN.into_response(),
    }
}

fn found<'s>(state: &'s State, id: &str) -> Option<&'s Attached> {
    let mut all = state.issues.iter().flat_map(|issue| &issue.attachments);
    all.find(|file| file.id == id && !file.deleted)
}

/// The key in a file's address.
fn token(file: &Attached) -> String {
    format!("key-of-{}", file.id)
}

fn given(file: &Attached) -> Response {
    let name = file.name.replace(|c: char| !c.is_ascii_graphic() || c == '"', "_");
    let headers = [
        (header::CONTENT_TYPE, file.media_type.clone()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    (headers, file.bytes.to_vec()).into_response()
}

impl Jira {
    /// Where the media server has a file: this machine under its other name, so that it is another host.
    fn media_address(&self, file: &Attached) -> String {
        let base = self.0.base_url.replacen("127.0.0.1", "localhost", 1);
        format!("{base}/media/{}?token={}", file.id, token(file))
    }

    pub(super) fn attachments_json(&self, form: Form, issue: &Issue) -> Value {
        let shown = issue.attachments.iter().map(|file| {
            json!({
                "self": self.link(form, &format!("attachment/{}", file.id)),
                "id": file.id,
                "filename": file.name,
                "author": self.user_json(form, &file.author),
                "created": time(issue.created),
                "size": file.bytes.len(),
                "mimeType": file.media_type,
                "content": self.link(form, &format!("attachment/content/{}", file.id)),
            })
        });
        shown.collect()
    }
}
