//! Steps of type `foreach`: one scope for each item, and a list of the iterations' outputs.

use super::planned::{Foreach, PlannedKind, Readers};
use super::walk::{Made, Walk};
use crate::check::evaluated;
use crate::expression::string_literal;
use crate::model::{Foreach as Written, Form, Given, OnError, Step, StepKind};
use crate::scope::Inside;
use crate::types::{Kind, Type};
use serde_json::Value;
use std::collections::BTreeMap;

/// The field under `outputs:` that holds the iterations' outputs.
const RESULTS: &str = "results";

impl Walk<'_, '_, '_> {
    pub(super) fn foreach(&mut self, step: &Step, foreach: &Written) -> Made {
        let (items, item_kind) = self.items(foreach, &step.name.value);
        let item = &foreach.item;
        let around = self.checker.scope.items.insert(item.value.clone(), item_kind);
        if around.is_some() {
            self.checker
                .problems
                .error(
                    item.span,
                    format!("`{}` is the item of a foreach around this one as well", item.value),
                )
                .help("nothing shadows: give each its own name");
        }
        let before = self.checker.scope.variables.clone();
        self.checker.scope.inside.push(Inside::Iteration { step: step.name.value.clone() });
        self.checker.scope.changed();

        let default = self.variable_of_last(foreach);
        let mut receivers: Vec<Vec<String>> =
            step.outputs.iter().map(|(_, target)| self.checker.scope.compiled_path(&target.value)).collect();
        let wanted_whole = self.wanted.as_ref().filter(|(wanted, _)| *wanted == step.name.value);
        receivers.extend(wanted_whole.map(|(_, variable)| vec![variable.clone()]));
        let outer_wanted = self.wanted.take();
        self.wanted = default.clone();
        let mut kind = Type::null();
        let to = receivers.clone();
        let flow = self.flow(&foreach.steps, Readers::Whole(receivers), &mut |walk| {
            let (value, given) =
                walk.exporting(to.clone(), |walk| walk.result(foreach.result.as_ref(), &default));
            kind = given;
            value
        });
        self.wanted = outer_wanted;

        self.checker.scope.inside.pop();
        self.checker.scope.variables = before;
        self.checker.scope.items.remove(&item.value);
        if let Some(around) = around {
            self.checker.scope.items.insert(item.value.clone(), around);
        }
        self.checker.scope.changed();

        let list = Type::new(Kind::List(Box::new(kind.seen_from_outside())));
        let fields = BTreeMap::from([(RESULTS.to_owned(), list.clone())]);
        let sets = self.receive(step, "a foreach step", &fields, |_| "$states.result".to_owned());
        let retry = (step.retry.is_some() || step.on_error == OnError::Retry)
            .then(|| step.retry.clone().unwrap_or_default());
        let planned = Foreach {
            items,
            item: item.value.clone(),
            max_concurrency: foreach.max_concurrency,
            most_items: most_items(foreach),
            flow,
            retry,
        };
        Made::new(Some(PlannedKind::Foreach(planned)), sets).giving("$states.result", list)
    }

    /// The list, which ends the step when there are too many, and the type of an item.
    fn items(&mut self, foreach: &Written, step: &str) -> (Value, Type) {
        let most = foreach.max_items.value;
        if let Form::List(items) = &foreach.items.form {
            if items.len() as u64 > most {
                let message = format!("`items` has {} items, and `max_items` is {most}", items.len());
                self.checker.problems.error(foreach.items.span, message);
            }
            // As JSON: in JSONata, an item that is a list itself would be joined with the surrounding list.
            let (items, kind) = self.checker.value(&foreach.items);
            return (items, kind.item().cloned().unwrap_or_else(Type::any));
        }
        let lowered = self.checker.kept(&foreach.items);
        let list = Type::list(Type::any());
        self.checker.judge(&foreach.items, &lowered.kind, &list, true, "`items`");
        let item = lowered.kind.item().cloned().unwrap_or_else(Type::any);
        let unsure = lowered.partial || lowered.kind.may_be_null() || lowered.kind.kind == Kind::Any;
        let text = if unsure { lowered.or_else("[]") } else { lowered.text };
        let refusal =
            string_literal(&format!("{step} takes at most {most} items (max_items), but was given more"));
        // The brackets make a list of a single item.
        let text = format!(
            "($items := {text}; $items := [$items]; $assert($count($items) <= {most}, {refusal}); $items)"
        );
        (evaluated(&text), item)
    }

    /// The step whose whole result an iteration gives when nothing else is said, and a variable for it.
    fn variable_of_last(&mut self, foreach: &Written) -> Option<(String, String)> {
        let last = foreach.steps.last().filter(|_| foreach.result.is_none())?;
        let gives = matches!(
            last.kind,
            StepKind::Call(_)
                | StepKind::Agent(_)
                | StepKind::Foreach(_)
                | StepKind::Approval(_)
                | StepKind::Workflow(_)
                | StepKind::Wait(_)
        );
        let name = last.name.value.clone();
        gives.then(|| (name.clone(), self.checker.scope.free_variable(&format!("{name}_result"))))
    }

    /// The output of an iteration: the declared one, else that of its last step.
    fn result(&mut self, said: Option<&Given>, default: &Option<(String, String)>) -> (Value, Type) {
        if let Some(given) = said {
            return self.checker.value(given);
        }
        match default.as_ref().and_then(|(_, variable)| self.checker.scope.own_variable(variable)) {
            Some(lowered) => {
                let text = if lowered.partial { lowered.or_else("null") } else { lowered.text };
                (evaluated(&text), lowered.kind)
            }
            None => (Value::Null, Type::null()),
        }
    }
}

/// A literal list has a known number of items.
fn most_items(foreach: &Written) -> u64 {
    match &foreach.items.form {
        Form::List(items) => foreach.max_items.value.min(items.len() as u64),
        _ => foreach.max_items.value,
    }
}
