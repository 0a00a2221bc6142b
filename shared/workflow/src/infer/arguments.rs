//! Checks the arguments of JSONata's functions by their signatures, so that a wrong value is found before a run has paid for anything.

use super::Inference;
use crate::functions::{self, Argument, Parameter, Taking};
use crate::types::{Kind, Type};
use jlens_core::{Node, NodeKind};

impl Inference<'_, '_, '_> {
    /// Reports what a built-in function does not take.
    pub(super) fn arguments(
        &mut self,
        name: &str,
        procedure: &Node,
        args: &[&Node],
        kinds: &[Type],
        context: Option<&Type>,
    ) {
        let Some(parameters) = functions::parameters(name) else { return };
        let is_function = |node: &Node| match &node.kind {
            NodeKind::Lambda(definition) => !definition.thunk,
            NodeKind::Regex { .. } | NodeKind::Partial { .. } => true,
            NodeKind::Variable { name } => self.local(name).is_none() && crate::names::is_function(name),
            _ => false,
        };
        let given: Vec<Argument<'_>> = args
            .iter()
            .zip(kinds)
            .map(|(node, kind)| Argument { kind, is_function: is_function(node) })
            .collect();
        let shift = match (functions::taking(parameters, &given), context) {
            (Some(Taking::Given), _) => 0,
            (Some(Taking::FromContext), Some(context)) => {
                self.taken_from_context(name, procedure, &parameters[0], context);
                1
            }
            _ => {
                self.refuse_arguments(name, procedure, args, &given, context);
                return;
            }
        };
        for ((argument, given), parameter) in args.iter().zip(&given).zip(&parameters[shift..]) {
            let kind = given.kind;
            // The type of a function is that of its results, which may well be `null`.
            let is_value = !given.is_function && kind.holds_null();
            if !is_value || parameter.takes_null() || self.is_guarded(argument) {
                self.items(name, argument, kind, parameter);
                continue;
            }
            let text = self.written(argument);
            let otherwise = match parameter {
                parameter if parameter.takes_lists() => "[]",
                parameter if parameter.takes_text() => "''",
                parameter if parameter.takes_numbers() => "0",
                _ => "{}",
            };
            let why = kind.why_absent();
            self.warning(argument, format!("this may be `null`, which ends the execution in `${name}`{why}"))
                .help(format!("write `({text} != null ? {text} : {otherwise})`"));
        }
    }

    /// Reports `null` among the items of a list where a function takes only lists of one kind.
    fn items(&mut self, name: &str, argument: &Node, kind: &Type, parameter: &Parameter) {
        let Some(item) = kind.item().filter(|item| item.holds_null()) else { return };
        // The types do not say what a function leaves out.
        if !parameter.is_list_of_one_kind() || is_filtered(argument) {
            return;
        }
        let (text, why) = (self.written(argument), item.why_absent());
        let text = match argument.kind {
            NodeKind::Path { .. } | NodeKind::Variable { .. } | NodeKind::Array { .. } => text,
            _ => format!("({text})"),
        };
        let message = format!("items of this list may be `null`, which ends the execution in `${name}`{why}");
        self.warning(argument, message).help(format!("leave them out: `{text}[$ != null]`"));
    }

    /// Checks the value around a call that is taken as the first argument.
    fn taken_from_context(&mut self, name: &str, procedure: &Node, parameter: &Parameter, context: &Type) {
        if !parameter.takes(Argument { kind: context, is_function: false }) {
            let message = format!("`${name}` takes {parameter}, but the value around it is {context}");
            self.error(procedure, message);
        } else if context.holds_null() && !parameter.takes_null() {
            let why = context.why_absent();
            self.warning(
                procedure,
                format!("the value around this may be `null`, which ends the execution in `${name}`{why}"),
            )
            .help("filter it, as in `x[$ != null].$uppercase()`, or ask `x != null` first");
        }
    }

    /// Reports why values do not fit their places.
    fn refuse_arguments(
        &mut self,
        name: &str,
        procedure: &Node,
        args: &[&Node],
        given: &[Argument<'_>],
        context: Option<&Type>,
    ) {
        let parameters = functions::parameters(name).unwrap_or_default();
        let plural = |count: usize| if count == 1 { "value" } else { "values" };
        let repeats = parameters.iter().any(|parameter| parameter.repeats);
        if args.len() > parameters.len() && !repeats {
            let most = parameters.len();
            let message = match most {
                0 => format!("`${name}` takes no values, but is given {}", args.len()),
                _ => format!("`${name}` takes at most {most} {}, but is given {}", plural(most), args.len()),
            };
            self.error(procedure, message);
            return;
        }
        let misfit_behind = |shift: usize| {
            let places = args.iter().zip(given).zip(parameters.get(shift..).unwrap_or_default());
            places.into_iter().find(|((_, given), parameter)| !parameter.takes(**given))
        };
        // If the first value may come from around the call, the given ones may be for the parameters after it.
        let may_shift = context.is_some()
            && args.len() < parameters.len()
            && parameters.first().is_some_and(|first| first.from_context);
        let takes_first =
            parameters.first().zip(given.first()).is_none_or(|(first, given)| first.takes(*given));
        let misfit = match may_shift {
            true if takes_first => misfit_behind(0).or_else(|| misfit_behind(1)),
            true => misfit_behind(1),
            false => misfit_behind(0),
        };
        if let Some(((argument, given), parameter)) = misfit {
            let is = match given.is_function {
                true => "a function".to_owned(),
                false => given.kind.to_string(),
            };
            let diagnostic = self.error(argument, format!("`${name}` takes {parameter}, but this is {is}"));
            match (name, &given.kind.kind) {
                _ if given.is_function => {}
                ("length", Kind::List(_)) => {
                    diagnostic.help("`$count(…)` is how many items a list has");
                }
                (_, Kind::Boolean | Kind::Integer | Kind::Number) if parameter.takes_text() => {
                    diagnostic.help("`$string(…)` makes text of it");
                }
                (_, Kind::Text(_)) if parameter.takes_numbers() => {
                    diagnostic.help("`$number(…)` makes a number of it");
                }
                _ => {}
            }
            return;
        }
        let least = parameters.iter().filter(|parameter| parameter.is_needed(context.is_some())).count();
        self.error(
            procedure,
            format!("`${name}` takes at least {least} {}, but is given {}", plural(least), args.len()),
        );
    }
}

/// Whether a list is what a call of `$filter` left of another, or of its items.
fn is_filtered(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Function { procedure, .. } => {
            matches!(&procedure.kind, NodeKind::Variable { name } if name == "filter")
        }
        NodeKind::Path { steps, .. } => steps.iter().any(is_filtered),
        NodeKind::Block { exprs, .. } => exprs.last().is_some_and(is_filtered),
        NodeKind::Apply { lhs, rhs } => is_filtered(rhs) || is_filtered(lhs),
        _ => false,
    }
}
