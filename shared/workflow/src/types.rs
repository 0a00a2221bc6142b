//! The types of values, read from the actions' JSON Schemas.

pub(crate) mod schema;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The type of a value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Type {
    pub(crate) kind: Kind,
    /// Whether it can be `null` as well.
    pub(crate) nullable: bool,
    /// Why it can be `null`, if the cause is the workflow and not the action.
    pub(crate) absence: Option<Arc<Absence>>,
    /// Whether JSONata may find nothing there at all, as for an item by its index. Operators and functions take that; where the value is
    /// kept, it becomes `null`.
    pub(crate) missing: bool,
}

/// A step that may leave its outputs `null`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Absence {
    pub(crate) step: String,
    /// The compiled condition under which the step runs; `None` when it fails and the workflow continues.
    pub(crate) condition: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Any,
    Null,
    Boolean,
    Integer,
    Number,
    /// Text; the accepted values if they are listed.
    Text(Vec<String>),
    List(Box<Type>),
    Object(Arc<ObjectType>),
    /// A value that travels by reference, by the name of its target.
    Stored(String),
    OneOf(Vec<Type>),
}

impl Kind {
    /// Whether a value may be a list.
    pub(crate) fn may_be_list(&self) -> bool {
        match self {
            Self::Any | Self::List(_) => true,
            Self::OneOf(options) => options.iter().any(|option| option.kind.may_be_list()),
            _ => false,
        }
    }
}

/// An object's fields.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct ObjectType {
    /// The schema's name: `Task`.
    pub(crate) name: Option<String>,
    pub(crate) fields: BTreeMap<String, Field>,
    /// Whether it may have unlisted fields.
    pub(crate) open: bool,
    /// Whether optional fields may be missing altogether: people send such objects, actions never do.
    pub(crate) sparse: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Field {
    pub(crate) kind: Type,
    pub(crate) required: bool,
    /// Other names by which workflows may give it (`x-aliases`).
    pub(crate) aliases: Vec<String>,
    /// Whether it holds words of the workflow's author, which a model follows (`x-authored`).
    pub(crate) authored: bool,
}

impl Type {
    pub(crate) fn new(kind: Kind) -> Self {
        Self { kind, nullable: false, absence: None, missing: false }
    }

    pub(crate) fn any() -> Self {
        Self::new(Kind::Any)
    }

    pub(crate) fn null() -> Self {
        Self { kind: Kind::Null, nullable: true, absence: None, missing: false }
    }

    pub(crate) fn text() -> Self {
        Self::new(Kind::Text(Vec::new()))
    }

    pub(crate) fn list(item: Self) -> Self {
        Self::new(Kind::List(Box::new(item)))
    }

    /// The result of a filter: JSONata returns a single item alone, and several as a list.
    pub(crate) fn one_or_list(item: Self) -> Self {
        Self::new(Kind::OneOf(vec![Self::list(item.clone()), item]))
    }

    /// The type of an item, if it is or may be a list.
    pub(crate) fn item(&self) -> Option<&Self> {
        match &self.kind {
            Kind::List(item) => Some(item),
            Kind::OneOf(options) => options.iter().find_map(Self::item),
            _ => None,
        }
    }

    /// What JSONata makes of such a value for every item of a list: one list, in which the lists of the items are joined.
    pub(crate) fn for_each(self) -> Self {
        match self.item() {
            Some(item) => Self::list(item.clone()),
            None => Self::list(self),
        }
    }

    pub(crate) fn object(fields: impl IntoIterator<Item = (String, Type)>) -> Self {
        let fields = fields
            .into_iter()
            .map(|(name, kind)| (name, Field { kind, required: true, aliases: Vec::new(), authored: false }))
            .collect();
        Self::new(Kind::Object(Arc::new(ObjectType { fields, ..ObjectType::default() })))
    }

    pub(crate) fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    /// The type where the steps and conditions behind an absence are not known any more: outside an iteration, or in another
    /// workflow.
    pub(crate) fn seen_from_outside(mut self) -> Self {
        self.nullable |= self.absence.take().is_some() || std::mem::take(&mut self.missing);
        match &mut self.kind {
            Kind::Object(object) if object.fields.values().any(|field| field.kind.may_be_null()) => {
                for field in Arc::make_mut(object).fields.values_mut() {
                    field.kind = std::mem::replace(&mut field.kind, Self::any()).seen_from_outside();
                }
            }
            Kind::List(item) => **item = std::mem::replace(&mut **item, Self::any()).seen_from_outside(),
            _ => {}
        }
        self
    }

    pub(crate) fn present(mut self) -> Self {
        self.nullable = false;
        self.absence = None;
        self.missing = false;
        self
    }

    /// The type of such a value from a person: optional fields may be missing.
    pub(crate) fn given_by_people(mut self) -> Self {
        match &mut self.kind {
            Kind::Object(object) => {
                let object = Arc::make_mut(object);
                object.sparse = true;
                for field in object.fields.values_mut() {
                    field.kind = std::mem::replace(&mut field.kind, Self::any()).given_by_people();
                    field.kind.nullable |= !field.required;
                }
            }
            Kind::List(item) => **item = std::mem::replace(&mut **item, Self::any()).given_by_people(),
            _ => {}
        }
        self
    }

    /// Whether the field may be missing, so that reading it gives nothing at all instead of `null`.
    pub(crate) fn may_lack(&self, field: &str) -> bool {
        match &self.kind {
            Kind::Any => true,
            Kind::Object(object) => match object.fields.get(field) {
                Some(field) => object.sparse && !field.required,
                None => true,
            },
            Kind::OneOf(options) => options.iter().any(|option| option.may_lack(field)),
            _ => false,
        }
    }

    /// The same where JSONata may find nothing.
    pub(crate) fn or_missing(mut self) -> Self {
        self.missing = true;
        self
    }

    /// The type of the value where it is kept: a missing one becomes `null`.
    pub(crate) fn when_kept(mut self) -> Self {
        self.nullable |= std::mem::take(&mut self.missing);
        self
    }

    /// Whether the value may be absent: `null`, or nothing at all.
    pub(crate) fn may_be_null(&self) -> bool {
        self.holds_null() || self.missing
    }

    /// Whether the value itself may be `null`, which operators and functions do not take.
    pub(crate) fn holds_null(&self) -> bool {
        self.nullable || self.absence.is_some()
    }

    /// The end of a sentence that says when the value is absent; empty if only the action decides.
    pub(crate) fn why_absent(&self) -> String {
        match self.absence.as_deref() {
            Some(Absence { step, condition: Some(_) }) => format!(": step `{step}` may be skipped"),
            Some(Absence { step, condition: None }) => {
                format!(": step `{step}` may fail and the workflow continues")
            }
            None => String::new(),
        }
    }

    /// Either of the two.
    pub(crate) fn or(self, other: Self) -> Self {
        let nullable = self.nullable || other.nullable;
        let absence = self.absence.clone().or_else(|| other.absence.clone());
        let kind = match (self.kind, other.kind) {
            (Kind::Null, kind) | (kind, Kind::Null) => kind,
            (one, other) if one == other => one,
            (Kind::Any, _) | (_, Kind::Any) => Kind::Any,
            (Kind::Integer, Kind::Number) | (Kind::Number, Kind::Integer) => Kind::Number,
            (Kind::Text(_), Kind::Text(_)) => Kind::Text(Vec::new()),
            (one, other) => Kind::OneOf(vec![Self::new(one), Self::new(other)]),
        };
        Self { kind, nullable, absence, missing: self.missing || other.missing }
    }

    /// Whether a value of this type can be given where `target` is asked for. `null` is the caller's to judge.
    pub(crate) fn fits(&self, target: &Self) -> bool {
        match (&self.kind, &target.kind) {
            (Kind::Any, _) | (_, Kind::Any) => true,
            (Kind::Null, _) => target.nullable,
            (_, Kind::Null) => self.nullable,
            (Kind::OneOf(options), _) => options.iter().any(|option| option.fits(target)),
            (_, Kind::OneOf(options)) => options.iter().any(|option| self.fits(option)),
            (Kind::Boolean, Kind::Boolean) | (Kind::Integer, Kind::Integer) => true,
            (Kind::Integer | Kind::Number, Kind::Number) | (Kind::Number, Kind::Integer) => true,
            (Kind::Text(given), Kind::Text(accepted)) => {
                given.is_empty() || accepted.is_empty() || given.iter().any(|value| accepted.contains(value))
            }
            (Kind::List(given), Kind::List(accepted)) => given.fits(accepted),
            (Kind::Stored(given), Kind::Stored(accepted)) => given == accepted,
            (Kind::Stored(given), Kind::Object(accepted)) => {
                accepted.name.as_ref().is_none_or(|name| name == given)
            }
            (Kind::Stored(given), Kind::Text(_)) => given == "string",
            (Kind::Object(given), Kind::Object(accepted)) => given.fits(accepted),
            _ => false,
        }
    }

    /// The type of a field, `None` if there is no such field.
    pub(crate) fn field(&self, name: &str) -> Option<Self> {
        let mut found = match &self.kind {
            Kind::Any => Some(Self::any()),
            Kind::Object(object) => match object.fields.get(name) {
                Some(field) => Some(field.kind.clone()),
                None => object.open.then(Self::any),
            },
            Kind::List(item) => item.field(name).map(Self::for_each),
            Kind::OneOf(options) => options.iter().filter_map(|option| option.field(name)).reduce(Self::or),
            _ => None,
        }?;
        found.nullable |= self.nullable;
        found.missing |= self.missing;
        if found.absence.is_none() {
            found.absence.clone_from(&self.absence);
        }
        Some(found)
    }

    /// The names of its fields.
    pub(crate) fn field_names(&self) -> Vec<&str> {
        match &self.kind {
            Kind::Object(object) => object.fields.keys().map(String::as_str).collect(),
            Kind::List(item) => item.field_names(),
            Kind::OneOf(options) => options.iter().flat_map(Self::field_names).collect(),
            _ => Vec::new(),
        }
    }
}

impl ObjectType {
    fn fits(&self, target: &Self) -> bool {
        if self.name.is_some() && self.name == target.name {
            return true;
        }
        target.fields.iter().all(|(name, wanted)| match self.fields.get(name) {
            Some(given) => given.kind.fits(&wanted.kind),
            None => self.open || !wanted.required,
        })
    }

    /// The field that `name` means, by its own name or an alias, with its own name.
    pub(crate) fn find(&self, name: &str) -> Option<(&str, &Field)> {
        self.fields
            .get_key_value(name)
            .or_else(|| self.fields.iter().find(|(_, field)| field.aliases.iter().any(|alias| alias == name)))
            .map(|(name, field)| (name.as_str(), field))
    }
}

impl fmt::Display for Type {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Any => formatter.write_str("anything"),
            Kind::Null => formatter.write_str("null"),
            Kind::Boolean => formatter.write_str("a boolean"),
            Kind::Integer => formatter.write_str("a whole number"),
            Kind::Number => formatter.write_str("a number"),
            Kind::Text(values) if values.is_empty() => formatter.write_str("text"),
            Kind::Text(values) => match values.as_slice() {
                [only] => write!(formatter, "the text `{only}`"),
                values => write!(formatter, "one of {}", values.join(", ")),
            },
            Kind::List(item) => write!(formatter, "a list ({item})"),
            Kind::Object(object) => match &object.name {
                Some(name) => write!(formatter, "`{name}`"),
                None => formatter.write_str("an object"),
            },
            Kind::Stored(name) => write!(formatter, "a stored `{name}`"),
            Kind::OneOf(options) => {
                for (place, option) in options.iter().enumerate() {
                    if place > 0 {
                        formatter.write_str(" or ")?;
                    }
                    option.fmt(formatter)?;
                }
                Ok(())
            }
        }
    }
}
