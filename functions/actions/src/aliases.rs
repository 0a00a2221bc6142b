//! Other names of inputs that several actions have. Workflows may use any of them.

/// Of a repository.
pub(crate) const REPOSITORY: [&str; 2] = ["repository_path", "repository_url"];

/// Of a branch.
pub(crate) const BRANCH: [&str; 1] = ["branch_name"];

/// Of the branch of a pull request.
pub(crate) const SOURCE_BRANCH: [&str; 2] = ["branch_name", "source_branch"];

/// Of a pull request's number.
pub(crate) const NUMBER: [&str; 1] = ["pr_number"];
