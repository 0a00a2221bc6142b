//! The forms of answers: for people a table, for programs JSON and its relatives.

use super::columns::{Column, plain, value};
use crate::exit::{Exit, Outcome};
use clap::ValueEnum;
use serde_json::Value;

/// A form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Table,
    /// The whole answer as JSON.
    Json,
    /// Each item of a list as JSON, on its own line.
    Jsonl,
    /// The whole answer as YAML.
    Yaml,
    /// The table's columns as CSV, with a heading.
    Csv,
}

/// An answer, with the columns of its table.
pub(super) struct Shown<'a> {
    pub(super) body: &'a Value,
    pub(super) columns: &'a [Column],
}

impl Shown<'_> {
    /// The answer as text.
    ///
    /// # Errors
    /// Usage when it cannot be written in this form.
    pub(super) fn as_text(&self, format: Format) -> Outcome<String> {
        let cannot =
            |error: &dyn std::fmt::Display| Exit::usage(format!("the answer cannot be written so: {error}"));
        Ok(match format {
            // A table needs columns, which are known for some lists only.
            Format::Table if self.is_list() && self.columns.is_empty() => {
                pretty(self.body).map_err(|error| cannot(&error))? + "\n"
            }
            Format::Table => self.table(),
            Format::Json => pretty(self.body).map_err(|error| cannot(&error))? + "\n",
            Format::Jsonl => self.items().iter().map(|item| format!("{item}\n")).collect(),
            Format::Yaml => serde_saphyr::to_string(self.body).map_err(|error| cannot(&error))?,
            Format::Csv => self.csv().map_err(|error| cannot(&error))?,
        })
    }

    /// The items of a list; another answer is its only item.
    fn items(&self) -> Vec<&Value> {
        match self.body.get("items") {
            Some(Value::Array(items)) => items.iter().collect(),
            _ if self.body.is_null() => Vec::new(),
            _ => vec![self.body],
        }
    }

    fn is_list(&self) -> bool {
        self.body.get("items").is_some_and(Value::is_array)
    }

    fn table(&self) -> String {
        if self.is_list() { self.rows() } else { self.fields() }
    }

    /// A list: a heading and a line for each item, in columns as wide as their longest value.
    fn rows(&self) -> String {
        let items = self.items();
        if items.is_empty() {
            return String::new();
        }
        let heading = self.columns.iter().map(|(name, _)| (*name).to_owned()).collect();
        let lines = items
            .iter()
            .map(|item| self.columns.iter().map(|(_, path)| on_one_line(&value(item, path))).collect());
        let rows: Vec<Vec<String>> = std::iter::once(heading).chain(lines).collect();
        let width = |column: usize| {
            rows.iter().filter_map(|row| row.get(column)).map(|text| text.chars().count()).max()
        };
        let widths: Vec<usize> = (0..self.columns.len()).map(|column| width(column).unwrap_or(0)).collect();
        let line = |row: &Vec<String>| {
            let cells = row
                .iter()
                .zip(&widths)
                .map(|(text, width)| format!("{:width$}", if text.is_empty() { "-" } else { text }));
            format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
        };
        rows.iter().map(line).collect()
    }

    /// One thing: a line for each of its fields.
    fn fields(&self) -> String {
        let Value::Object(fields) = self.body else { return String::new() };
        let width = fields.keys().map(|name| name.chars().count()).max().unwrap_or(0);
        let mut text = String::new();
        for (name, value) in fields {
            match value {
                Value::Array(items) if items.iter().any(Value::is_object) => {
                    text.push_str(&format!("{name}\n"));
                    text.extend(items.iter().map(|item| format!("  {}\n", on_one_line(&brief(item)))));
                }
                value => text.push_str(&format!("{name:width$}  {}\n", on_one_line(&plain(name, value)))),
            }
        }
        text
    }

    fn csv(&self) -> Result<String, Box<dyn std::error::Error>> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let items = self.items();
        // Without explicit columns, the first item's fields are the columns.
        let own: Vec<String> = match (self.columns, items.first()) {
            ([], Some(Value::Object(fields))) => fields.keys().cloned().collect(),
            (columns, _) => columns.iter().map(|(_, path)| (*path).to_owned()).collect(),
        };
        if own.is_empty() {
            return Ok(String::new());
        }
        writer.write_record(&own)?;
        for item in items {
            // Numbers stay numbers, and objects JSON: programs read them.
            let cell = |path: &String| {
                let found = path.split('.').try_fold(item, |value, name| value.get(name));
                match found {
                    Some(found @ (Value::Number(_) | Value::Object(_))) => found.to_string(),
                    _ => value(item, path),
                }
            };
            writer.write_record(own.iter().map(cell))?;
        }
        Ok(String::from_utf8(writer.into_inner()?)?)
    }
}

fn pretty(value: &Value) -> serde_json::Result<String> {
    serde_json::to_string_pretty(value)
}

/// The plain fields of an item of a thing, side by side.
fn brief(item: &Value) -> String {
    let Value::Object(fields) = item else { return plain("", item) };
    let shown = fields.iter().filter(|(_, value)| !value.is_object() && !value.is_null());
    shown.map(|(name, value)| format!("{name}: {}", plain(name, value))).collect::<Vec<_>>().join("  ")
}

fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_list_of_which_no_columns_are_known_is_shown_whole() {
        let body = json!({"items": [{"a": 1}, {"a": 2}]});
        let shown = Shown { body: &body, columns: &[] }.as_text(Format::Table).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), body);
    }

    fn text(body: &Value, format: Format) -> String {
        Shown { body, columns: &[("name", "name"), ("by", "started.by"), ("cost", "micro_usd")] }
            .as_text(format)
            .unwrap()
    }

    #[test]
    fn a_list_in_every_form() {
        let body = json!({"items": [
            {"name": "e-1", "started": {"by": "ada, \"al\""}, "micro_usd": 1_500_000},
            {"name": "e-22", "text": "two\nlines"},
        ]});
        assert_eq!(
            text(&body, Format::Table),
            "name  by         cost\ne-1   ada, \"al\"  $1.5000\ne-22  -          -\n"
        );
        assert_eq!(
            text(&body, Format::Csv),
            "name,started.by,micro_usd\ne-1,\"ada, \"\"al\"\"\",1500000\ne-22,,\n"
        );
        let lines = text(&body, Format::Jsonl);
        let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(json!({"items": lines}), body);
        assert_eq!(serde_json::from_str::<Value>(&text(&body, Format::Json)).unwrap(), body);
        assert_eq!(serde_saphyr::from_str::<Value>(&text(&body, Format::Yaml)).unwrap(), body);
    }

    #[test]
    fn one_thing_and_nothing() {
        let body = json!({"name": "e-1", "steps": [{"name": "s", "error": null}], "cause": "a\nb"});
        assert_eq!(text(&body, Format::Table), "name   e-1\nsteps\n  name: s\ncause  a b\n");
        assert_eq!(text(&json!({"items": []}), Format::Table), "");
        assert_eq!(text(&Value::Null, Format::Jsonl), "");
    }
}
