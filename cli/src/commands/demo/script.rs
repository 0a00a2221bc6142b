//! The script of a demo: the delivery that starts it, and how the pull request is revised afterward.

use super::revisions;
use super::round::Revision;
use super::{checks_failed, code_review, plan};
use crate::exit::{Exit, Outcome};
use serde_json::{Map, Value};
use std::path::Path;

/// The action in the world.
pub(super) struct Script {
    /// The name of the delivery that starts the first round.
    pub(super) trigger: String,
    /// How the pull request is revised in a second one.
    pub(super) revision: Option<&'static Revision>,
    /// The world file.
    pub(super) world: Value,
    /// The names of all that can be asked for in this world.
    pub(super) accepted: Vec<String>,
}

impl Script {
    /// The delivery with this name, or the first in the world file that leads to a change; for a trigger of revisions, the first and the revision.
    ///
    /// # Errors
    /// Usage errors for a file that cannot be read, an unknown stack, or a name that no delivery has; it lists those that exist.
    pub(super) fn read(world: &Path, stack: &str, name: Option<&str>) -> Outcome<Self> {
        let at = |error: &dyn std::fmt::Display| Exit::usage(format!("{}: {error}", world.display()));
        let text = std::fs::read_to_string(world).map_err(|error| at(&error))?;
        // A shipped world was copied to a folder that the user did not name.
        let text = simulators::stack::of_stack(&text, stack)
            .map_err(|error| Exit::usage(format!("--stack: {error}")))?;
        let world: Value = simulators::reading::from_yaml(&text).map_err(|error| at(&error))?;
        let has_delivery = |name: &str| world["deliveries"].get(name).is_some();
        let review =
            Some(&code_review::ROUND).filter(|round| name == Some(round.name) && !has_delivery(round.name));
        let revision = name.and_then(revisions::find).or(review);
        let wanted = name.filter(|name| revision.is_none() && *name != checks_failed::NAME);
        let names = world["deliveries"].as_object().into_iter().flat_map(Map::keys);
        let known: Vec<String> = names.filter(|name| revisions::find(name).is_none()).cloned().collect();
        let is_meant = |known: &&String| match wanted {
            Some(name) => name == known.as_str(),
            // These do not end in a pull request by the agent, so they must be asked for.
            None => ![plan::NAME, code_review::NAME].contains(&known.as_str()),
        };
        let found = known.iter().find(is_meant).cloned();
        let own = [
            (checks_failed::NAME, checks_failed::is_possible(&world)),
            (code_review::NAME, code_review::ROUND.is_possible(&world)),
        ];
        let own = own.into_iter().filter_map(|(name, is_possible)| is_possible.then_some(name));
        let mut accepted = known;
        accepted.extend(revisions::names(&world).chain(own).map(str::to_owned));
        accepted.dedup();
        let all = accepted.join(", ");
        // What only the second round would find out is found out before the first is paid.
        let refused = match name {
            Some(name) if name == checks_failed::NAME && !checks_failed::is_possible(&world) => {
                Some(format!("`{name}` needs a check that can fail, and no check of the world has a `log`"))
            }
            Some(name) if revision.is_some_and(|revision| !revision.is_possible(&world)) => {
                Some(format!("the world has no person or place for `{name}`"))
            }
            _ => None,
        };
        if let Some(refused) = refused {
            return Err(Exit::usage(format!("{refused}; accepted: {all}")));
        }
        let trigger = found.ok_or_else(|| {
            let wanted = wanted.unwrap_or_default();
            Exit::usage(format!("the world has no delivery `{wanted}`; accepted: {all}"))
        })?;
        Ok(Self { trigger, revision, world, accepted })
    }
}
