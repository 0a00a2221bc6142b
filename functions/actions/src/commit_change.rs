//! The files of one commit: checked, joined with what others did meanwhile, and made into changes.

use domain::configuration::Project;
use domain::plugins::{FileChange, FileContent, TreeEntry, VersionControl};
use domain::{ActionError, BranchName, CommitSha};
use edits::{
    Edits, FileEdit, MovedContent, ProtectedPaths, Unshown, added_secrets, check_path, content_sha256, merge,
    path_problems, shown_text, suspicious,
};
use std::collections::{BTreeMap, BTreeSet};

/// The files of one commit and their base versions.
pub(crate) struct Change {
    files: Vec<FileEdit>,
    /// The commit that an implementation was made from; then a file without a former content must not exist.
    base: Option<CommitSha>,
}

impl Change {
    pub(crate) fn new(files: Vec<FileEdit>, edits: Option<Edits>) -> Result<Self, ActionError> {
        match (files.is_empty(), edits) {
            (true, Some(edits)) => Ok(Self { files: edits.files, base: Some(edits.base) }),
            (false, None) => Ok(Self { files, base: None }),
            (true, None) => {
                Err(ActionError::rejected("there is nothing to commit: give `implementation` or `files`"))
            }
            (false, Some(_)) => {
                Err(ActionError::rejected("give either `implementation` or `files`, not both"))
            }
        }
    }

    /// Checks that need no requests.
    pub(crate) fn check(&self, project: &Project, branch: &BranchName) -> Result<(), ActionError> {
        if *branch == project.base_branch {
            return Err(ActionError::rejected(format!(
                "`{branch}` is the base branch; accepted: another branch, whose changes people review"
            )));
        }
        let mut seen = BTreeSet::new();
        for file in &self.files {
            check_path(&file.path).map_err(|error| ActionError::rejected(error.to_string()))?;
            if !seen.insert(&file.path) {
                return Err(ActionError::rejected(format!("`{}` is changed twice in one commit", file.path)));
            }
        }
        for file in &self.files {
            if let Some(moved) = &file.moved
                && (moved.from == file.path || !seen.contains(&moved.from))
            {
                return Err(ActionError::rejected(format!(
                    "`{}` is moved from `{}`, which the same commit must delete or write",
                    file.path, moved.from
                )));
            }
        }
        ProtectedPaths::new(&project.protected_paths)?.check(self.files.iter().map(|file| file.path.as_str()))
    }

    /// Makes the change one of `parent`: every file still matches the base of its edit, or is joined with what became of it if `may_join`;
    /// it can be changed, and fits into the tree.
    pub(crate) async fn bring_up_to(
        &mut self,
        host: &dyn VersionControl,
        project: &Project,
        parent: &CommitSha,
        may_join: bool,
    ) -> Result<(), ActionError> {
        if self.base.as_ref() == Some(parent) {
            return Ok(());
        }
        let tree = host.tree(&project.repository, parent.as_str()).await?;
        // What was not read is compared by the ids of its blobs.
        let is_read = |file: &&FileEdit| file.before_id.is_none();
        let read: Vec<String> = self.files.iter().filter(is_read).map(|file| file.path.clone()).collect();
        let contents = match read.is_empty() {
            true => Vec::new(),
            false => host.read_files(&project.repository, parent.as_str(), &read).await?,
        };
        let (mut changed, mut problems) = (Vec::new(), Vec::new());
        let read = self.files.iter().enumerate().filter(|(_, file)| is_read(file));
        for ((at, file), content) in read.zip(&contents) {
            let made_from_something = self.base.is_some() || file.before_sha256.is_some();
            if made_from_something && content.as_ref().map(content_sha256) != file.before_sha256 {
                changed.push((at, file.path.clone(), content));
            }
            if let Some(Err(reason @ Unshown::Pointer)) = content.as_ref().map(shown_text) {
                problems.push(format!("`{}` cannot be changed, because it is {reason}", file.path));
            }
        }
        if problems.is_empty() && !changed.is_empty() {
            let paths: Vec<String> = changed.iter().map(|(_, path, _)| path.clone()).collect();
            let former = match &self.base {
                Some(base) if may_join => host.read_files(&project.repository, base.as_str(), &paths).await?,
                _ => Vec::new(),
            };
            let mut former = former.into_iter();
            changed.retain(|(at, path, content)| {
                let former = former.next().flatten();
                let Some(file) = self.files.get_mut(*at) else { return true };
                let Some(joined) = joined(file, former.as_ref(), content.as_ref()) else { return true };
                tracing::info!(path, "the change is joined with what became of the file meanwhile");
                file.content = Some(joined);
                file.before_sha256 = content.as_ref().map(content_sha256);
                false
            });
        }
        let mut changed: BTreeSet<&str> = changed.iter().map(|(_, path, _)| path.as_str()).collect();
        changed.extend(self.other_blobs(&tree));
        if !changed.is_empty() {
            let changed: Vec<_> = changed.into_iter().collect();
            return Err(ActionError::conflict(format!(
                "files have changed since the edits were made, so nothing is committed: {}",
                changed.join(", ")
            )));
        }
        problems.extend(path_problems(&self.files, &tree));
        if problems.is_empty() {
            return Ok(());
        }
        Err(ActionError::rejected(format!("the change cannot be committed: {}", problems.join("; "))))
    }

    /// The paths whose blobs in a tree are not those that the change was made from.
    fn other_blobs(&self, tree: &[TreeEntry]) -> Vec<&str> {
        let ids: BTreeMap<&str, Option<&str>> =
            tree.iter().map(|entry| (entry.path.as_str(), entry.id.as_deref())).collect();
        let unread = self.files.iter().flat_map(|file| {
            let before = file.before_id.as_deref().map(|id| (file.path.as_str(), id));
            let moved = file.moved.as_ref().map(|moved| (moved.from.as_str(), moved.id.as_str()));
            before.into_iter().chain(moved)
        });
        unread.filter(|(path, id)| ids.get(path) != Some(&Some(*id))).map(|(path, _)| path).collect()
    }

    /// Whether no secret is added: pushed code is widely visible, and stays in the history.
    pub(crate) async fn check_secrets(
        &self,
        host: &dyn VersionControl,
        project: &Project,
        parent: &CommitSha,
    ) -> Result<(), ActionError> {
        let paths = suspicious(&self.files);
        if paths.is_empty() {
            return Ok(());
        }
        let former = host.read_files(&project.repository, parent.as_str(), &paths).await?;
        match added_secrets(&self.files, &former) {
            None => Ok(()),
            Some(places) => Err(ActionError::rejected(format!(
                "the change adds what looks like a secret, so nothing is committed: {places}"
            ))),
        }
    }

    pub(crate) fn paths(&self) -> Vec<String> {
        self.files.iter().map(|file| file.path.clone()).collect()
    }

    pub(crate) fn into_changes(self) -> Result<Vec<FileChange>, ActionError> {
        let changes = self.files.into_iter().map(|file| {
            let content = file.new_content()?;
            let FileEdit { path, moved, executable, .. } = file;
            Ok(match (content, moved) {
                (Some(content), _) => FileChange::Write { path, content, executable },
                (None, Some(MovedContent { from, id, .. })) => {
                    FileChange::Move { path, from, id, executable }
                }
                (None, None) => FileChange::Delete { path },
            })
        });
        changes.collect()
    }
}

/// An edit joined with what others made of its file meanwhile; `None` if both changed the same lines, or it is not text before and after.
fn joined(file: &FileEdit, former: Option<&FileContent>, present: Option<&FileContent>) -> Option<String> {
    let (ours, Some(FileContent::Text(present))) = (file.content.as_ref()?, present) else { return None };
    match former {
        Some(former) if Some(content_sha256(former)) != file.before_sha256 => None,
        Some(FileContent::Text(former)) => merge(former, ours, present),
        Some(FileContent::Binary(_)) => None,
        None => (file.before_sha256.is_none() && ours == present).then(|| ours.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn change(paths: &[&str]) -> Change {
        let files = paths
            .iter()
            .map(|path| FileEdit {
                path: (*path).into(),
                content: Some(String::new()),
                base64: None,
                moved: None,
                executable: false,
                before_sha256: None,
                before_id: None,
            })
            .collect();
        Change { files, base: None }
    }

    fn check(branch: &str, paths: &[&str]) -> Result<(), String> {
        let project: Project =
            serde_json::from_value(json!({"key": "SHOP", "repository": "acme/shop"})).unwrap();
        change(paths).check(&project, &branch.parse().unwrap()).map_err(|error| error.message)
    }

    #[test]
    fn what_may_not_be_committed_is_named() {
        assert_eq!(check("feature/x", &["src/a.py"]), Ok(()));
        assert!(check("main", &["a"]).unwrap_err().contains("`main` is the base branch"));
        assert!(check("x", &["a", "a"]).unwrap_err().contains("twice"));
        assert!(check("x", &["../a"]).unwrap_err().contains("`../a`"));
        assert!(check("x", &[".GitHub/workflows/ci.yml"]).unwrap_err().contains(".GitHub/workflows/ci.yml"));
    }

    #[test]
    fn a_file_that_is_not_text_is_committed_by_its_bytes() {
        let file = |content: Option<&str>, base64: &str| FileEdit {
            path: "logo.png".into(),
            content: content.map(str::to_owned),
            base64: Some(base64.into()),
            moved: None,
            executable: false,
            before_sha256: None,
            before_id: None,
        };
        let changes = |file: FileEdit| Change { files: vec![file], base: None }.into_changes();
        let content = domain::plugins::FileContent::Binary(vec![0x89, 0, 0xff]);
        let written = FileChange::Write { path: "logo.png".into(), content, executable: false };
        assert_eq!(changes(file(None, "iQD/")).unwrap(), [written]);
        assert!(changes(file(None, "?")).unwrap_err().message.contains("`logo.png`: `base64` is not base64"));
        assert!(
            changes(file(Some("x"), "iQD/")).unwrap_err().message.contains("`content` or `base64`, not both")
        );
    }

    #[test]
    fn what_was_not_read_must_still_be_the_same_blob() {
        let entry = |id: &str| TreeEntry {
            path: "film.mp4".into(),
            kind: domain::plugins::TreeEntryKind::File,
            size: None,
            id: Some(id.into()),
        };
        let file = |path: &str, moved: Option<MovedContent>, before_id: Option<&str>| FileEdit {
            path: path.into(),
            content: None,
            base64: None,
            moved,
            executable: false,
            before_sha256: None,
            before_id: before_id.map(str::to_owned),
        };
        let moved = MovedContent { from: "film.mp4".into(), id: "a1".into(), size: 5 };
        let arrival = file("films/1.mp4", Some(moved), None);
        let change = Change { files: vec![file("film.mp4", None, Some("a1")), arrival.clone()], base: None };
        assert!(change.other_blobs(&[entry("a1")]).is_empty());
        for tree in [vec![entry("b2")], Vec::new()] {
            assert_eq!(change.other_blobs(&tree), ["film.mp4", "film.mp4"]);
        }
        let project: Project =
            serde_json::from_value(json!({"key": "SHOP", "repository": "acme/shop"})).unwrap();
        let branch: BranchName = "feature/x".parse().unwrap();
        assert_eq!(change.check(&project, &branch), Ok(()));
        let alone = Change { files: vec![arrival], base: None }.check(&project, &branch).unwrap_err();
        assert!(alone.message.contains("the same commit must delete or write"), "{alone}");
        let made = FileChange::Move {
            path: "films/1.mp4".into(),
            from: "film.mp4".into(),
            id: "a1".into(),
            executable: false,
        };
        assert_eq!(change.into_changes().unwrap(), [FileChange::Delete { path: "film.mp4".into() }, made]);
    }

    #[test]
    fn either_an_implementation_or_files() {
        assert!(Change::new(vec![], None).is_err());
        let edits = Edits { base: "a".repeat(40).parse().unwrap(), files: vec![] };
        assert!(Change::new(change(&["a"]).files, Some(edits)).is_err());
    }
}
