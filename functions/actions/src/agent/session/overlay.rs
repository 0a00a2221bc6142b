//! The files that a session changed, as they are kept and as the workspace has them.

use crate::context::Context;
use domain::ActionError;
use edits::{Change, ChangedContent, MovedContent};
use records::{MovedFile, OverlayFile, SessionHead};
use std::collections::BTreeMap;

/// The files of a session that changed in a turn.
#[derive(Debug, Default)]
pub(super) struct FileChanges {
    pub(super) changed: Vec<OverlayFile>,
    pub(super) reverted: Vec<String>,
}

/// What differs from the files as they were before, with their contents stored.
pub(super) async fn stored_changes(
    context: &Context<'_>,
    head: &SessionHead,
    before: &BTreeMap<String, Change>,
    after: &BTreeMap<String, Change>,
) -> Result<FileChanges, ActionError> {
    let (table, now) = (context.table(), context.clock().now());
    let mut changed = Vec::new();
    for (path, change) in after.iter().filter(|(path, change)| before.get(*path) != Some(change)) {
        let (content, is_base64) = match &change.content {
            Some(ChangedContent::Text(text)) => (Some(text), false),
            Some(ChangedContent::Base64(bytes)) => (Some(bytes), true),
            Some(ChangedContent::Moved(_)) | None => (None, false),
        };
        let moved = match &change.content {
            Some(ChangedContent::Moved(moved)) => {
                Some(MovedFile { from: moved.from.clone(), id: moved.id.clone(), size: moved.size })
            }
            _ => None,
        };
        let content = match content {
            Some(content) => Some(table.store_for_session(&head.id, content, now).await?),
            None => None,
        };
        changed.push(OverlayFile {
            path: path.clone(),
            content,
            is_base64,
            moved,
            executable: change.executable,
            before_sha256: change.before_sha256.clone(),
            before_id: change.before_id.clone(),
            turn: head.turn,
        });
    }
    let reverted = before.keys().filter(|path| !after.contains_key(*path)).cloned().collect();
    Ok(FileChanges { changed, reverted })
}

/// A kept file as the workspace has it.
pub(super) fn change_of(file: &OverlayFile, content: Option<String>) -> Change {
    let content = content.map(|content| match file.is_base64 {
        true => ChangedContent::Base64(content),
        false => ChangedContent::Text(content),
    });
    let moved = file.moved.clone().map(|MovedFile { from, id, size }| MovedContent { from, id, size });
    Change {
        content: moved.map(ChangedContent::Moved).or(content),
        executable: file.executable,
        before_sha256: file.before_sha256.clone(),
        before_id: file.before_id.clone(),
    }
}

/// What became of a file, in a few words.
pub(super) fn describe(change: &Change) -> String {
    let size = match &change.content {
        None => return "deleted".to_owned(),
        Some(ChangedContent::Text(text)) => format!("{} lines", text.lines().count()),
        Some(ChangedContent::Base64(_)) => "binary".to_owned(),
        Some(ChangedContent::Moved(moved)) => return format!("moved from {}", moved.from),
    };
    let is_new = change.before_sha256.is_none() && change.before_id.is_none();
    if is_new { format!("{size}, new") } else { format!("{size}, changed") }
}
