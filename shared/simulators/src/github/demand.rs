//! What callers may do to repositories.

use super::{
    access::{Caller, Need, wants_installation},
    failure::Failure,
    state::Repository,
    world::{Level, Role},
};

impl Caller {
    /// Whether the caller may do to a repository what a call needs. One that may not even know it is told that it does
    /// not exist.
    pub(super) fn demand(&self, need: &Need, repository: &Repository) -> Result<(), Failure> {
        let open = !repository.private && need.level == Level::Read;
        match self {
            Self::App => Err(wants_installation()),
            Self::Anonymous if open => Ok(()),
            Self::Anonymous if repository.private => Err(Failure::not_found()),
            Self::Anonymous => Err(Failure::new(401, "Requires authentication")),
            Self::User { login } => {
                let public = (!repository.private).then_some(Role::Read);
                match repository.collaborators.get(login).copied().max(public) {
                    None => Err(Failure::not_found()),
                    Some(role) if role >= need.role => Ok(()),
                    Some(_) => Err(Failure::new(403, "Must have push access to repository")),
                }
            }
            Self::Installation { permissions, repositories, .. } => {
                if repositories.as_ref().is_some_and(|chosen| !chosen.contains(&repository.id)) {
                    return if open { Ok(()) } else { Err(Failure::not_found()) };
                }
                let granted = need.permissions.iter().any(|name| {
                    *name == "metadata" || permissions.get(*name).is_some_and(|level| *level >= need.level)
                });
                if granted {
                    Ok(())
                } else {
                    Err(Failure::new(403, "Resource not accessible by integration"))
                }
            }
        }
    }
}
