//! Results that are not JSON numbers. JSONata goes on calculating with `Infinity` and refuses it as an operand (`D1001`), but lets it
//! be the value of the whole expression; Step Functions then writes it as a text. The library refuses it in either place.

use jlens_core::{Expression, Node, NodeKind};
use serde_json::Value;

/// What Step Functions gives for an expression that is one calculation, the result of which is too large for a number:
/// `"Infinity"`, `"-Infinity"` or `"NaN"`. `None` where it is none. `evaluate` gives the value of an operand.
pub(super) fn result(
    expression: &Expression,
    evaluate: impl Fn(&Expression) -> Option<Value>,
) -> Option<Value> {
    let NodeKind::Binary { op, lhs, rhs } = &without_parentheses(&expression.ast().root).kind else {
        return None;
    };
    let operand = |node: &Node| -> Option<f64> {
        let source = expression.source().get(node.span.start..node.span.end)?;
        evaluate(&Expression::compile(source).ok()?)?.as_f64()
    };
    let calculate: fn(f64, f64) -> f64 = match op.symbol() {
        "+" => |one, other| one + other,
        "-" => |one, other| one - other,
        "*" => |one, other| one * other,
        "/" => |one, other| one / other,
        "%" => |one, other| one % other,
        _ => return None,
    };
    let text = match calculate(operand(lhs)?, operand(rhs)?) {
        f64::INFINITY => "Infinity",
        f64::NEG_INFINITY => "-Infinity",
        number if number.is_nan() => "NaN",
        _ => return None,
    };
    Some(text.into())
}

fn without_parentheses(node: &Node) -> &Node {
    match &node.kind {
        NodeKind::Block { exprs, .. } => match exprs.as_slice() {
            [only] => without_parentheses(only),
            _ => node,
        },
        _ => node,
    }
}
