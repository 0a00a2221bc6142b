//! The initial contents of a simulated repository: the files of a folder, a clone, or files in a world file.

use std::collections::BTreeMap;
use std::path::Path;

use crate::error::WorldError;
use crate::git::{Git, GitError, Signature, TreeChange};
use crate::inside;

/// The content that a world describes; with neither a path nor files it is empty.
pub(crate) struct Content<'a> {
    /// A folder whose files become the first commit, or a git clone whose branches and tags are taken over.
    pub(crate) path: Option<&'a Path>,
    /// Files of the first commit: path and text.
    pub(crate) files: &'a BTreeMap<String, String>,
    pub(crate) default_branch: &'a str,
    /// Whom the first commit is by, and when.
    pub(crate) author: Signature,
}

impl Content<'_> {
    /// Makes the repository in a folder. `place` is where the world describes it, and relative paths start from `folder`.
    pub(crate) fn open(&self, target: &Path, place: &str, folder: &Path) -> Result<Git, WorldError> {
        let invalid = |place: String, problem: String| WorldError::Invalid { place, problem };
        let failed = |error: GitError| invalid(place.to_owned(), error.to_string());
        let git = Git::init(target, self.default_branch).map_err(failed)?;
        let tree = match self.path {
            Some(_) if !self.files.is_empty() => {
                return Err(invalid(place.to_owned(), "give `path` or `files`, not both".into()));
            }
            Some(path) => {
                let wrong = |problem: String| invalid(format!("{place}.path"), problem);
                let path = inside::existing(folder, path).map_err(wrong)?;
                if path.join(".git").exists() || path.join("HEAD").is_file() {
                    inside::check_clone(&path).map_err(wrong)?;
                    git.fetch(&path).map_err(failed)?;
                    None
                } else {
                    Some(git.tree_of_folder(&path).map_err(failed)?)
                }
            }
            None if self.files.is_empty() => None,
            None => {
                let texts: Vec<&[u8]> = self.files.values().map(String::as_bytes).collect();
                let names = git.write_blobs(&texts).map_err(failed)?;
                let changes = self.files.keys().zip(names);
                let changes = changes.map(|(path, sha)| TreeChange {
                    path: path.clone(),
                    object: Some(("100644".into(), sha)),
                });
                Some(git.write_tree(None, &changes.collect::<Vec<_>>()).map_err(failed)?)
            }
        };
        let branch = format!("refs/heads/{}", self.default_branch);
        if let Some(tree) = tree {
            let commit = git
                .write_commit(&tree, &[], &self.author, &self.author, "First version\n")
                .map_err(failed)?;
            git.set_reference(&branch, &commit).map_err(failed)?;
        } else if self.path.is_some() && git.reference(&branch).is_none() {
            let problem = format!("the clone has no branch `{}`", self.default_branch);
            return Err(invalid(format!("{place}.default_branch"), problem));
        }
        Ok(git)
    }
}
