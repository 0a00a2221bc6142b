//! Paths: their first names are looked up, the others are fields.

use super::doubt::Doubt;
use super::{Edit, Inference, item_of};
use crate::expression;
use crate::in_text::capitalized;
use crate::source::Span;
use crate::types::{Kind, Type};
use jlens_core::{Node, NodeKind};

impl Inference<'_, '_, '_> {
    pub(super) fn path(&mut self, node: &Node, steps: &[Node], context: Option<&Type>) -> Type {
        let Some(first) = steps.first() else { return Type::any() };
        let partial = self.partial;
        self.unwraps = false;
        self.head = None;
        let (mut kind, taken) = match (&first.kind, context) {
            (NodeKind::Name { name }, None) if self.in_function => {
                return self.unseen(first, name);
            }
            (NodeKind::Name { .. }, None) => {
                let names = expression::plain_names(steps);
                self.look_up(&names, steps)
            }
            (NodeKind::Variable { name }, _) if self.is_workflow_variable(name) => {
                let mut names = vec![name.as_str()];
                if first.attrs.stages.is_empty() && first.attrs.predicate.is_empty() {
                    names.extend(expression::plain_names(&steps[1..]));
                }
                self.look_up(&names, steps)
            }
            _ => (self.infer_bare(first, context), 1),
        };
        kind = match steps.get(taken - 1) {
            Some(last) => self.predicates(last, kind),
            None => kind,
        };
        let mut unwraps = self.unwraps;
        let mut picked = self.picked;
        let head = self.head_of(first, steps.get(taken - 1));
        let mut through = Vec::new();
        for (before, step) in steps.iter().zip(&steps[1..]).skip(taken - 1) {
            let owner = self.given.value.get(node.span.start..before.pos).unwrap_or_default();
            if self.present.iter().any(|present| present.path == owner) {
                kind = kind.present();
            }
            // For each item of a list, JSONata reads what follows the dot.
            let each = kind.item().cloned();
            through.extend((kind.kind == Kind::Any).then_some(before.pos));
            unwraps |= each.is_some() || kind.kind == Kind::Any;
            self.partial |= each.is_some();
            picked |= matches!(kind.kind, Kind::OneOf(_)) && each.is_some();
            let owner = each.clone().unwrap_or_else(|| kind.clone());
            let is_unknown = kind.kind == Kind::Any;
            let found = match &step.kind {
                NodeKind::Name { name } => {
                    let field = self.field(&owner, name, step);
                    self.unwraps = false;
                    self.predicates(step, field)
                }
                NodeKind::Sort { .. } => {
                    self.within(|this| this.infer(step, Some(&item_of(&kind))));
                    unwraps = true;
                    continue;
                }
                _ => {
                    if matches!(step.kind, NodeKind::Array { .. }) && (each.is_some() || is_unknown) {
                        self.error(step, "JSONata would return a single list itself, not nested in a list")
                            .help("write `$map(list, function($item) { [$item.a, $item.b] })`");
                    }
                    // A function is called with `null` as well.
                    let is_call = matches!(step.kind, NodeKind::Function { .. }) && each.is_none();
                    let around = if is_call { kind.clone() } else { item_of(&kind) };
                    let found = self.within(|this| this.infer(step, Some(&around)));
                    // A list gives one value for each of its items.
                    if is_unknown && found.item().is_none() { Type::any() } else { found }
                }
            };
            unwraps |= self.unwraps;
            picked |= self.picked || (each.is_some() && matches!(found.kind, Kind::OneOf(_)));
            kind = if each.is_some() { found.for_each() } else { found };
        }
        self.unwraps = unwraps;
        self.picked = picked;
        // A path with a filter is left as it is: it is meant to give one item, or several.
        let is_filtered = |step: &Node| !step.attrs.stages.is_empty() || !step.attrs.predicate.is_empty();
        let is_name = |step: &&Node| matches!(step.kind, NodeKind::Name { .. });
        let names = steps.iter().skip(taken).take_while(is_name).count();
        let is_simple = taken + names >= steps.len();
        let head = head.filter(|_| kind.kind == Kind::Any && !steps.iter().skip(taken).any(is_filtered));
        self.doubt = head.and_then(|(text, end)| {
            let up_to = |at: usize| Some(format!("{text}{}", self.given.value.get(end..at)?));
            // Only what is before the first step that is not a name is checked.
            let known = steps.get(taken + names - 1)?.pos;
            let through: Vec<String> =
                through.into_iter().filter(|at| *at <= known).map(up_to).collect::<Option<_>>()?;
            let path = if is_simple { Some(up_to(steps.last()?.pos)?) } else { None };
            (!through.is_empty()).then_some(Doubt { through, path })
        });
        let text = self.given.value.get(node.span.start..node.span.end).unwrap_or_default().trim();
        if let Some(present) = self.present.iter().find(|present| present.path == text) {
            if present.defined {
                self.partial = partial;
            }
            return kind.present();
        }
        kind
    }

    /// The beginning of a path, as JSONata, and where its names continue; `None` if it is more than a value by name.
    fn head_of(&mut self, first: &Node, last: Option<&Node>) -> Option<(String, usize)> {
        let last = last.filter(|last| last.attrs.stages.is_empty() && last.attrs.predicate.is_empty())?;
        let text = match (&first.kind, self.head.take()) {
            (NodeKind::Name { .. } | NodeKind::Variable { .. }, Some(lowered)) => lowered,
            (NodeKind::Variable { name }, None) if !name.is_empty() && self.local(name).is_some() => {
                format!("${name}")
            }
            _ => return None,
        };
        Some((text, last.pos))
    }

    /// Looks up a path's first names and notes the replacement. Returns the type and how many names were used.
    pub(super) fn look_up(&mut self, names: &[&str], steps: &[Node]) -> (Type, usize) {
        let start = steps.first().map_or(0, |first| first.span.start);
        let fencing =
            self.definitions.iter().find(|(span, _)| span.start == start).map(|(_, fencing)| *fencing);
        let found = match fencing {
            Some(fencing) => self.checker.fencing(fencing, |checker| checker.look_up(names)),
            None => self.checker.look_up(names),
        };
        match found {
            Ok(found) => {
                let last = &steps[found.names.min(steps.len()) - 1];
                let span = Span::new(steps[0].span.start, last.pos);
                self.partial |= found.lowered.partial;
                self.unwraps = found.lowered.unwraps;
                let kind = found.lowered.kind.clone();
                self.head = Some(found.lowered.enclosed());
                self.edits.push(Edit::Replace(span, found.lowered));
                (kind, found.names.min(steps.len()))
            }
            Err(unknown) => {
                let diagnostic = self.error(&steps[0], unknown.message);
                if let Some(nearest) = unknown.nearest {
                    diagnostic.label(format!("did you mean `{nearest}`?"));
                }
                if let Some(help) = unknown.help {
                    diagnostic.help(help);
                }
                (Type::any(), steps.len())
            }
        }
    }

    /// Reports a name in a function's body: Step Functions has nothing around it to read it from.
    pub(super) fn unseen(&mut self, node: &Node, name: &str) -> Type {
        let diagnostic =
            self.error(node, format!("`{name}` means nothing in a function, which sees no names around it"));
        match name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            true => diagnostic.help(format!("write `${name}`: a parameter, an input or a variable")),
            false => diagnostic.help("give it to the function as a parameter"),
        };
        Type::any()
    }

    pub(super) fn is_workflow_variable(&self, name: &str) -> bool {
        !name.is_empty() && self.local(name).is_none() && !crate::names::is_function(name)
    }

    pub(super) fn local(&self, name: &str) -> Option<&Type> {
        self.locals.iter().rev().find_map(|frame| frame.get(name))
    }

    pub(super) fn variable(&mut self, node: &Node, name: &str, context: Option<&Type>) -> Type {
        let is_present = self.present.iter().any(|present| present.path == self.written(node));
        let known = |kind: &Type| if is_present { kind.clone().present() } else { kind.clone() };
        if name.is_empty() {
            return match context {
                Some(context) => known(context),
                None => {
                    self.error(node, "`$` means nothing here")
                        .help("it is the value inside `[…]`, `.(…)` and functions");
                    Type::any()
                }
            };
        }
        if let Some(kind) = self.local(name) {
            return known(kind);
        }
        if crate::names::is_function(name) {
            return Type::any();
        }
        self.look_up(&[name], std::slice::from_ref(node)).0
    }

    pub(super) fn field(&mut self, owner: &Type, name: &str, node: &Node) -> Type {
        self.partial |= owner.may_be_null() || owner.may_lack(name);
        if let Some(kind) = owner.field(name) {
            return self.checker.scope.present_under_guard(kind);
        }
        match &owner.kind {
            Kind::Null => {}
            Kind::Stored(what) => {
                self.error(node, format!("a stored `{what}` cannot be read in expressions"))
                    .help("it travels by reference: pass it whole to the step that needs it");
            }
            kind => {
                let names = owner.field_names();
                let message = match kind {
                    Kind::Object(object) if object.name.is_none() => format!("there is no `{name}` here"),
                    _ => format!("{} has no field `{name}`", capitalized(&owner.to_string())),
                };
                let is_known = self.checker.scope.defines(name);
                let diagnostic = self.error(node, message);
                match kind {
                    _ if is_known => diagnostic
                        .help(format!("a name is a field here; for the value of that name, write `${name}`")),
                    Kind::Text(_) => diagnostic.help("`$length(…)` is how long a text is"),
                    _ => diagnostic.accepted(name, names),
                };
            }
        }
        Type::any()
    }
}
