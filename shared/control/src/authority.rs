//! What a caller's credentials say about them in addition to their identity.

use domain::Scope;

/// How somebody's credentials change what their roles allow.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Authority {
    /// Their roles, and nothing else.
    #[default]
    Roles,
    /// A machine token: of its owner's roles those within these limits.
    Scoped(Scope),
    /// The installation's own credentials: the holder may do everything, because they can change the table and the configuration anyway.
    /// Only answers, stops and undos are somebody's word, so they need a person with the right to them.
    Installation,
}

impl Authority {
    /// The limits of the machine token, if that is the credential.
    pub(crate) fn token(&self) -> Option<&Scope> {
        match self {
            Self::Scoped(scope) => Some(scope),
            Self::Roles | Self::Installation => None,
        }
    }
}
