//! What reviewers say about lines: [discussions](https://docs.gitlab.com/api/discussions/#merge-requests) with a position.

use crate::gitlab::{Gitlab, not_there};
use crate::pages::{PER_PAGE, page};
use domain::plugins::LineRemark;
use domain::{ActionError, RepositoryName};
use http_client::{Optional, Pages};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(crate) struct Discussion {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) notes: Vec<Note>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Note {
    #[serde(default)]
    pub(crate) id: u64,
    #[serde(default)]
    pub(crate) body: String,
    pub(crate) author: Author,
    #[serde(default)]
    pub(crate) resolved: bool,
    #[serde(default)]
    pub(crate) position: Option<Position>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Author {
    id: u64,
    pub(crate) username: String,
}

/// A note's position in the changes. A note about a whole file has no line.
#[derive(Debug, Deserialize)]
pub(crate) struct Position {
    #[serde(default)]
    pub(crate) new_path: Option<String>,
    #[serde(default)]
    pub(crate) old_path: Option<String>,
    #[serde(default)]
    pub(crate) new_line: Option<u64>,
}

impl Gitlab {
    /// GitLab has no reviews that notes belong to, so a reviewer's remarks are all those of the person that are not resolved: `review` is
    /// the reviewer's id.
    pub(crate) async fn remarks_of(
        &self,
        project: &RepositoryName,
        number: u64,
        review: u64,
    ) -> Result<Vec<LineRemark>, ActionError> {
        let notes =
            self.discussions_of(project, number).await?.into_iter().flat_map(|discussion| discussion.notes);
        let open = notes.filter(|note| note.author.id == review && !note.resolved);
        let shown = open.filter_map(|note| {
            let position = note.position?;
            let path = position.new_path.or(position.old_path)?;
            Some(LineRemark { path, line: position.new_line, first_line: None, text: note.body })
        });
        Ok(shown.collect())
    }

    /// The discussions of a merge request, oldest first.
    pub(crate) async fn discussions_of(
        &self,
        project: &RepositoryName,
        number: u64,
    ) -> Result<Vec<Discussion>, ActionError> {
        let path = "/projects/{id}/merge_requests/{noteable_id}/discussions";
        let values = [project.as_str(), &number.to_string()];
        let load = |at: String| async move {
            let request = self.client.get(path, &values).query("per_page", PER_PAGE).query("page", at);
            let answer = self.send(project, request).await.optional()?;
            let missing = || not_there(format!("merge request {project}!{number}"));
            page::<Discussion>(&answer.ok_or_else(missing)?, "page")
        };
        let pages = Pages::of(format!("GitLab's discussions of {project}!{number}"));
        pages.collect("1".to_owned(), usize::MAX, load).await
    }
}
