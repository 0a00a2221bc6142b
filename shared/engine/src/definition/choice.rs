//! Choice states: their rules, and the default.

use serde_json::Value;

use super::assignments::assignments;
use super::fields::{Fields, Problems};
use super::template::{States, Template, expression, expression_source};
use super::{Choice, Rule};

/// The own fields of a Choice state.
pub(super) fn choice(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Choice> {
    let default = fields.string("Default", problems).map(str::to_owned);
    if !fields.has("Choices") {
        problems.schema(&fields.location, "The field 'Choices' is required");
    }
    let rules = fields.array("Choices", problems)?;
    let location = fields.at("Choices");
    let rules = rules
        .iter()
        .enumerate()
        .filter_map(|(index, value)| rule(value, format!("{location}[{index}]"), problems))
        .collect();
    Some(Choice { rules, default })
}

fn rule(value: &Value, location: String, problems: &mut Problems) -> Option<Rule> {
    let mut fields = Fields::of(value, location, problems)?;
    fields.string("Comment", problems);
    let condition = match fields.take("Condition") {
        Some(value @ Value::Bool(_)) => Some(Template::Literal(value.clone())),
        Some(Value::String(text)) if expression_source(text).is_some() => {
            expression(text, States::Entry, &fields.at("Condition"), problems).map(Template::Expression)
        }
        Some(_) => {
            problems.schema(&fields.at("Condition"), "Must be a JSONata expression, true or false");
            None
        }
        None => {
            problems.schema(&fields.location, "The field 'Condition' is required");
            None
        }
    };
    let next = fields.required_string("Next", problems).map(str::to_owned);
    let assign = assignments(&mut fields, States::Entry, problems);
    let output = fields.take("Output");
    let output = output.map(|output| Template::parse(output, States::Entry, &fields.at("Output"), problems));
    fields.finish("a choice rule", problems);
    Some(Rule { condition: condition?, next: next?, assign, output })
}
