//! What a caller's credentials say about them beyond who they are.

use domain::Scope;

/// What somebody's credentials add to their roles, or take from them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Authority {
    /// Their roles, and nothing else.
    #[default]
    Roles,
    /// A machine token: of its owner's roles those within these limits.
    Scoped(Scope),
    /// The installation's own credentials: whoever holds them may do everything, as they can change the table and the configuration anyway.
    /// Only answers, stops and undos are somebody's word, so they need a person with the right to them.
    Installation,
}
