//! Files that people upload with messages, their descriptions ([files.info](https://docs.slack.dev/reference/methods/files.info)) and their
//! contents, which Slack gives to a token with the scope `files:read`.

use axum::extract::{Path, State as AxumState};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::{Value, json};

use super::arguments::Arguments;
use super::{Answer, Channel, Refusal, Slack, State, User, answer};
use crate::attachment::Attachment;
use crate::credentials::{bearer, same};

/// An uploaded file.
#[derive(Debug, Clone)]
pub(super) struct File {
    id: String,
    name: String,
    media_type: String,
    bytes: Vec<u8>,
    user: String,
    channel: String,
    is_private: bool,
    is_deleted: bool,
}

impl File {
    /// The last segment of its addresses, which is the name as Slack writes it there.
    fn segment(&self) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() || "-._".contains(c) { c } else { '_' };
        self.name.to_lowercase().chars().map(plain).collect()
    }
}

impl Slack {
    /// Keeps the files that a person uploads with a message, and adds them to its event.
    pub(super) fn upload(
        &self,
        state: &mut State,
        files: &[Attachment],
        user: &User,
        channel: &Channel,
        event: &mut Value,
    ) -> Result<(), String> {
        let mut shown = Vec::new();
        for attached in files {
            let file = File {
                id: format!("F{:010}", state.files.len() + 1),
                name: attached.name.clone(),
                media_type: attached.media_type(),
                bytes: attached.bytes()?,
                user: user.id.clone(),
                channel: channel.id.clone(),
                is_private: channel.private,
                is_deleted: attached.deleted,
            };
            shown.push(self.file_json(&file));
            state.files.push(file);
        }
        if !shown.is_empty() {
            event["files"] = shown.into();
            // Mentions have no subtype.
            if event["type"] == "message" {
                event["subtype"] = "file_share".into();
            }
        }
        Ok(())
    }

    fn file_json(&self, file: &File) -> Value {
        let (team, base) = (&self.world().team, &self.0.base_url);
        let channels = |is_private: bool| {
            let here = (file.is_private == is_private).then_some(&file.channel);
            here.into_iter().collect::<Vec<_>>()
        };
        let segment = file.segment();
        json!({
            "id": file.id, "name": file.name, "title": file.name, "mimetype": file.media_type, "user": file.user,
            "size": file.bytes.len(), "mode": "hosted", "is_external": false, "is_public": !file.is_private,
            "channels": channels(false), "groups": channels(true), "ims": [],
            "url_private": format!("{base}/files-pri/{}-{}/{segment}", team.id, file.id),
            "url_private_download": format!("{base}/files-pri/{}-{}/download/{segment}", team.id, file.id),
            "permalink": format!("https://{}.slack.com/files/{}/{}/{segment}", team.domain, file.user, file.id),
        })
    }

    fn reads_files(&self) -> bool {
        self.world().app.scopes.iter().any(|scope| scope == "files:read")
    }
}

/// `files.info`, which needs the scope `files:read`.
pub(super) async fn info(AxumState(slack): AxumState<Slack>, arguments: Arguments) -> Answer {
    if !slack.reads_files() {
        return Err(Refusal::Because("missing_scope"));
    }
    let id = arguments.required("file", "file_not_found")?;
    let state = slack.lock();
    let file = state.files.iter().find(|file| file.id == id && !file.is_deleted);
    answer(json!({"file": slack.file_json(file.ok_or(Refusal::Because("file_not_found"))?)}))
}

/// The content of a file. A caller that may not read it is redirected to the page at which people sign in.
pub(super) async fn download(
    AxumState(slack): AxumState<Slack>,
    Path((both, segment)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let is_ours = bearer(&headers).is_some_and(|token| same(token, &slack.0.bot_token));
    if !is_ours || !slack.reads_files() {
        return Redirect::to(&format!("https://{}.slack.com/?redir=%2Ffiles-pri", slack.world().team.domain))
            .into_response();
    }
    let state = slack.lock();
    let team = &slack.world().team.id;
    let is_meant = |file: &&File| both == format!("{team}-{}", file.id) && segment == file.segment();
    match state.files.iter().find(is_meant) {
        Some(file) => ([(header::CONTENT_TYPE, file.media_type.clone())], file.bytes.clone()).into_response(),
        None => (StatusCode::NOT_FOUND, "file_not_found").into_response(),
    }
}
