//! The agent's changes, as a patch for `git apply`.

use super::clone::LocalClone;
use crate::exit::{Exit, Outcome};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::CheckedFile;
use records::Table;

/// The patch of the changes by an execution's agents; empty if there are none. It is made in the clone's index, so that no file
/// is written.
///
/// # Errors
/// Unreachable when the records or `git` do not answer.
pub(super) async fn patch(table: &Table, execution: &str, clone: &LocalClone) -> Outcome<String> {
    clone.git(["read-tree", "HEAD"], b"").await?;
    for link in table.sessions_of(execution).await.map_err(Exit::unreachable)? {
        let Some(head) = table.session(&link.session).await.map_err(Exit::unreachable)? else { continue };
        for (path, file) in table.session_files(&head).await.map_err(Exit::unreachable)? {
            let Some(stored) = &file.content else {
                clone.git(["update-index", "--force-remove", "--", &path], b"").await?;
                continue;
            };
            let content: String = table.load(stored).await.map_err(Exit::unreachable)?;
            let bytes = match file.is_base64 {
                true => STANDARD.decode(&content).map_err(Exit::unreachable)?,
                false => content.into_bytes(),
            };
            clone.put(&CheckedFile { path, content: bytes, executable: file.executable }).await?;
        }
    }
    clone
        .git(["diff", "--cached", "--binary", "--no-color", "--no-ext-diff", "--no-renames", "HEAD"], b"")
        .await
}
