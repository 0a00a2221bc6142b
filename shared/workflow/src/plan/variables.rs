//! The types of variables along the path: fields that are set, paths that meet, conditions that no longer hold.

use crate::types::{Absence, Field, Kind, Type};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) type Variables = BTreeMap<String, Type>;

/// A type with one field, however deep, set.
pub(super) fn with_field(known: Option<Type>, path: &[String], kind: Type) -> Type {
    let Some((field, rest)) = path.split_first() else { return kind };
    let mut object = match known.as_ref().map(|known| &known.kind) {
        Some(Kind::Object(object)) => (**object).clone(),
        _ => Default::default(),
    };
    let inner = object.fields.remove(field).map(|field| field.kind);
    let kind = with_field(inner, rest, kind);
    object.fields.insert(field.clone(), Field { kind, required: true, aliases: Vec::new(), authored: false });
    Type::new(Kind::Object(Arc::new(object)))
}

pub(super) fn type_at<'t>(variables: &'t mut Variables, path: &[String]) -> Option<&'t mut Type> {
    let mut kind = variables.get_mut(&path[0])?;
    for field in &path[1..] {
        let Kind::Object(object) = &mut kind.kind else { return None };
        kind = &mut Arc::make_mut(object).fields.get_mut(field)?.kind;
    }
    Some(kind)
}

pub(super) fn type_in(variables: &Variables, path: &[String]) -> Option<Type> {
    let mut kind = variables.get(&path[0])?.clone();
    for field in &path[1..] {
        let Kind::Object(object) = &kind.kind else { return None };
        kind = object.fields.get(field)?.kind.clone();
    }
    Some(kind)
}

/// Whether something in it is known to be present under a condition.
pub(super) fn depends_on_condition(kind: &Type) -> bool {
    let inside = match &kind.kind {
        Kind::Object(object) => object.fields.values().any(|field| depends_on_condition(&field.kind)),
        _ => false,
    };
    inside || kind.absence.as_ref().is_some_and(|absence| absence.condition.is_some())
}

/// Forgets the facts from conditions that read the variable, given with its `$`.
pub(super) fn forget_conditions_reading(kind: &mut Type, variable: &str) {
    if let Some(absence) = &mut kind.absence
        && let Some(condition) = &absence.condition
        && condition.contains(variable)
    {
        Arc::make_mut(absence).condition = Some(String::new());
    }
    if let Kind::Object(object) = &mut kind.kind
        && object.fields.values().any(|field| field.kind.may_be_null())
    {
        for field in Arc::make_mut(object).fields.values_mut() {
            forget_conditions_reading(&mut field.kind, variable);
        }
    }
}

/// The variables where several ways meet. What only some of them set at these paths may be absent behind, for the reason
/// that the path has.
pub(super) fn meet(ways: Vec<Variables>, paths: &[(Vec<String>, Absence)]) -> Variables {
    let mut met: Variables = BTreeMap::new();
    for way in &ways {
        for (root, kind) in way {
            met.entry(root.clone()).or_insert_with(|| kind.clone());
        }
    }
    for (path, absence) in paths {
        let kinds: Vec<Option<Type>> = ways.iter().map(|way| type_in(way, path)).collect();
        let lacking = kinds.iter().any(Option::is_none);
        let Some(mut kind) = kinds.into_iter().flatten().reduce(Type::or) else { continue };
        if lacking && kind.absence.is_none() {
            kind.absence = Some(Arc::new(absence.clone()));
        }
        let known = met.remove(&path[0]);
        met.insert(path[0].clone(), with_field(known, &path[1..], kind));
    }
    met
}
