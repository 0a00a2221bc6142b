//! Names without a meaning in their context, and why.

use super::{Inside, Scope, Setter, Unknown};
use crate::diagnostic::nearest;

impl Scope<'_> {
    pub(super) fn unknown(&self, name: &str) -> Unknown {
        if let Some(meanings) = self.ambiguous.get(name) {
            return Unknown {
                message: format!("`{name}` could mean {}", meanings.join(" or ")),
                nearest: None,
                help: Some("use the variable's own name".to_owned()),
            };
        }
        let root = self.aliases.get(name).map_or(name, |path| path[0].as_str());
        if let Some(setter) = self.setters.get(root) {
            return self.unset(name, setter);
        }
        if let Some(step) = self.item_names.get(name) {
            return Unknown {
                message: format!("`{name}` is an item of `{step}`, and known only inside it"),
                nearest: None,
                help: Some(
                    "an iteration gives its `result:`; `outputs: { results: … }` receives them all"
                        .to_owned(),
                ),
            };
        }
        if self.steps.contains(&name) {
            return Unknown {
                message: format!("`{name}` is a step, not a value"),
                nearest: None,
                help: Some(format!(
                    "name what you need of it under `outputs:` of `{name}`, and use that name"
                )),
            };
        }
        let known: Vec<&str> = self
            .setters
            .keys()
            .filter(|name| self.is_set(name))
            .chain(self.items.keys())
            .chain(self.inputs.keys())
            .chain(self.aliases.iter().filter(|(_, path)| self.is_set(&path[0])).map(|(name, _)| name))
            .map(String::as_str)
            .chain(self.definitions.keys().copied())
            .collect();
        let listed = if known.is_empty() {
            "nothing has a name here yet".to_owned()
        } else {
            format!("known here: {}", known.join(", "))
        };
        let help = match meant_elsewhere(name) {
            Some(instead) => format!("{instead}; {listed}"),
            None => listed,
        };
        Unknown {
            message: format!("nothing is called `{name}`"),
            nearest: nearest(name, known.iter().copied()).map(str::to_owned),
            help: Some(help),
        }
    }

    fn is_set(&self, variable: &str) -> bool {
        self.variables.contains_key(&self.compiled(variable))
    }

    /// A variable that some step sets, but none on every way to the present place.
    fn unset(&self, name: &str, Setter { step, inside }: &Setter) -> Unknown {
        let apart = inside.iter().zip(self.inside.iter().map(Some).chain(std::iter::repeat(None)));
        let apart =
            apart.filter(|(there, here)| Some(*there) != *here).map(|(there, here)| (there, here.cloned()));
        let (message, help) = match apart.into_iter().next() {
            Some((Inside::Iteration { step: each }, _)) => (
                format!("`{name}` is set inside `{each}`, and gone with each iteration"),
                format!(
                    "give it as `result:` of `{each}`, and receive the list with `outputs: {{ results: … }}`"
                ),
            ),
            Some((Inside::Branch { step: around, branch }, Some(Inside::Branch { step: here, .. })))
                if *around == here =>
            {
                (
                    format!("`{name}` is set in branch `{branch}`, which runs concurrently"),
                    format!("a step after `{around}` can use it"),
                )
            }
            _ => (
                format!("`{name}` is not set yet: step `{step}` sets it"),
                "a step can use what steps before it set".to_owned(),
            ),
        };
        Unknown { message, nearest: None, help: Some(help) }
    }
}

/// What to write in place of a name that means something in the workflows of others, such as GitHub's `inputs.x`.
fn meant_elsewhere(name: &str) -> Option<&'static str> {
    match name {
        "inputs" | "input" | "vars" | "variables" => {
            Some("inputs and variables are called by their own names alone, as in `${task_id}`")
        }
        "steps" | "needs" | "outputs" => {
            Some("name what you need of a step under its `outputs:`, and use that name")
        }
        _ => None,
    }
}
