//! Permissions that a credential lacks or has in excess.

use std::fmt;

/// A permission that a person should change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermissionProblem {
    /// Whether it is missing or excessive, and what that means.
    pub kind: PermissionProblemKind,
    /// The permission in the provider's own words: `contents: write`, `EDIT_ISSUES`, `chat:write`.
    pub permission: String,
    /// What fails without it, or what it allows anyone with the credential to do.
    pub consequence: String,
    /// How to grant or remove it.
    pub remedy: String,
}

/// How a credential's permissions differ from what is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PermissionProblemKind {
    /// Something will fail.
    Missing,
    /// Nothing fails, but less is done than could be.
    Limiting,
    /// Nothing fails, but anyone who obtains the credential can do more than is needed.
    Excessive,
}

impl PermissionProblem {
    /// A missing permission.
    pub fn missing(
        permission: impl Into<String>,
        consequence: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            kind: PermissionProblemKind::Missing,
            permission: permission.into(),
            consequence: consequence.into(),
            remedy: remedy.into(),
        }
    }

    /// A missing permission without which nothing fails.
    pub fn limiting(
        permission: impl Into<String>,
        consequence: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { kind: PermissionProblemKind::Limiting, ..Self::missing(permission, consequence, remedy) }
    }

    /// Whether something will fail.
    pub fn is_missing(&self) -> bool {
        self.kind == PermissionProblemKind::Missing
    }

    /// An excessive permission.
    pub fn excessive(
        permission: impl Into<String>,
        consequence: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { kind: PermissionProblemKind::Excessive, ..Self::missing(permission, consequence, remedy) }
    }
}

impl fmt::Display for PermissionProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { permission, consequence, remedy, .. } = self;
        match self.kind {
            PermissionProblemKind::Missing | PermissionProblemKind::Limiting => {
                write!(formatter, "`{permission}` is missing: {consequence}; {remedy}")
            }
            PermissionProblemKind::Excessive => {
                write!(formatter, "`{permission}` is not needed: {consequence}; {remedy}")
            }
        }
    }
}
