//! What a credential may do and should not, or may not do and should.

use std::fmt;

/// One thing about what a credential may do that a person should change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermissionProblem {
    /// Whether something is missing or too much.
    pub kind: PermissionProblemKind,
    /// The permission in the provider's own words: `contents: write`, `EDIT_ISSUES`, `chat:write`.
    pub permission: String,
    /// What fails without it, or what it lets whoever has the credential do.
    pub consequence: String,
    /// How to grant it or take it away.
    pub remedy: String,
}

/// Which way a credential's permissions differ from what is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PermissionProblemKind {
    /// Something will fail.
    Missing,
    /// Nothing fails, but whoever gets hold of the credential can do more than is needed.
    Excessive,
}

impl PermissionProblem {
    /// A permission that is missing.
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

    /// A permission that is more than is needed.
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
            PermissionProblemKind::Missing => {
                write!(formatter, "`{permission}` is missing: {consequence}; {remedy}")
            }
            PermissionProblemKind::Excessive => {
                write!(formatter, "`{permission}` is not needed: {consequence}; {remedy}")
            }
        }
    }
}
