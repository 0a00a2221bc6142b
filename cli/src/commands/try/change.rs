//! The agent's changes, as a patch for `git apply`.

use super::clone::LocalClone;
use crate::exit::{Exit, Outcome};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::CheckedFile;
use records::Table;

/// The patch of the changes by an execution's agents, with the bytes of files in whatever encoding; empty if there are none. It is made
/// in the clone's index, so that no file is written.
///
/// # Errors
/// Unreachable when the records or `git` do not answer.
pub(super) async fn patch(table: &Table, execution: &str, clone: &LocalClone) -> Outcome<Vec<u8>> {
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
    diff(clone).await
}

/// The difference between the index and the commit. Settings of the user such as `diff.noprefix` apply only to `git diff`.
async fn diff(clone: &LocalClone) -> Outcome<Vec<u8>> {
    let form = ["--binary", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames"];
    clone.git_bytes(["diff-index", "--cached", "--patch"].into_iter().chain(form).chain(["HEAD"]), b"").await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_patch_has_the_bytes_of_files_and_not_the_form_that_somebody_likes() {
        let folder = tempfile::tempdir().unwrap();
        let file = |path: &str, content: &[u8]| CheckedFile {
            path: path.into(),
            content: content.to_vec(),
            executable: false,
        };
        let latin1 = file("menu.txt", b"caf\xe9\n");
        let clone = LocalClone::of_files(folder.path().join("clone"), &[latin1]).await.unwrap();
        clone.git(["config", "diff.noprefix", "true"], b"").await.unwrap();
        clone.git(["update-index", "--force-remove", "--", "menu.txt"], b"").await.unwrap();
        clone.put(&file("old/menu.txt", b"caf\xe9\n")).await.unwrap();
        let patch = diff(&clone).await.unwrap();
        clone.git(["read-tree", "HEAD"], b"").await.unwrap();
        clone.git(["apply", "--cached"], &patch).await.unwrap();
        let paths: Vec<_> =
            clone.files().await.unwrap().into_iter().map(|file| (file.path, file.content)).collect();
        assert_eq!(paths, [("old/menu.txt".to_owned(), b"caf\xe9\n".to_vec())]);
    }
}
