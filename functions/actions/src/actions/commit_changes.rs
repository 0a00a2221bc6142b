//! `commit_changes`: makes one commit of many files on a branch; its inverse moves the branch back.

use crate::action::{Action, Done, NoOutput};
use crate::actions::create_branch;
use crate::actions::create_branch::CreateBranch;
use crate::actions::delete_branch::DeleteBranch;
use crate::actions::revert_commit::RevertCommit;
use crate::aliases;
use crate::artifacts::Implementation;
use crate::context::Context;
use crate::gate::pass;
use crate::spec::ActionSpec;
use domain::configuration::Project;
use domain::plugins::{CommitRequest, FileChange, FileContent, RepositoryAccess, VersionControl};
use domain::{ActionError, BranchName, CommitSha, PluginType, RepositoryName};
use edits::{
    Edits, FileEdit, ProtectedPaths, Unshown, added_secrets, check_path, content_sha256, merge,
    path_problems, shown_text, suspicious,
};
use records::{OwnBranch, Partition};
use serde_json::json;
use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The step's inputs.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// `owner/name` or a URL. Default: the project's repository.
    #[schemars(extend("x-aliases" = aliases::REPOSITORY))]
    #[serde(default)]
    pub repository: Option<RepositoryName>,
    /// The branch to commit on; it is created from the base branch when it does not exist.
    #[schemars(extend("x-aliases" = aliases::SOURCE_BRANCH))]
    pub branch: BranchName,
    /// The start of a missing branch. Default: the project's base branch.
    #[schemars(extend("x-aliases" = ["target_branch"]))]
    #[serde(default)]
    pub base_branch: Option<BranchName>,
    /// What `generate_code_implementation` gave. Either this or `files`.
    #[schemars(extend("x-aliases" = ["generated_code"]))]
    #[serde(default)]
    pub implementation: Option<Implementation>,
    /// Files to write or delete. Either this or `implementation`.
    #[serde(default)]
    pub files: Vec<FileEdit>,
    /// The commit message. Default: the implementation's.
    #[schemars(extend("x-aliases" = ["commit_message"]))]
    #[serde(default)]
    pub message: Option<String>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The commit.
    pub sha: String,
    /// Where people see it.
    pub url: String,
    /// The branch.
    pub branch: String,
    /// The paths it changes.
    pub files: Vec<String>,
}

/// Makes the commit on top of the branch as it was first found, creating a missing branch as a separate effect. The
/// edits are those that the input's implementation refers to.
///
/// # Errors
/// `Rejected` when the change adds a secret or waits for an approval, when a path is illegal, protected or given twice, when there is nothing to commit, or when the branch is the base
/// branch; `Conflict` when the branch has changed since, or lines that the edits change; the code host's errors.
pub struct CommitChanges;

impl Action for CommitChanges {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_plugin("commit_changes", PluginType::VersionControl)
        .effect()
        .undone_by(&[RevertCommit::SPEC.name, DeleteBranch::SPEC.name])
        .reading(&[Partition::Inbox, Partition::Waiter])
        .writing(&[Partition::Repository, Partition::Session])
        // Its requests are the most, and under load each waits for its turn.
        .taking(180);

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let host = context.code_host(RepositoryAccess::WriteContents).await?;
        let (host, effect, scope) = (&*host, context.effect(), context.scope());
        let edits = context.load(input.implementation.as_ref().map(|made| &made.edits)).await?;
        let project = scope.project_of(input.repository.as_ref())?;
        let approved = match (&input.implementation, &edits) {
            // The push of an earlier attempt is only looked for.
            (Some(implementation), Some(edits)) if !effect.seeks() => {
                pass(context, project, implementation, edits).await?
            }
            _ => None,
        };
        let branch = &input.branch;
        let mut change = Change::new(input.files, edits)?;
        change.check(project, branch)?;
        let message = input
            .message
            .or_else(|| input.implementation.map(|implementation| implementation.commit_message))
            .ok_or_else(|| ActionError::rejected("no commit message is given"))?;

        let start = create_branch::Input {
            repository: Some(project.repository.clone()),
            branch: branch.clone(),
            base_branch: input.base_branch,
        };
        let asked = serde_json::to_value(&start)
            .map_err(|error| ActionError::internal(format!("a branch's input is not JSON: {error}")))?;
        let started = effect
            .part("branch", CreateBranch::SPEC.id(), asked)
            .perform(async |part| create_branch::create(host, part, scope, start).await)
            .await?;
        let parent: CommitSha = started
            .sha
            .parse()
            .map_err(|error: domain::repository::InvalidName| ActionError::internal(error.to_string()))?;
        if !effect.seeks() {
            // People approved exactly this content.
            let may_join = approved.is_none();
            change.bring_up_to(host, project, &parent, may_join).await?;
            change.check_secrets(host, project, &parent).await?;
        }

        let intent = effect.intend(false).await?;
        let files = change.paths();
        let request = CommitRequest {
            branch: branch.clone(),
            parent: parent.clone(),
            message,
            co_author: scope.login_at_code_host(project).map(str::to_owned),
            changes: change.into_changes()?,
        };
        // Before the commit, so that reports of its checks find its owner.
        let own = OwnBranch {
            run: scope.run.clone(),
            actor: scope.actor.clone(),
            project: scope.project.key.clone(),
            at: context.clock().now(),
        };
        let kept = context.table().put_own_branch(&project.repository, branch, &own).await;
        kept.map_err(ActionError::from)?;
        let earlier = match effect.seeks() {
            true => host.find_commit(&project.repository, branch, &intent.mark).await?,
            // The same request makes the same commit, so that a repeat changes nothing.
            false => None,
        };
        let commit = match earlier {
            Some(commit) => commit,
            None => {
                let place = providers::branch_url(&scope.configuration, project, branch);
                effect.send(place, host.commit(&project.repository, &request, &intent.mark)).await?
            }
        };
        if let Some((Some(session), change)) = approved {
            context.table().change_approved(&session, &change).await?;
        }
        let inverse = json!({ "repository": project.repository, "branch": branch, "sha": commit.sha, "parent": parent });
        let output =
            Output { sha: commit.sha.to_string(), url: commit.url, branch: branch.to_string(), files };
        Ok(Done::undone_by(output, RevertCommit::SPEC.id(), inverse))
    }
}

/// The files of one commit and their base versions.
struct Change {
    files: Vec<FileEdit>,
    /// The commit that an implementation was made from; then a file without a former content must not exist.
    base: Option<CommitSha>,
}

impl Change {
    fn new(files: Vec<FileEdit>, edits: Option<Edits>) -> Result<Self, ActionError> {
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
    fn check(&self, project: &Project, branch: &BranchName) -> Result<(), ActionError> {
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
        ProtectedPaths::new(&project.protected_paths)?.check(self.files.iter().map(|file| file.path.as_str()))
    }

    /// Makes the change one of `parent`: every file still matches the base of its edit, or is joined with what became of it if `may_join`;
    /// it can be changed, and fits into the tree.
    async fn bring_up_to(
        &mut self,
        host: &dyn VersionControl,
        project: &Project,
        parent: &CommitSha,
        may_join: bool,
    ) -> Result<(), ActionError> {
        if self.base.as_ref() == Some(parent) {
            return Ok(());
        }
        let contents = host.read_files(&project.repository, parent.as_str(), &self.paths()).await?;
        let (mut changed, mut problems) = (Vec::new(), Vec::new());
        for (at, (file, content)) in self.files.iter().zip(&contents).enumerate() {
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
        if !changed.is_empty() {
            let changed: Vec<_> = changed.iter().map(|(_, path, _)| path.as_str()).collect();
            return Err(ActionError::conflict(format!(
                "files have changed since the edits were made, so nothing is committed: {}",
                changed.join(", ")
            )));
        }
        problems.extend(path_problems(&self.files, &host.tree(&project.repository, parent.as_str()).await?));
        if problems.is_empty() {
            return Ok(());
        }
        Err(ActionError::rejected(format!("the change cannot be committed: {}", problems.join("; "))))
    }

    /// Whether no secret is added: pushed code is widely visible, and stays in the history.
    async fn check_secrets(
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

    fn paths(&self) -> Vec<String> {
        self.files.iter().map(|file| file.path.clone()).collect()
    }

    fn into_changes(self) -> Result<Vec<FileChange>, ActionError> {
        let changes = self.files.into_iter().map(|file| {
            let content = file.new_content()?;
            let FileEdit { path, executable, .. } = file;
            Ok(match content {
                Some(content) => FileChange::Write { path, content, executable },
                None => FileChange::Delete { path },
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

    fn change(paths: &[&str]) -> Change {
        let files = paths
            .iter()
            .map(|path| FileEdit {
                path: (*path).into(),
                content: Some(String::new()),
                base64: None,
                executable: false,
                before_sha256: None,
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
            executable: false,
            before_sha256: None,
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
    fn either_an_implementation_or_files() {
        assert!(Change::new(vec![], None).is_err());
        let edits = Edits { base: "a".repeat(40).parse().unwrap(), files: vec![] };
        assert!(Change::new(change(&["a"]).files, Some(edits)).is_err());
    }
}
