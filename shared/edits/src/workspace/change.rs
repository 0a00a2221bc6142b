//! Changing: every change is checked as a whole before any of it is made.

use super::Workspace;
use super::refusal::Refusal;
use super::view::{Present, Source};
use crate::file_edit::{FileEdit, MovedContent, content_sha256};
use crate::ignored_paths::IgnoredPaths;
use crate::moved::unread;
use crate::rules::{LARGEST_FILE, check_changeable, check_not_ignored, check_size, unchangeable};
use crate::shown::{Unshown, shown_text};
use crate::state::{Change, ChangedContent};
use crate::tree::path_problems;
use domain::plugins::{FileContent, TreeEntryKind};

/// No more files than this can differ from the base commit.
const MOST_CHANGES: usize = 1_000;
/// The contents of all changed files together have at most this many bytes.
const MOST_CHANGED_BYTES: usize = 10 * 1024 * 1024;

/// What becomes of one path; without content, the file is deleted.
struct Planned {
    path: String,
    content: Option<ChangedContent>,
    executable: bool,
}

/// The file of the base commit at a path; with neither a hash nor an id, there is none.
#[derive(Default)]
struct Before {
    /// The hash of its content, if it was read.
    sha256: Option<String>,
    /// The id of its blob, if it was not.
    id: Option<String>,
    executable: bool,
}

impl Before {
    /// Whether it has this content, at its path.
    fn is(&self, path: &str, content: &ChangedContent) -> Result<bool, Refusal> {
        let sha256 = match content {
            ChangedContent::Moved(moved) => return Ok(moved.from == path),
            ChangedContent::Text(text) => content_sha256(&FileContent::Text(text.clone())),
            content => content_sha256(&content.decoded()?),
        };
        Ok(self.sha256.as_ref() == Some(&sha256))
    }
}

impl Workspace<'_> {
    /// Gives a file another content, or creates it. Gives whether anything changed.
    pub(crate) async fn write(
        &mut self,
        path: &str,
        content: String,
        executable: bool,
    ) -> Result<bool, Refusal> {
        check_size(path, content.len())?;
        let path = &self.tree.in_present_folders(path);
        let unchanged = match self.find(path) {
            Some(present) => {
                let was_executable = present.kind == TreeEntryKind::ExecutableFile;
                was_executable == executable && self.text(&present).await? == content
            }
            None => {
                self.check_creatable(path)?;
                false
            }
        };
        if !unchanged {
            let text = ChangedContent::Text(content.clone());
            self.make(vec![Planned { path: path.to_owned(), content: Some(text), executable }]).await?;
        }
        self.note_read(path, &content);
        Ok(!unchanged)
    }

    /// The path of a file that must be loaded before it is moved or deleted: by its name it has no text, so that it was not imported.
    /// `None` for every other file.
    pub(crate) async fn to_load(&self, path: &str) -> Result<Option<String>, Refusal> {
        let file = self.changeable(path)?;
        let Source::Base(entry) = file.source else { return Ok(None) };
        if unread(entry).is_some() {
            return Ok(None);
        }
        if !self.is_loaded(&file) || entry.size.unwrap_or_default() > LARGEST_FILE as u64 {
            return Ok(None);
        }
        let read = self.base.contents.read(&[entry]).await?;
        Ok((!read.contains_key(&entry.path)).then(|| entry.path.clone()))
    }

    /// Deletes a file.
    pub(crate) async fn delete(&mut self, path: &str) -> Result<(), Refusal> {
        let file = self.changeable(path)?;
        let path = file.path.to_owned();
        self.taken_away(&file).await?;
        self.make(vec![Planned { path: path.clone(), content: None, executable: false }]).await?;
        self.state.read.remove(&path);
        self.state.unseen.remove(&path);
        Ok(())
    }

    /// Moves files one after the other, or none of them; contents and modes stay.
    pub(crate) async fn relocate_all(&mut self, moves: &[(String, String)]) -> Result<(), Refusal> {
        let before = self.state.clone();
        for (from, to) in moves {
            if let Err(refusal) = self.relocate(from, to).await {
                self.state = before;
                return Err(match refusal {
                    Refusal::Told(problem) if moves.len() > 1 => {
                        Refusal::Told(format!("{problem} None of the {} files was moved.", moves.len()))
                    }
                    other => other,
                });
            }
        }
        Ok(())
    }

    async fn relocate(&mut self, from: &str, to: &str) -> Result<(), Refusal> {
        let file = self.changeable(from)?;
        let to = &self.tree.in_present_folders(to);
        self.check_inside(to)?;
        check_changeable(to, to, self.base.protected)?;
        if let Some(present) =
            self.find(to).filter(|present| present.path == *to || present.path != file.path)
        {
            return Err(format!("`{}` already exists", present.path).into());
        }
        self.check_creatable(to)?;
        let content = self.taken_away(&file).await?;
        let (from, executable) = (file.path.to_owned(), file.kind == TreeEntryKind::ExecutableFile);
        if !matches!(content, ChangedContent::Moved(_)) {
            check_size(to, content.size())?;
        }
        self.make(vec![
            Planned { path: from.clone(), content: None, executable: false },
            Planned { path: to.clone(), content: Some(content), executable },
        ])
        .await?;
        if let Some(read) = self.state.read.remove(&from) {
            self.state.read.insert(to.clone(), read);
        }
        if let Some(unseen) = self.state.unseen.remove(&from) {
            self.state.unseen.insert(to.clone(), unseen);
        }
        Ok(())
    }

    /// A present file that may be changed.
    ///
    /// # Errors
    /// What is wrong with the path, or that it is protected, or not a file.
    pub(crate) fn changeable(&self, path: &str) -> Result<Present<'_>, String> {
        let file = self.file(path)?;
        check_changeable(path, file.path, self.base.protected)?;
        Ok(file)
    }

    /// The text of a file that the model has read and that has not changed since.
    pub(crate) async fn read_text(&self, file: &Present<'_>) -> Result<String, Refusal> {
        let text = self.text(file).await?;
        let path = file.path;
        let Some(read) = self.state.read.get(path) else {
            return Err(format!("`{path}` has not been read: read it with read_file first").into());
        };
        let content = FileContent::Text(text);
        if content_sha256(&content) != *read {
            return Err(
                format!("`{path}` has changed since it was read: read it again with read_file").into()
            );
        }
        match content {
            FileContent::Text(text) => Ok(text),
            FileContent::Binary(_) => Err(unchangeable(path, Unshown::Binary).into()),
        }
    }

    /// The content of a file that leaves its path. It is not read where nothing depends on it.
    async fn taken_away(&self, file: &Present<'_>) -> Result<ChangedContent, Refusal> {
        let entry = match file.source {
            Source::Changed(content) if matches!(content, ChangedContent::Moved(_)) => {
                return Ok(content.clone());
            }
            Source::Changed(_) => None,
            Source::Base(entry) => Some(entry),
        };
        if let Some(moved) = entry.and_then(unread) {
            return Ok(ChangedContent::Moved(moved));
        }
        let content = ChangedContent::new(&self.removable(file).await?);
        // Where sizes are not listed, it shows only now.
        if content.size() > LARGEST_FILE
            && let Some(entry) = entry
            && let Some(id) = &entry.id
        {
            let (from, id, size) = (entry.path.clone(), id.clone(), content.size() as u64);
            return Ok(ChangedContent::Moved(MovedContent { from, id, size }));
        }
        Ok(content)
    }

    /// The content of a file to remove from its path.
    async fn removable(&self, file: &Present<'_>) -> Result<FileContent, Refusal> {
        let content = self.content(file).await?;
        match shown_text(&content) {
            Err(reason) if !reason.may_be_removed() => Err(unchangeable(file.path, reason).into()),
            _ => Ok(content),
        }
    }

    /// Checks a path where nothing exists yet.
    pub(crate) fn check_creatable(&self, path: &str) -> Result<(), String> {
        self.check_inside(path)?;
        check_changeable(path, path, self.base.protected)?;
        if self.is_folder(path) {
            return Err(format!("`{path}` is a folder"));
        }
        let is_tracked = self.tree.find(path).is_some();
        if is_tracked {
            return Ok(());
        }
        let changed = || self.state.changes.iter().filter(|(name, _)| IgnoredPaths::is_file(name));
        if changed().next().is_none() {
            return check_not_ignored(path, self.base.ignored);
        }
        let mut ignored = self.base.ignored.clone();
        for (name, change) in changed() {
            let text = match &change.content {
                Some(ChangedContent::Text(text)) => Some(text.as_str()),
                _ => None,
            };
            ignored.replace(name, text);
        }
        check_not_ignored(path, &ignored)
    }

    /// Makes all changes, or none. A path whose content matches the base commit no longer counts as changed.
    async fn make(&mut self, planned: Vec<Planned>) -> Result<(), Refusal> {
        let mut changes = Vec::new();
        for Planned { path, content, executable } in planned {
            let before = self.before(&path).await?;
            let is_back = match &content {
                None => before.sha256.is_none() && before.id.is_none(),
                Some(content) => executable == before.executable && before.is(&path, content)?,
            };
            let Before { sha256: before_sha256, id: before_id, .. } = before;
            let change = Change { content, executable, before_sha256, before_id };
            changes.push((path, (!is_back).then_some(change)));
        }
        self.check_fits(&changes)?;
        for (path, change) in changes {
            match change {
                Some(change) => drop(self.state.changes.insert(path, change)),
                None => drop(self.state.changes.remove(&path)),
            }
        }
        Ok(())
    }

    /// The file of the base commit at a path.
    async fn before(&self, path: &str) -> Result<Before, Refusal> {
        let Some(entry) = self.tree.exact(path).filter(|entry| entry.kind != TreeEntryKind::Folder) else {
            return Ok(Before::default());
        };
        let executable = entry.kind == TreeEntryKind::ExecutableFile;
        if let Some(change) = self.state.changes.get(path) {
            let (sha256, id) = (change.before_sha256.clone(), change.before_id.clone());
            return Ok(Before { sha256, id, executable });
        }
        if let Some(unread) = unread(entry) {
            return Ok(Before { sha256: None, id: Some(unread.id), executable });
        }
        let content = self.content(&Present::in_base(entry)).await?;
        Ok(Before { sha256: Some(content_sha256(&content)), id: None, executable })
    }

    /// Checks that changes fit into the tree and into the bounds of a workspace.
    fn check_fits(&self, new: &[(String, Option<Change>)]) -> Result<(), String> {
        let kept = self.state.changes.iter().filter(|(path, _)| new.iter().all(|(other, _)| other != *path));
        let new = new.iter().filter_map(|(path, change)| Some((path, change.as_ref()?)));
        let all: Vec<_> = kept.chain(new).collect();
        // How paths fit together does not depend on contents.
        let files: Vec<FileEdit> = all
            .iter()
            .map(|(path, change)| FileEdit {
                path: (*path).clone(),
                content: change.content.as_ref().map(|_| String::new()),
                base64: None,
                moved: None,
                executable: change.executable,
                before_sha256: None,
                before_id: None,
            })
            .collect();
        if let Some(problem) = path_problems(&files, self.base.tree).into_iter().next() {
            return Err(problem);
        }
        if all.len() > MOST_CHANGES {
            return Err(format!("this would change more than {MOST_CHANGES} files, the most for one ticket"));
        }
        let kept = all.iter().filter_map(|(_, change)| change.content.as_ref());
        let kept = kept.filter(|content| !matches!(content, ChangedContent::Moved(_)));
        let bytes: usize = kept.map(ChangedContent::size).sum();
        if bytes > MOST_CHANGED_BYTES {
            return Err(format!(
                "the changed files would have {bytes} bytes together; at most {MOST_CHANGED_BYTES} are accepted"
            ));
        }
        Ok(())
    }
}
