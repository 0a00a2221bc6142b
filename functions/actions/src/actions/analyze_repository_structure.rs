//! `analyze_repository_structure`: counts languages, frameworks and file types of a repository, without a model.

use crate::action::{Action, Done, NoOutput};
use crate::aliases;
use crate::context::Context;
use crate::spec::ActionSpec;
use domain::ActionError;
use domain::PluginType;
use domain::plugins::{RepositoryAccess, TreeEntry, TreeEntryKind};
use domain::{BranchName, RepositoryName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The step's inputs.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// `owner/name` or a URL. Default: the project's repository.
    #[schemars(extend("x-aliases" = aliases::REPOSITORY))]
    #[serde(default)]
    pub repository: Option<RepositoryName>,
    /// The branch to read. Default: the project's base branch.
    #[schemars(extend("x-aliases" = aliases::BRANCH))]
    #[serde(default)]
    pub branch: Option<BranchName>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// Programming languages, the most files first.
    pub languages: Vec<String>,
    /// Frameworks and build tools, by their files.
    pub frameworks: Vec<String>,
    /// How many files there are.
    pub total_files: u32,
    /// Files by extension (`.rs`), the 50 most frequent; files without one stand under the empty name.
    pub file_types: BTreeMap<String, u32>,
    /// Files by folder, two levels deep, the 100 largest.
    pub directory_structure: BTreeMap<String, u32>,
}

/// Reads the tree and counts.
///
/// # Errors
/// `Rejected` when the repository is not configured or the branch does not exist; the code host's errors.
pub struct AnalyzeRepositoryStructure;

impl Action for AnalyzeRepositoryStructure {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec =
        ActionSpec::of_plugin("analyze_repository_structure", PluginType::VersionControl);

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let host = context.code_host(RepositoryAccess::ReadContents).await?;
        let scope = context.scope();
        let project = scope.project_of(input.repository.as_ref())?;
        let branch = input.branch.as_ref().unwrap_or(&project.base_branch);
        let head = host.find_branch(&project.repository, branch).await?.ok_or_else(|| {
            ActionError::rejected(format!("{} has no branch `{branch}`", project.repository))
        })?;
        Ok(Done::for_good(structure(&host.tree(&project.repository, head.as_str()).await?)))
    }
}

fn structure(tree: &[TreeEntry]) -> Output {
    let files: Vec<&str> = tree
        .iter()
        .filter(|entry| matches!(entry.kind, TreeEntryKind::File | TreeEntryKind::ExecutableFile))
        .map(|entry| entry.path.as_str())
        .collect();
    let languages = count(files.iter().filter_map(|path| language(path)));
    let types = count(files.iter().map(|path| extension(path)));
    let folders = count(files.iter().flat_map(|path| folders(path)));
    let mut frameworks: Vec<String> =
        files.iter().filter_map(|path| framework(file_name(path))).map(str::to_owned).collect();
    frameworks.sort();
    frameworks.dedup();
    Output {
        languages: languages.into_iter().map(|(name, _)| name).collect(),
        frameworks,
        total_files: u32::try_from(files.len()).unwrap_or(u32::MAX),
        file_types: types.into_iter().take(50).collect(),
        directory_structure: folders.into_iter().take(100).collect(),
    }
}

/// How often each name occurs, the most frequent first.
fn count<T: Into<String>>(names: impl Iterator<Item = T>) -> Vec<(String, u32)> {
    let mut counts = BTreeMap::<String, u32>::new();
    for name in names {
        *counts.entry(name.into()).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|(a, many), (b, few)| few.cmp(many).then(a.cmp(b)));
    counts
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// `.rs`; a name that begins with its only dot has none.
fn extension(path: &str) -> String {
    match file_name(path).rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => format!(".{}", extension.to_ascii_lowercase()),
        _ => String::new(),
    }
}

/// `a` and `a/b` of `a/b/c/d`.
fn folders(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').take(2).map(|(end, _)| &path[..end])
}

fn language(path: &str) -> Option<&'static str> {
    Some(match extension(path).as_str() {
        ".c" | ".h" => "C",
        ".cc" | ".cpp" | ".cxx" | ".hpp" => "C++",
        ".cs" => "C#",
        ".css" | ".scss" => "CSS",
        ".dart" => "Dart",
        ".ex" | ".exs" => "Elixir",
        ".go" => "Go",
        ".hs" => "Haskell",
        ".html" => "HTML",
        ".java" => "Java",
        ".js" | ".jsx" | ".mjs" | ".cjs" => "JavaScript",
        ".kt" | ".kts" => "Kotlin",
        ".lua" => "Lua",
        ".php" => "PHP",
        ".py" => "Python",
        ".r" => "R",
        ".rb" => "Ruby",
        ".rs" => "Rust",
        ".scala" => "Scala",
        ".sh" | ".bash" => "Shell",
        ".sql" => "SQL",
        ".swift" => "Swift",
        ".tf" => "Terraform",
        ".ts" | ".tsx" => "TypeScript",
        ".vue" => "Vue",
        _ => return None,
    })
}

fn framework(file_name: &str) -> Option<&'static str> {
    Some(match file_name {
        "Cargo.toml" => "Cargo",
        "Dockerfile" => "Docker",
        "Gemfile" => "Bundler",
        "Makefile" => "Make",
        "angular.json" => "Angular",
        "build.gradle" | "build.gradle.kts" => "Gradle",
        "cdk.json" => "AWS CDK",
        "composer.json" => "Composer",
        "docker-compose.yml" | "compose.yaml" => "Docker Compose",
        "go.mod" => "Go modules",
        "jest.config.js" | "jest.config.ts" => "Jest",
        "manage.py" => "Django",
        "mix.exs" => "Mix",
        "next.config.js" | "next.config.mjs" | "next.config.ts" => "Next.js",
        "package.json" => "npm",
        "pom.xml" => "Maven",
        "pubspec.yaml" => "Flutter",
        "pyproject.toml" | "setup.py" | "requirements.txt" => "Python packaging",
        "pytest.ini" | "conftest.py" => "pytest",
        "serverless.yml" => "Serverless Framework",
        "tsconfig.json" => "TypeScript compiler",
        "vite.config.js" | "vite.config.ts" => "Vite",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_a_tree_holds() {
        let entry =
            |path: &str| TreeEntry { path: path.into(), kind: TreeEntryKind::File, size: None, id: None };
        let mut tree: Vec<_> =
            ["src/shop/cart.py", "src/shop/x/y.py", "web/a.ts", "pyproject.toml", "LICENSE", ".gitignore"]
                .map(entry)
                .into();
        tree.push(TreeEntry { path: "src".into(), kind: TreeEntryKind::Folder, size: None, id: None });
        let output = structure(&tree);
        assert_eq!(output.languages, ["Python", "TypeScript"]);
        assert_eq!(output.frameworks, ["Python packaging"]);
        assert_eq!((output.total_files, output.file_types[".py"], output.file_types[""]), (6, 2, 2));
        assert_eq!((output.directory_structure["src"], output.directory_structure["src/shop"]), (2, 2));
        assert_eq!(output.directory_structure.get("src/shop/x"), None);
    }
}
