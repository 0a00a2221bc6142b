//! The scope of a machine token.

use crate::configuration::Role;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The limits of a machine token. A token never adds to its owner's permissions: both the owner's roles and these limits apply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// The roles of the owner that the token may use.
    pub roles: BTreeSet<Role>,
    /// The projects it is limited to, by their keys; `None` means all, and also what belongs to no project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub projects: Option<BTreeSet<String>>,
}

impl Scope {
    /// Whether it includes one of these roles in a project; `None` is what belongs to no project. Keys are compared ignoring case.
    pub fn includes(&self, roles: &[Role], project: Option<&str>) -> bool {
        let in_project = match (&self.projects, project) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(projects), Some(key)) => projects.iter().any(|known| known.eq_ignore_ascii_case(key)),
        };
        in_project && roles.iter().any(|role| self.roles.contains(role))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_limits_roles_and_projects() {
        let all = Scope { roles: [Role::Viewer].into(), projects: None };
        assert!(all.includes(&[Role::Viewer, Role::Admin], None));
        assert!(all.includes(&[Role::Viewer], Some("SHOP")));
        assert!(!all.includes(&[Role::Admin], Some("SHOP")));
        assert!(!all.includes(&[], Some("SHOP")));
        let shop = Scope { projects: Some(["SHOP".to_owned()].into()), ..all };
        assert!(shop.includes(&[Role::Viewer], Some("shop")));
        assert!(!shop.includes(&[Role::Viewer], Some("WEB")));
        assert!(!shop.includes(&[Role::Viewer], None));
    }
}
