//! `review_push`: whether people are asked before a change is pushed, and what.

use crate::action::{Action, Done, NoOutput};
use crate::agent::check_log::in_code;
use crate::aliases;
use crate::artifacts::Implementation;
use crate::context::Context;
use crate::gate::gate;
use crate::spec::ActionSpec;
use domain::plugins::{FileContent, RepositoryAccess};
use domain::{PluginType, RepositoryName};
use records::Partition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use similar::{ChangeTag, TextDiff};
use std::time::Duration;

/// So many files are listed.
const MOST_LISTED: usize = 30;

/// A diff that takes longer is not counted line by line.
const TIME_FOR_A_DIFF: Duration = Duration::from_millis(200);

/// The step's inputs.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// `owner/name` or a URL. Default: the project's repository.
    #[schemars(extend("x-aliases" = aliases::REPOSITORY))]
    #[serde(default)]
    pub repository: Option<RepositoryName>,
    /// The change, as `commit_changes` takes it; without one, nobody is asked.
    #[serde(default)]
    pub implementation: Option<Implementation>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// Whether people are asked before it is pushed.
    pub needed: bool,
    /// The question that an approval must ask; a yes to another question does not count.
    pub question: String,
    /// Why, and what changes, in Markdown.
    pub details: String,
    /// Who may answer, in the form of an approval: everybody with the role approver or admin.
    pub approvers: Vec<String>,
}

/// Decides by the project's `ci_gate`, and by whose words the agent's session took in.
///
/// # Errors
/// `Rejected` when the repository is not configured; `Internal` when the change has expired; the code host's errors.
pub struct ReviewPush;

impl Action for ReviewPush {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_plugin("review_push", PluginType::VersionControl)
        .reading(&[Partition::Inbox, Partition::Session]);

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let project = context.scope().project_of(input.repository.as_ref())?;
        let edits = context.load(input.implementation.as_ref().map(|made| &made.edits)).await?;
        let asked = match (&input.implementation, &edits) {
            (Some(implementation), Some(edits)) => {
                gate(context, project, implementation, edits).await?.zip(Some(edits))
            }
            _ => None,
        };
        let Some((gate, edits)) = asked else {
            let (question, details, approvers) = (String::new(), String::new(), Vec::new());
            return Ok(Done::for_good(Output { needed: false, question, details, approvers }));
        };
        let host = context.code_host(RepositoryAccess::ReadContents).await?;
        let listed: Vec<_> = edits.files.iter().take(MOST_LISTED).collect();
        // What was not read for the change is not read for its description.
        let read = listed.iter().filter(|file| file.before_id.is_none());
        let paths: Vec<String> = read.map(|file| file.path.clone()).collect();
        let former = match paths.is_empty() {
            true => Vec::new(),
            false => host.read_files(&project.repository, edits.base.as_str(), &paths).await?,
        };
        let mut former = former.into_iter();
        let mut lines = Vec::new();
        for file in &listed {
            let (path, after) = (in_code(&file.path), file.new_content()?);
            let before = if file.before_id.is_none() { former.next().flatten() } else { None };
            let what = match (&file.moved, &file.before_id) {
                (Some(moved), _) => format!("moved from `{}`", in_code(&moved.from)),
                (None, Some(_)) if after.is_none() => "deleted".to_owned(),
                (None, Some(_)) => "replaced".to_owned(),
                (None, None) => stat(before.as_ref(), after.as_ref()),
            };
            lines.push(format!("- `{path}`: {what}"));
        }
        let more = edits.files.len().saturating_sub(lines.len());
        if more > 0 {
            lines.push(format!("- and {more} more files"));
        }
        let details = format!("{}\n\n{}", gate.reason, lines.join("\n"));
        Ok(Done::for_good(Output { needed: true, question: gate.question, details, approvers: Vec::new() }))
    }
}

/// How a file changes, in a few words.
fn stat(before: Option<&FileContent>, after: Option<&FileContent>) -> String {
    let text = |content: Option<&FileContent>| match content {
        Some(FileContent::Text(text)) => Some(text.clone()),
        Some(FileContent::Binary(_)) => None,
        None => Some(String::new()),
    };
    let kind = match (before, after) {
        (None, _) => "new, ",
        (_, None) => "deleted, ",
        _ => "",
    };
    let (Some(before), Some(after)) = (text(before), text(after)) else { return format!("{kind}binary") };
    let diff = TextDiff::configure().timeout(TIME_FOR_A_DIFF).diff_lines(before.as_str(), after.as_str());
    let count = |tag| diff.iter_all_changes().filter(|change| change.tag() == tag).count();
    format!("{kind}+{} \u{2212}{}", count(ChangeTag::Insert), count(ChangeTag::Delete))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted() {
        let text = |text: &str| FileContent::Text(text.into());
        assert_eq!(stat(Some(&text("a\nb\n")), Some(&text("a\nc\nd\n"))), "+2 \u{2212}1");
        assert_eq!(stat(None, Some(&text("a\n"))), "new, +1 \u{2212}0");
        assert_eq!(stat(Some(&text("a\n")), None), "deleted, +0 \u{2212}1");
        assert_eq!(stat(Some(&FileContent::Binary(vec![0])), Some(&text("a"))), "binary");
    }
}
