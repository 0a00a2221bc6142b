//! [Files that people attach](https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting/attaching-files) to
//! issues. The site gives those of public repositories to everybody, and those of private ones to people who are signed in, which no
//! program is, except on an Enterprise Server, where a token is let in. The API gives the address of a picture on another host, which is a key by itself, with the body as HTML.

use axum::{
    Router,
    extract::{Path, Query},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{GitHub, state::State, upload::Upload, world::Issue};
use crate::attachment::Attachment;

impl State {
    /// The body of an issue with links to its files, as GitHub's editor writes them.
    ///
    /// # Errors
    /// The mistake in the world, in words.
    pub(super) fn upload_all_of(
        &mut self,
        repository: usize,
        issue: &Issue,
    ) -> Result<Option<String>, String> {
        let mut body = issue.body.clone();
        for file in &issue.attachments {
            let link = self.upload(repository, file)?;
            body = Some(format!("{}\n\n{link}", body.unwrap_or_default()));
        }
        Ok(body)
    }

    fn upload(&mut self, repository: usize, file: &Attachment) -> Result<String, String> {
        let (id, media_type) = (self.next_id(), file.media_type());
        let is_picture = media_type.starts_with("image/");
        let name = file.name.replace(|c: char| !(c.is_alphanumeric() || "_.-".contains(c)), ".");
        let digest = hex::encode(Sha256::digest(format!("{id}/{name}")));
        let at = |from: usize, to: usize| digest.get(from..to).unwrap_or_default();
        let uuid = format!("{}-{}-4{}-8{}-{}", at(0, 8), at(8, 12), at(13, 16), at(17, 20), at(20, 32));
        let (path, sign) = match is_picture {
            true => (format!("assets/{uuid}"), "!"),
            false => (format!("files/{id}/{name}"), ""),
        };
        let link = format!("{sign}[{}]({}/user-attachments/{path})", file.name, self.address);
        self.uploads.push(Upload {
            path,
            stored: format!("{id}-{uuid}"),
            media_type,
            bytes: file.bytes()?,
            is_private: self.repositories[repository].private,
            deleted: file.deleted,
        });
        Ok(link)
    }

    /// Where the store has a file: this machine under its other name, so that it is another host.
    fn stored_at(&self, upload: &Upload) -> String {
        let store = self.address.replacen("127.0.0.1", "localhost", 1);
        format!("{store}/user-assets/{0}?jwt=key-of-{0}", upload.stored)
    }

    /// Whether the site of a server lets the sender of these headers in, as it does with the bot's token.
    fn lets_in(&self, headers: &HeaderMap) -> bool {
        let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let caller = self.access.caller(authorization, self.now());
        self.is_server && authorization.is_some() && caller.is_ok()
    }

    /// What somebody said with its body as HTML in the place of Markdown.
    pub(super) fn with_html(&self, mut said: Value, body: &str) -> Value {
        if let Some(fields) = said.as_object_mut() {
            fields.remove("body");
            fields.insert("body_html".to_owned(), self.as_html(body).into());
        }
        said
    }

    /// A body as HTML, in which pictures have their own addresses.
    pub(super) fn as_html(&self, body: &str) -> String {
        let mut html = body.replace('&', "&amp;").replace('<', "&lt;");
        let has_address = |upload: &&Upload| upload.path.starts_with("assets/") && !self.is_server;
        for upload in self.uploads.iter().filter(has_address) {
            let source = self.stored_at(upload).replace('&', "&amp;");
            let image = format!("<img src=\"{source}\">");
            html = html.replace(&format!("{}/user-attachments/{}", self.address, upload.path), &image);
        }
        html
    }
}

#[derive(Debug, Default, Deserialize)]
struct Key {
    jwt: Option<String>,
}

/// The site's addresses of files, and the store.
pub(super) fn router(github: &GitHub) -> Router {
    let linked = |path: String, github: GitHub, headers: HeaderMap| async move {
        github
            .with_state(move |state| {
                let mut all = state.uploads.iter();
                match all.find(|file| file.path == path && !file.deleted) {
                    Some(file) if file.is_private && state.lets_in(&headers) => {
                        ([(header::CONTENT_TYPE, file.media_type.clone())], file.bytes.clone())
                            .into_response()
                    }
                    Some(file) if !file.is_private => {
                        (StatusCode::FOUND, [(header::LOCATION, state.stored_at(file))]).into_response()
                    }
                    _ => StatusCode::NOT_FOUND.into_response(),
                }
            })
            .await
    };
    let (assets, files, store) = (github.clone(), github.clone(), github.clone());
    let (old_assets, old_files, on_server) = (github.clone(), github.clone(), github.clone());
    Router::new()
        // Links of earlier times lead to the same files, and so do those of an Enterprise Server.
        .route(
            "/{owner}/{repo}/assets/{number}/{uuid}",
            get(move |Path((_, _, _, uuid)): Path<(String, String, String, String)>, headers: HeaderMap| {
                linked(format!("assets/{uuid}"), old_assets.clone(), headers)
            }),
        )
        .route(
            "/{owner}/{repo}/files/{number}/{name}",
            get(
                move |Path((_, _, number, name)): Path<(String, String, String, String)>,
                      headers: HeaderMap| {
                    linked(format!("files/{number}/{name}"), old_files.clone(), headers)
                },
            ),
        )
        .route(
            "/storage/user/{number}/files/{uuid}",
            get(move |Path((_, uuid)): Path<(String, String)>, headers: HeaderMap| {
                linked(format!("assets/{uuid}"), on_server.clone(), headers)
            }),
        )
        .route(
            "/user-attachments/assets/{uuid}",
            get(move |Path(uuid): Path<String>, headers: HeaderMap| {
                linked(format!("assets/{uuid}"), assets.clone(), headers)
            }),
        )
        .route(
            "/user-attachments/files/{number}/{name}",
            get(move |Path((number, name)): Path<(String, String)>, headers: HeaderMap| {
                linked(format!("files/{number}/{name}"), files.clone(), headers)
            }),
        )
        .route(
            "/user-assets/{file}",
            get(move |Path(file): Path<String>, Query(key): Query<Key>, headers: HeaderMap| async move {
                store.clone().with_state(move |state| stored(state, &file, &key, &headers)).await
            }),
        )
}

/// The store refuses credentials in addition to the key in its address.
fn stored(state: &State, file: &str, key: &Key, headers: &HeaderMap) -> Response {
    let found = state.uploads.iter().find(|upload| upload.stored == file && !upload.deleted);
    match found {
        _ if headers.contains_key(header::AUTHORIZATION) => {
            (StatusCode::BAD_REQUEST, "Only one auth mechanism allowed").into_response()
        }
        Some(upload) if key.jwt.as_deref() == Some(&format!("key-of-{file}")) => {
            ([(header::CONTENT_TYPE, upload.media_type.clone())], upload.bytes.clone()).into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}
