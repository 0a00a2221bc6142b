//! Filters and groupings after a value, where names are fields of its items, and the keys of objects.

use super::present::{Present, found_present};
use super::{Inference, item_of};
use crate::types::{Kind, Type};
use jlens_core::ast::Stage;
use jlens_core::{Node, NodeKind};
use std::collections::HashMap;
use std::sync::Arc;

impl Inference<'_, '_, '_> {
    /// Filters and groupings after a value, in which names are the value's fields.
    pub(super) fn predicates(&mut self, node: &Node, kind: Type) -> Type {
        let mut kind = kind;
        let mut unwraps = self.unwraps;
        let mut picked = self.picked;
        let stages = node.attrs.stages.iter().chain(&node.attrs.predicate);
        for stage in stages {
            match stage {
                Stage::Filter { expr, .. } => {
                    if let NodeKind::String { value } = &expr.kind {
                        self.error(expr, "a text in `[…]` chooses nothing: every item stays")
                            .help(format!("write .`{value}` for the field of that name"));
                    }
                    if matches!(expr.kind, NodeKind::Wildcard) {
                        self.warning(expr, "`[*]` keeps only items that have fields")
                            .help("leave it out: what follows a list is read of each of its items");
                    }
                    let item = item_of(&kind);
                    let asked = self.within(|this| this.infer(expr, Some(&item)));
                    let found = found_present(expr, &self.given.value).holding;
                    let item = found_in(item, &found);
                    // A number picks an item by its place; anything else is asked of each.
                    let picks_one = matches!(asked.kind, Kind::Integer | Kind::Number);
                    kind = match kind.item() {
                        _ if picks_one => item.or_missing(),
                        Some(_) => Type::one_or_list(item),
                        None => Type::any(),
                    };
                    unwraps = !picks_one;
                    picked = false;
                    self.partial = true;
                }
                Stage::Index { var, .. } => self.bind(var, Type::new(Kind::Integer)),
            }
        }
        if let Some(focus) = &node.attrs.focus {
            self.bind(focus, item_of(&kind));
        }
        if let Some(index) = &node.attrs.index {
            self.bind(index, Type::new(Kind::Integer));
        }
        if let Some(group) = &node.attrs.group {
            let item = item_of(&kind);
            for (key, value) in &group.pairs {
                self.within(|this| {
                    this.key(key, Some(&item));
                    this.infer(value, Some(&item));
                });
            }
            kind = Type::any();
            unwraps = false;
            picked = false;
        }
        self.unwraps = unwraps;
        self.picked = picked;
        kind
    }

    /// Infers an expression in which names and `$` mean those of an item, so that what is known about the same names outside does not apply.
    pub(super) fn within<T>(&mut self, infer: impl FnOnce(&mut Self) -> T) -> T {
        let is_variable = |present: &Present| {
            present
                .path
                .strip_prefix('$')
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_alphabetic() || c == '_'))
        };
        let kept = self.present.iter().filter(|present| is_variable(present)).cloned().collect();
        let around = std::mem::replace(&mut self.present, kept);
        let inferred = infer(self);
        self.present = around;
        inferred
    }

    /// The key of an object, which must be text.
    fn key(&mut self, key: &Node, context: Option<&Type>) {
        let kind = self.infer(key, context);
        if !kind.holds_null() && !kind.fits(&Type::text()) {
            self.error(key, format!("a key is text, but this is {kind}"))
                .help("`$string(…)` makes text of it");
        } else if kind.holds_null() && !self.is_guarded(key) {
            let text = self.written(key);
            self.warning(key, "this may be `null`, which ends the execution as a key")
                .help(format!("write `$string({text})`"));
        }
    }

    pub(super) fn bind(&mut self, name: &str, kind: Type) {
        if self.locals.is_empty() {
            self.locals.push(HashMap::new());
        }
        if let Some(frame) = self.locals.last_mut() {
            frame.insert(name.to_owned(), kind);
        }
    }

    pub(super) fn object(&mut self, pairs: &[(Node, Node)], context: Option<&Type>) -> Type {
        let mut fields = Some(Vec::new());
        for (key, value) in pairs {
            self.key(key, context);
            let kind = self.kept(value, context);
            match (&key.kind, &mut fields) {
                (NodeKind::String { value: name }, Some(fields)) => fields.push((name.clone(), kind)),
                _ => fields = None,
            }
        }
        fields.map_or_else(Type::any, Type::object)
    }
}

/// The type of an item of which a filter has found these values to be there.
fn found_in(item: Type, found: &[Present]) -> Type {
    let mut item = if found.iter().any(|present| present.path == "$") { item.present() } else { item };
    let Kind::Object(object) = &mut item.kind else { return item };
    for present in found {
        let name = present.path.strip_prefix("$.").unwrap_or(&present.path);
        if object.fields.get(name).is_some_and(|field| field.kind.may_be_null())
            && let Some(field) = Arc::make_mut(object).fields.get_mut(name)
        {
            field.kind = std::mem::replace(&mut field.kind, Type::any()).present();
        }
    }
    item
}
