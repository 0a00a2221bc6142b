//! `read_pull_request`: a pull request for a reviewer: its changes, and what is left of the previous review.

use crate::action::{Action, Done, NoOutput};
use crate::aliases;
use crate::context::Context;
use crate::pull_request::{named, reviews};
use crate::spec::ActionSpec;
use domain::plugins::{
    ChangedFile, FileContent, RepositoryAccess, ReviewThread, ReviewedPullRequest, VersionControl,
};
use domain::stored::cut_inline;
use domain::text::{TextLimit, cut, literal};
use domain::{ActionError, CommitSha, ErrorKind, PluginType, RepositoryName, Stored};
use edits::{DiffFile, ReviewSubject};
use records::Partition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most files that a review looks at.
const MOST_FILES: usize = 300;
/// The most lines that a review looks at, in bytes of text.
const MOST_LINES: usize = 600 * 1024;
/// No more of a description is shown.
const MOST_DESCRIPTION: TextLimit = TextLimit::bytes(16 * 1024);
/// The most threads of the previous review that a review continues.
const MOST_THREADS: usize = 50;

/// The step's inputs.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The pull request: `owner/name#7`, or a link to it.
    #[serde(default)]
    pub pull_request: Option<String>,
    /// `owner/name` or a URL. Default: the project's repository.
    #[schemars(extend("x-aliases" = aliases::REPOSITORY))]
    #[serde(default)]
    pub repository: Option<RepositoryName>,
    /// The pull request's number, where `pull_request` is not given.
    #[schemars(extend("x-aliases" = aliases::NUMBER))]
    #[serde(default)]
    pub number: Option<u64>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// `owner/name`.
    pub repository: String,
    /// The pull request's number.
    pub number: u64,
    /// How `add_comment` names it: `owner/name#7`.
    pub reference: String,
    /// Where people see it.
    pub url: String,
    /// The title.
    pub title: String,
    /// The branch with the changes.
    pub branch: String,
    /// The branch that they go to.
    pub base_branch: String,
    /// The commit with the changes.
    pub sha: String,
    /// The login of who opened it.
    pub author: Option<String>,
    /// Whether it is open.
    pub open: bool,
    /// Whether it was merged.
    pub merged: bool,
    /// Whether the changes are in another repository.
    pub from_fork: bool,
    /// The commit of our review before, if there was one.
    pub since: Option<String>,
    /// Whether there is something to review.
    pub due: bool,
    /// Why there is no review, or a note on it for people, in a sentence; empty for none.
    pub note: String,
    /// The title and the description, for an agent, as data.
    pub context: String,
    /// The whole diff, at most 32 KiB, whatever was reviewed before.
    pub diff: String,
    /// The lines to review and the threads of the review before, for an agent and for `submit_review`.
    pub review: Stored<ReviewSubject>,
}

/// Reads the pull request. After an earlier review of ours, only changes since its commit are to be reviewed.
///
/// # Errors
/// `Rejected` when no pull request is named, or it does not exist; the code host's errors.
pub struct ReadPullRequest;

impl Action for ReadPullRequest {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_plugin("read_pull_request", PluginType::VersionControl)
        .writing(&[Partition::Stored])
        .taking(120);

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let host = context.code_host(RepositoryAccess::WritePullRequests).await?;
        let (project, number) =
            named(context, input.pull_request.as_deref(), input.repository.as_ref(), input.number)?;
        let called = context.scope().pull_request_name(project);
        let (repository, host) = (&project.repository, &*host);
        let from = reviews(host, project)?;
        let read = from.read_pull_request(repository, number).await?;
        let changed = from.changes(repository, number).await?;
        let surplus = changed.len().saturating_sub(MOST_FILES);
        let mut files = diff(changed);
        // Lines are numbered as in the reviewed commit.
        if from.read_pull_request(repository, number).await?.head != read.head {
            let reference = host.pull_request_reference(repository, number);
            let moved =
                format!("{reference} got another commit while it was read; the next attempt reads it");
            return Err(ActionError::unavailable(moved).into());
        }
        let whole = in_words(&files);
        let mut since = from.last_reviewed(repository, number).await?;
        let mut notes = Vec::new();
        if read.is_from_fork {
            notes.push(format!(
                "This {called} comes from a fork, so it is only reviewed: it is not changed, and its code is not run."
            ));
        }
        if let Some(reviewed) = since.clone()
            && !keep_changes_since(host, repository, (&reviewed, &read.head), &mut files).await?
        {
            notes.push("The commit of the last review is gone, so everything is reviewed again.".to_owned());
            since = None;
        }
        if since.is_some() {
            files.retain(|file| file.is_fresh() || file.lines.is_empty());
        }
        notes.extend(unseen(&files));
        notes.extend(left_out(surplus));
        files.retain(DiffFile::is_fresh);
        let threads = match since {
            Some(_) => open_threads(from.threads(repository, number).await?),
            None => Vec::new(),
        };
        let is_new = since.as_ref() != Some(&read.head);
        let due = read.is_open && is_new && (!files.is_empty() || !threads.is_empty());
        if let Some(reason) = reason(&read, since.as_ref(), due, &called) {
            notes.insert(0, reason);
        }
        let subject = ReviewSubject {
            number,
            source: read.source.clone(),
            head: read.head.clone(),
            base: read.base.clone(),
            since: since.clone(),
            files,
            threads,
        };
        let now = context.clock().now();
        let review = context.table().store(&context.scope().execution, &subject, now).await?;
        let description = cut(&read.description, MOST_DESCRIPTION, "\n… (cut)");
        Ok(Done::for_good(Output {
            repository: repository.to_string(),
            number,
            reference: host.pull_request_reference(repository, number),
            context: format!("The {called}'s title: {}\n\nIts description:\n{description}", read.title),
            url: read.url,
            title: read.title,
            branch: read.source,
            base_branch: read.target,
            sha: read.head.to_string(),
            author: read.author,
            open: read.is_open,
            merged: read.is_merged,
            from_fork: read.is_from_fork,
            since: since.map(|since| since.to_string()),
            due,
            note: notes.join(" "),
            diff: whole,
            review,
        }))
    }
}

/// The files with their lines, within the limits.
fn diff(changed: Vec<ChangedFile>) -> Vec<DiffFile> {
    let mut left = MOST_LINES;
    let read = changed.into_iter().take(MOST_FILES).map(|file| {
        let former = file.former_path.as_deref().unwrap_or(&file.path);
        let patch = file.patch.unwrap_or_default();
        match left.checked_sub(patch.len()) {
            Some(rest) => {
                left = rest;
                DiffFile::parse(&file.path, former, &patch)
            }
            None => DiffFile {
                omitted: Some("the change is too large to show all of it".to_owned()),
                ..DiffFile::parse(&file.path, former, "")
            },
        }
    });
    read.collect()
}

/// The files with their lines, in a text.
fn in_words(files: &[DiffFile]) -> String {
    let shown = files.iter().map(|file| {
        let renamed = if file.path == file.former_path {
            String::new()
        } else {
            format!(" (was {})", file.former_path)
        };
        format!("{}{renamed}\n{}\n", file.path, file.shown())
    });
    cut_inline(&shown.collect::<String>())
}

/// Leaves only changes since a review. `false` if its commit can no longer be read.
async fn keep_changes_since(
    host: &dyn VersionControl,
    repository: &RepositoryName,
    (reviewed, head): (&CommitSha, &CommitSha),
    files: &mut [DiffFile],
) -> Result<bool, ActionError> {
    let paths: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
    let earlier = match host.read_files(repository, reviewed.as_str(), &paths).await {
        Err(error) if error.kind == ErrorKind::Rejected => return Ok(false),
        other => other?,
    };
    // A file that was moved since had its former path then.
    let former: Vec<String> = files.iter().map(|file| file.former_path.clone()).collect();
    let former = match former == paths {
        true => vec![None; paths.len()],
        false => host.read_files(repository, reviewed.as_str(), &former).await?,
    };
    let present = host.read_files(repository, head.as_str(), &paths).await?;
    let earlier = earlier.iter().zip(&former).map(|(earlier, former)| earlier.as_ref().or(former.as_ref()));
    for ((file, earlier), present) in files.iter_mut().zip(earlier).zip(&present) {
        file.keep_fresh(text(earlier), text(present.as_ref()));
    }
    Ok(true)
}

fn text(content: Option<&FileContent>) -> Option<&str> {
    match content {
        Some(FileContent::Text(text)) => Some(text),
        _ => None,
    }
}

/// Our unresolved threads.
fn open_threads(threads: Vec<ReviewThread>) -> Vec<ReviewThread> {
    let open = threads.into_iter().filter(|thread| thread.is_ours() && !thread.is_resolved);
    open.take(MOST_THREADS).collect()
}

/// How many files that a review does not see are named.
const MOST_NAMED: usize = 5;

/// What the review does not see, in a sentence.
fn unseen(files: &[DiffFile]) -> Option<String> {
    let missing = files.iter().filter(|file| file.lines.is_empty() || file.omitted.is_some());
    let names: Vec<String> = missing.map(|file| literal(&file.path)).collect();
    let named = names.iter().take(MOST_NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = match names.len().saturating_sub(MOST_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    match names.len() {
        0 => None,
        1 => Some(format!(
            "One changed file was not fully reviewed. It is too large, or it has no lines to show (binary, empty or only moved): {named}."
        )),
        all => Some(format!(
            "{all} changed files were not fully reviewed. They are too large, or they have no lines to show (binary, empty or only moved): {named}{more}."
        )),
    }
}

/// How many changed files nobody looked at, in a sentence.
fn left_out(surplus: usize) -> Option<String> {
    match surplus {
        0 => None,
        1 => Some(format!(
            "One more changed file was not reviewed: a review looks at no more than {MOST_FILES} files."
        )),
        more => Some(format!(
            "{more} more changed files were not reviewed: a review looks at no more than {MOST_FILES} files."
        )),
    }
}

/// Why there is nothing to review.
fn reason(read: &ReviewedPullRequest, since: Option<&CommitSha>, due: bool, called: &str) -> Option<String> {
    if due {
        return None;
    }
    Some(match since {
        _ if read.is_merged => format!("The {called} is merged, so it is not reviewed."),
        _ if !read.is_open => format!("The {called} is closed, so it is not reviewed."),
        Some(since) => {
            let short: String = since.as_str().chars().take(7).collect();
            format!("Nothing that I could review has changed since my review of {short}.")
        }
        None => format!("The {called} changes no line that I could review."),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_that_is_too_large_is_reviewed_in_part_and_says_so() {
        let line = format!("@@ -0,0 +1 @@\n+{}\n", "x".repeat(MOST_LINES / 2));
        let file = |path: &str, patch: Option<&str>| ChangedFile {
            path: path.into(),
            former_path: None,
            patch: patch.map(str::to_owned),
        };
        let files = diff(vec![
            file("a", Some(&line)),
            file("b", Some(&line)),
            file("c", None),
            file("d", Some("@@ -0,0 +1 @@\n+x\n")),
        ]);
        let lines: Vec<usize> = files.iter().map(|file| file.lines.len()).collect();
        assert_eq!(lines, [1, 0, 0, 1]);
        let told = unseen(&files).unwrap();
        assert!(told.starts_with("2 changed files") && told.ends_with("only moved): b, c."), "{told}");
        let shown = in_words(&files[1..2]);
        assert_eq!(shown, "b\n(the change is too large to show all of it)\n\n");
        let many: Vec<_> = (0..9).flat_map(|_| diff(vec![file("c", None)])).collect();
        assert!(unseen(&many).unwrap().ends_with(": c, c, c, c, c and 4 more."), "{:?}", unseen(&many));
        assert_eq!(unseen(&files[..1]), None);
        assert_eq!(left_out(0), None);
        assert_eq!(
            left_out(7).unwrap(),
            "7 more changed files were not reviewed: a review looks at no more than 300 files."
        );
    }
}
