//! `get_repository_info`: reads a repository's metadata.

use crate::action::{Action, Done, NoOutput};
use crate::aliases;
use crate::context::Context;
use crate::spec::ActionSpec;
use domain::PluginType;
use domain::RepositoryName;
use domain::plugins::RepositoryAccess;
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
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// `owner/name`.
    pub repository: String,
    /// Where people open it.
    pub url: String,
    /// The branch shown first.
    pub default_branch: String,
    /// Its description.
    pub description: Option<String>,
    /// The main programming language.
    pub language: Option<String>,
    /// Whether only invited people see it.
    pub private: bool,
    /// Whether it is archived and can no longer be changed.
    pub archived: bool,
}

/// Reads the metadata.
///
/// # Errors
/// `Rejected` when the repository is not configured or does not exist; the code host's errors.
pub struct GetRepositoryInfo;

impl Action for GetRepositoryInfo {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_plugin("get_repository_info", PluginType::VersionControl);

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let host = context.code_host(RepositoryAccess::ReadContents).await?;
        let project = context.scope().project_of(input.repository.as_ref())?;
        let info = host.repository_info(&project.repository).await?;
        Ok(Done::for_good(Output {
            repository: info.repository.to_string(),
            url: info.url,
            default_branch: info.default_branch.to_string(),
            description: info.description,
            language: info.language,
            private: info.private,
            archived: info.archived,
        }))
    }
}
