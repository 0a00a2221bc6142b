//! Results that are not JSON numbers. JSONata goes on calculating with `Infinity` and refuses it as an operand (`D1001`), but lets it
//! be the value of the whole expression, of an item of an array or of a field of an object; Step Functions then writes it as a text. The
//! library refuses it in all of these places.

use jlens_core::{Expression, Node, NodeKind};
use serde_json::{Map, Value};

/// Deeper than people nest arrays and objects in an expression.
const DEEPEST: usize = 32;

/// What Step Functions gives for an expression with results that are too large for a number: `"Infinity"`, `"-Infinity"` or `"NaN"` in
/// their places. `None` if there is none, or one in another place. `evaluate` gives the value of a part.
pub(super) fn result(
    expression: &Expression,
    evaluate: impl Fn(&Expression) -> Option<Value>,
) -> Option<Value> {
    let parts = Parts { source: expression.source(), evaluate: &evaluate };
    parts.value(&expression.ast().root, 0)
}

/// The parts of an expression.
struct Parts<'a> {
    source: &'a str,
    evaluate: &'a dyn Fn(&Expression) -> Option<Value>,
}

impl Parts<'_> {
    /// The value of a part with an infinite result in it.
    fn value(&self, node: &Node, depth: usize) -> Option<Value> {
        let node = without_parentheses(node);
        match &node.kind {
            _ if !is_plain(node) || depth > DEEPEST => None,
            NodeKind::Binary { .. } => self.calculated(node),
            NodeKind::Array { items } => {
                let mut all = Vec::new();
                for item in items {
                    match self.value(item, depth + 1) {
                        Some(value) => all.push(value),
                        // The library joins an item's results into an array.
                        None => match self.evaluated(&format!("[{}\n]", self.text(item)?))? {
                            Value::Array(values) => all.extend(values),
                            _ => return None,
                        },
                    }
                }
                Some(Value::Array(all))
            }
            NodeKind::Object { pairs } => {
                let mut all = Map::new();
                for (name, value) in pairs {
                    match self.value(value, depth + 1) {
                        Some(value) => {
                            let Value::String(name) = self.evaluated(self.text(name)?)? else { return None };
                            all.insert(name, value);
                        }
                        None => {
                            let pair = format!("{{{}:{}\n}}", self.text(name)?, self.text(value)?);
                            let Value::Object(fields) = self.evaluated(&pair)? else { return None };
                            all.extend(fields);
                        }
                    }
                }
                Some(Value::Object(all))
            }
            NodeKind::Condition { condition, then, otherwise } => {
                let chosen = self.evaluated(&format!("$boolean(({}\n))", self.text(condition)?))?;
                self.value(if chosen == true { then } else { otherwise.as_deref()? }, depth + 1)
            }
            _ => None,
        }
    }

    /// The text of a calculation whose result is not a number.
    fn calculated(&self, node: &Node) -> Option<Value> {
        let NodeKind::Binary { op, lhs, rhs } = &node.kind else { return None };
        let calculate: fn(f64, f64) -> f64 = match op.symbol() {
            "+" => |one, other| one + other,
            "-" => |one, other| one - other,
            "*" => |one, other| one * other,
            "/" => |one, other| one / other,
            "%" => |one, other| one % other,
            _ => return None,
        };
        let operand = |node: &Node| self.evaluated(self.text(node)?)?.as_f64();
        let text = match calculate(operand(lhs)?, operand(rhs)?) {
            f64::INFINITY => "Infinity",
            f64::NEG_INFINITY => "-Infinity",
            number if number.is_nan() => "NaN",
            _ => return None,
        };
        Some(text.into())
    }

    fn text(&self, node: &Node) -> Option<&str> {
        self.source.get(node.span.start..node.span.end)
    }

    fn evaluated(&self, source: &str) -> Option<Value> {
        (self.evaluate)(&Expression::compile(source).ok()?)
    }
}

fn without_parentheses(node: &Node) -> &Node {
    match &node.kind {
        NodeKind::Block { exprs, .. } => match exprs.as_slice() {
            [only] if is_plain(node) => without_parentheses(only),
            _ => node,
        },
        _ => node,
    }
}

/// Whether nothing that follows a part chooses from its value, as `[-1]` does.
fn is_plain(node: &Node) -> bool {
    node.attrs.stages.is_empty() && node.attrs.predicate.is_empty() && node.attrs.group.is_none()
}
