//! The script of a demo: the delivery that starts it, and how the pull request is revised afterward.

use super::revisions;
use super::round::Revision;
use super::{checks_failed, code_review, plan};
use crate::exit::{Exit, Outcome};
use serde_json::{Map, Value};
use simulators::world::World;
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
    pub(super) fn read(path: &Path, stack: &str, name: Option<&str>) -> Outcome<Self> {
        let at = |error: &dyn std::fmt::Display| Exit::usage(format!("{}: {error}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| at(&error))?;
        // A shipped world was copied to a folder that the user did not name.
        let text = simulators::stack::of_stack(&text, stack)
            .map_err(|error| Exit::usage(format!("--stack: {error}")))?;
        let world: Value = simulators::reading::from_yaml(&text).map_err(|error| at(&error))?;
        // Its other mistakes are found here, too, rather than by the simulation, which the demo starts.
        let _valid = World::load_stack(path, stack).map_err(Exit::usage)?;
        let has_delivery = |name: &str| world["deliveries"].get(name).is_some();
        let review =
            Some(&code_review::ROUND).filter(|round| name == Some(round.name) && !has_delivery(round.name));
        let revision = name.and_then(revisions::find).or(review);
        let wanted = name.filter(|name| revision.is_none() && *name != checks_failed::NAME);
        let names = world["deliveries"].as_object().into_iter().flat_map(Map::keys);
        let known: Vec<String> = names.filter(|name| revisions::find(name).is_none()).cloned().collect();
        // The others do not end in a pull request by the agent, so they must be asked for.
        let is_first = |known: &&String| ![plan::NAME, code_review::NAME].contains(&known.as_str());
        let is_meant = |known: &&String| match wanted {
            Some(name) => name == known.as_str(),
            None => is_first(known),
        };
        let found = known.iter().find(is_meant).cloned();
        let own = [
            (checks_failed::NAME, checks_failed::is_possible(&world)),
            (code_review::NAME, code_review::ROUND.is_possible(&world)),
        ];
        let own = own.into_iter().filter_map(|(name, is_possible)| is_possible.then_some(name));
        let has_first = known.iter().any(|known| is_first(&known));
        let mut accepted = known;
        if has_first {
            accepted.extend(revisions::names(&world).chain(own).map(str::to_owned));
        }
        accepted.dedup();
        let all = accepted.join(", ");
        let trigger = found.ok_or_else(|| {
            let missing = match wanted {
                Some(wanted) => format!("the world has no delivery `{wanted}`"),
                None => "the world has no delivery that leads to a pull request; add one under `deliveries`"
                    .to_owned(),
            };
            let accepted = if all.is_empty() { String::new() } else { format!("; accepted: {all}") };
            Exit::usage(format!("{missing}{accepted}"))
        })?;
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
        Ok(Self { trigger, revision, world, accepted })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world_folder;
    use serde_json::json;

    /// Why the shop cannot be shown after a change to its world.
    fn refused(trigger: Option<&str>, change: impl FnOnce(&mut Value)) -> String {
        let folder = tempfile::tempdir().unwrap();
        let shop = world_folder::find(None, folder.path()).unwrap();
        let text = std::fs::read_to_string(shop).unwrap();
        let mut world: Value = simulators::reading::from_yaml(&text).unwrap();
        change(&mut world);
        let file = folder.path().join("world.yaml");
        std::fs::write(&file, world.to_string()).unwrap();
        Script::read(&file, simulators::stack::DEFAULT, trigger).err().unwrap().to_string()
    }

    #[test]
    fn a_world_that_cannot_be_shown_says_why() {
        let unknown = refused(None, |world| world["shop"] = json!({}));
        assert!(unknown.contains("unknown key `shop`"), "{unknown}");
        let without = "the world has no delivery that leads to a pull request; add one under `deliveries`";
        let nothing = |world: &mut Value| world["deliveries"] = json!({});
        assert_eq!(refused(None, nothing), without);
        assert_eq!(refused(Some("review"), nothing), without);
        let planning = |world: &mut Value| {
            let planned = world["deliveries"][plan::NAME].take();
            world["deliveries"] = json!({});
            world["deliveries"][plan::NAME] = planned;
        };
        assert_eq!(refused(None, planning), format!("{without}; accepted: plan"));
        assert_eq!(refused(Some("x"), planning), "the world has no delivery `x`; accepted: plan");
    }
}
