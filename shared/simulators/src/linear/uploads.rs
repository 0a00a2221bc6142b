//! [Files that people put into issues](https://linear.app/developers/file-storage-authentication): the description links them, and whoever
//! asks with the header `public-file-urls-expire-in` is given addresses that are keys by themselves.

use axum::extract::{Path, Query, State as AxumState};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::Linear;
use super::state::{Upload, id_of};
use super::world::Issue;

impl Upload {
    /// The files of an issue, and its description, which links them as Linear's editor does.
    ///
    /// # Errors
    /// The mistake in the world, in words.
    pub(super) fn all_of(issue: &Issue, base_url: &str) -> Result<(Vec<Self>, Option<String>), String> {
        let (mut uploads, mut description) = (Vec::new(), issue.description.clone());
        for (index, file) in issue.attachments.iter().enumerate() {
            let part = |kind: &str| id_of(kind, &format!("{}/{index}", issue.key));
            let path = format!("{}/{}/{}", id_of("workspace", ""), part("folder"), part("file"));
            let sign = if file.media_type().starts_with("image/") { "!" } else { "" };
            let link = format!("{sign}[{}]({base_url}/uploads/{path})", file.name);
            description = Some(format!("{}\n\n{link}", description.unwrap_or_default()));
            let (media_type, bytes) = (file.media_type(), file.bytes()?);
            uploads.push(Self { path, media_type, bytes, deleted: file.deleted });
        }
        Ok((uploads, description))
    }
}

/// The key in a file's address.
fn key_of(path: &str) -> String {
    format!("key-of-{path}")
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Key {
    signature: Option<String>,
}

/// `GET /uploads/{workspace}/{folder}/{file}`: it refuses credentials in addition to the key in the address.
pub(super) async fn get(
    AxumState(linear): AxumState<Linear>,
    Path((workspace, folder, file)): Path<(String, String, String)>,
    Query(key): Query<Key>,
    headers: HeaderMap,
) -> Response {
    let path = format!("{workspace}/{folder}/{file}");
    let state = linear.lock();
    let found = state.uploads.iter().find(|upload| upload.path == path && !upload.deleted);
    match found {
        _ if headers.contains_key(header::AUTHORIZATION) => {
            (StatusCode::BAD_REQUEST, "Only one auth mechanism allowed").into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
        Some(upload) if key.signature.as_deref() == Some(&key_of(&path)) => {
            ([(header::CONTENT_TYPE, upload.media_type.clone())], upload.bytes.clone()).into_response()
        }
        Some(_) => StatusCode::UNAUTHORIZED.into_response(),
    }
}

impl Linear {
    /// A text of an answer in which the addresses of files are keys by themselves. They are on this machine under its other name, so that it
    /// is another host.
    pub(super) fn with_keys(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for upload in &self.lock().uploads {
            let address = format!("{}/uploads/{}", self.base_url(), upload.path);
            let signed = format!("{address}?signature={}", key_of(&upload.path));
            text = text.replace(&address, &signed.replacen("127.0.0.1", "localhost", 1));
        }
        text
    }
}
