//! How a deployment's secrets are bundled.

use crate::action::PluginType;

/// The secrets of a stage, bundled by privilege: access to a bundle includes all secrets in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bundle {
    /// The secrets that deliveries are signed with.
    Signing,
    /// Tracker, chat and pages.
    Work,
    /// Code host.
    Repository,
    /// Language models.
    Models,
    /// The keys that sign people's sessions, and our client secrets at sign-in providers.
    SignIn,
}

impl Bundle {
    /// Every bundle.
    pub const ALL: [Self; 5] = [Self::Signing, Self::Work, Self::Repository, Self::Models, Self::SignIn];

    /// The bundle's name, which is the end of the secret's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Signing => "signing",
            Self::Work => "work",
            Self::Repository => "repository",
            Self::Models => "models",
            Self::SignIn => "sign-in",
        }
    }

    /// The bundle for providers of this type; monitoring has none.
    pub fn of(plugin: PluginType) -> Option<Self> {
        match plugin {
            PluginType::TaskManagement | PluginType::Communication | PluginType::Documentation => {
                Some(Self::Work)
            }
            PluginType::VersionControl => Some(Self::Repository),
            PluginType::AiProvider => Some(Self::Models),
            PluginType::Monitoring => None,
        }
    }
}
