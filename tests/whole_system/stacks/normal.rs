//! Records in a form in which only what should be equal is left.

use regex::Regex;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const TABLE: &str = include_str!("../../stacks/names.yaml");

/// The table of names, read.
pub(super) struct Names {
    not_compared: Vec<Regex>,
    quoted: Vec<Regex>,
    own_fields: Vec<OwnFields>,
    absent: Vec<Absent>,
    forms: Vec<(Regex, String)>,
    /// For each stack, its texts and their meanings, longest first.
    names: BTreeMap<String, Vec<(String, String)>>,
}

/// Fields that only some records have.
struct OwnFields {
    records: Regex,
    /// The way to them.
    below: Vec<String>,
    fields: Vec<String>,
    /// The only stack that is compared without them; `None` for all.
    stack: Option<String>,
}

/// Records that one stack has and another has not.
struct Absent {
    stack: String,
    records: Regex,
    /// The number in only the default stack, and in only the other one.
    expected: (usize, usize),
}

/// Every record of one stack's table.
pub(super) struct Records {
    stack: String,
    items: Vec<Map<String, Value>>,
}

impl Records {
    /// Those of the `serve` in this folder.
    pub(super) fn of(folder: &Path, stack: &str) -> Self {
        let file = folder.join(".ticketsmith/table.db");
        let table = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        let mut select = table.prepare("SELECT item_json FROM ticketsmith").unwrap();
        let texts = select.query_map([], |row| row.get::<_, String>(0)).unwrap();
        let items = texts.map(|text| {
            let item: Map<String, Value> = serde_json::from_str(&text.unwrap()).unwrap();
            item.into_iter().map(|(name, value)| (name, plain(value))).collect()
        });
        Self { stack: stack.to_owned(), items: items.collect() }
    }
}

/// A DynamoDB value as JSON. Binary ones belong to records whose keys alone are compared.
fn plain(value: Value) -> Value {
    let Value::Object(typed) = value else { return value };
    let Some((kind, inner)) = typed.into_iter().next() else { return Value::Null };
    match (kind.as_str(), inner) {
        ("M", Value::Object(fields)) => {
            Value::Object(fields.into_iter().map(|(name, value)| (name, plain(value))).collect())
        }
        ("L", Value::Array(list)) => list.into_iter().map(plain).collect(),
        ("B", _) => json!("binary"),
        (_, inner) => inner,
    }
}

/// A value with its fields in order, and with the JSON in its texts parsed.
fn ordered(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let sorted: BTreeMap<&String, Value> =
                fields.iter().map(|(name, value)| (name, ordered(value))).collect();
            Value::Object(sorted.into_iter().map(|(name, value)| (name.clone(), value)).collect())
        }
        Value::Array(list) => list.iter().map(ordered).collect(),
        Value::String(text) if text.starts_with(['{', '[']) => {
            serde_json::from_str(text).map_or_else(|_| value.clone(), |inner: Value| ordered(&inner))
        }
        other => other.clone(),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}")).to_owned()
}

fn expression(value: &Value) -> Regex {
    Regex::new(&text(value)).unwrap_or_else(|error| panic!("tests/stacks/names.yaml: {error}"))
}

impl Names {
    /// Reads the table, and verifies that each name has one meaning, and a reason if it needs one.
    pub(super) fn read() -> Self {
        let table: Value = serde_saphyr::from_str(TABLE).unwrap();
        let reasoned = |rows: &Value| {
            for row in list(rows) {
                assert!(row["reason"].as_str().is_some_and(|reason| reason.len() > 20), "no reason: {row}");
            }
        };
        for rows in ["not_compared", "own_fields", "absent"] {
            reasoned(&table[rows]);
        }
        let mut names: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
        for (thing, row) in table["names"].as_object().unwrap() {
            let row = row.as_object().unwrap();
            assert_eq!(row.len(), 3, "{thing} has a name in each stack");
            for (stack, name) in row {
                names.entry(stack.clone()).or_default().push((text(name), format!("<{thing}>")));
            }
        }
        for (stack, names) in &mut names {
            let known: BTreeSet<_> = names.iter().map(|(name, _)| name).collect();
            assert_eq!(known.len(), names.len(), "two things have one name in {stack}");
            names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        }
        let own_fields = list(&table["own_fields"]).iter().map(|row| OwnFields {
            records: expression(&row["records"]),
            below: row["below"]
                .as_str()
                .into_iter()
                .flat_map(|way| way.split('.'))
                .map(str::to_owned)
                .collect(),
            fields: list(&row["fields"]).iter().map(text).collect(),
            stack: row["in"].as_str().map(str::to_owned),
        });
        let count = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap();
        let absent = list(&table["absent"]).iter().map(|row| {
            let stack = text(&row["in"]);
            let expected = (count(&row["default"]), count(&row[&stack]));
            Absent { records: expression(&row["records"]), expected, stack }
        });
        let forms = list(&table["forms"]).iter().map(|row| (expression(&row["form"]), text(&row["is"])));
        Self {
            not_compared: list(&table["not_compared"])
                .iter()
                .map(|row| expression(&row["records"]))
                .collect(),
            quoted: list(&table["quoted"]).iter().map(expression).collect(),
            own_fields: own_fields.collect(),
            absent: absent.collect(),
            forms: forms.map(|(form, is)| (form, is.replace("$1", "${1}"))).collect(),
            names,
        }
    }

    /// How the records of two stacks differ, a line for each record; empty if they do not.
    pub(super) fn differences(&self, default: &Records, other: &Records) -> String {
        let mut count: BTreeMap<String, i64> = BTreeMap::new();
        for record in self.normal(default, &other.stack) {
            *count.entry(record).or_default() += 1;
        }
        for record in self.normal(other, &other.stack) {
            *count.entry(record).or_default() -= 1;
        }
        count.retain(|_, difference| *difference != 0);
        let mut told = Vec::new();
        for Absent { records, expected, .. } in
            self.absent.iter().filter(|absent| absent.stack == other.stack)
        {
            let (mut here, mut there) = (0, 0);
            count.retain(|record, difference| {
                let is_meant = records.is_match(record);
                if is_meant {
                    let many = usize::try_from(difference.abs()).unwrap();
                    if *difference > 0 { here += many } else { there += many }
                }
                !is_meant
            });
            if (here, there) != *expected {
                told.push(format!("{here} and {there} records in place of {expected:?}: {records}"));
            }
        }
        told.extend(count.into_iter().map(|(record, difference)| {
            let (many, stack) =
                if difference > 0 { (difference, &default.stack) } else { (-difference, &other.stack) };
            format!("{many} x in {stack} alone: {record}")
        }));
        told.join("\n")
    }

    /// The records in normal form, for comparison with those of a stack.
    fn normal<'a>(
        &'a self,
        records: &'a Records,
        compared_with: &'a str,
    ) -> impl Iterator<Item = String> + 'a {
        let key = |item: &Map<String, Value>| format!("{} {}", text(&item["pk"]), text(&item["sk"]));
        let kept = records.items.iter().map(move |item| (key(item), item));
        let kept =
            kept.filter(move |(key, _)| !self.not_compared.iter().any(|left_out| left_out.is_match(key)));
        kept.map(move |(key, item)| self.written(self.outline(&key, item, compared_with), &records.stack))
    }

    /// A record without the parts that are not compared.
    fn outline(&self, key: &str, item: &Map<String, Value>, compared_with: &str) -> Value {
        if self.quoted.iter().any(|quoted| quoted.is_match(key)) {
            let fields: BTreeSet<_> = item.keys().collect();
            return json!({ "fields": fields, "pk": item["pk"], "sk": item["sk"] });
        }
        let mut record = ordered(&Value::Object(item.clone()));
        let is_for = |own: &&OwnFields| own.stack.as_deref().is_none_or(|stack| stack == compared_with);
        for own in self.own_fields.iter().filter(is_for).filter(|own| own.records.is_match(key)) {
            let below = own.below.iter().try_fold(&mut record, |record, name| record.get_mut(name));
            if let Some(Value::Object(fields)) = below {
                fields.retain(|name, _| !own.fields.contains(name));
            }
        }
        record
    }

    /// A record as text, with meanings in place of names.
    fn written(&self, record: Value, stack: &str) -> String {
        let mut text = record.to_string();
        for (form, is) in &self.forms {
            text = form.replace_all(&text, is).into_owned();
        }
        for (name, thing) in &self.names[stack] {
            text = text.replace(name, thing);
        }
        text
    }
}
