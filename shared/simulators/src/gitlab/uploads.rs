//! [Files that people upload](https://docs.gitlab.com/api/project_markdown_uploads/) to a project and link in issues.

use sha2::{Digest, Sha256};

use super::answer::{Answer, Call, Failure};
use super::state::Upload;
use super::world::Issue;

impl Upload {
    /// The files of an issue, and its description, which links them as GitLab's editor does.
    ///
    /// # Errors
    /// The mistake in the world, in words.
    pub(super) fn all_of(
        issue: &Issue,
        project: &str,
        iid: u64,
    ) -> Result<(Vec<Self>, Option<String>), String> {
        let mut description = issue.description.clone();
        let mut uploads = Vec::new();
        for file in &issue.attachments {
            let name = sanitized(&file.name);
            let digest = Sha256::digest(format!("{project}#{iid}/{name}"));
            let upload = Self {
                secret: hex::encode(&digest[..16]),
                name,
                media_type: file.media_type(),
                bytes: file.bytes()?,
                deleted: file.deleted,
            };
            let sign = if upload.media_type.starts_with("image/") { "!" } else { "" };
            let link = format!("{sign}[{0}](/uploads/{1}/{0})", upload.name, upload.secret);
            description = Some(format!("{}\n\n{link}", description.unwrap_or_default()));
            uploads.push(upload);
        }
        Ok((uploads, description))
    }
}

/// The name that GitLab gives an upload.
fn sanitized(name: &str) -> String {
    name.replace(|c: char| !(c.is_alphanumeric() || "_.-+".contains(c)), "_")
}

pub(super) fn get(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (secret, name) = (call.parameter("secret"), call.parameter("filename"));
    let mut uploads = call.project().uploads.iter();
    let found = uploads.find(|file| file.secret == secret && file.name == name && !file.deleted);
    let file = found.ok_or_else(|| Failure::not_found(""))?;
    Ok(Answer::file(file.media_type.clone(), file.bytes.clone()))
}
