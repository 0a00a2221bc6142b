//! JSONata as Step Functions runs it: parsing, refusals, and the names that an expression looks up.

use crate::source::Span;
use crate::yaml::why_not_kept;
use jlens_core::ast::{FallbackOp, Stage};
use jlens_core::{Ast, Node, NodeKind};

/// Step Functions runs out of stack near 200 nested terms; this leaves room for the compiler's additions.
pub(crate) const DEPTH_LIMIT: usize = 100;
/// No expression may be longer, in bytes.
pub(crate) const LENGTH_LIMIT: usize = 16 * 1024;
/// Functions whose value changes from one use to the next, so that a definition must not hold them.
const UNSTEADY: [&str; 5] = ["now", "millis", "random", "uuid", "eval"];

/// How other languages write what JSONata writes differently.
const FOREIGN: [(&str, &str); 4] = [("==", "="), ("&&", "and"), ("||", "or"), ("<>", "!=")];

/// Why an expression is refused, at a range of its bytes.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) span: Span,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl Refusal {
    pub(crate) fn new(span: jlens_core::Span, message: impl Into<String>) -> Self {
        Self { span: Span::new(span.start, span.end), message: message.into(), help: None }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Parses an expression and refuses what Step Functions would refuse or read differently.
pub(crate) fn parse(source: &str) -> Result<Ast, Refusal> {
    let everything = jlens_core::Span::new(0, source.len());
    if source.len() > LENGTH_LIMIT {
        return Err(Refusal::new(everything, format!("an expression has at most {LENGTH_LIMIT} bytes")));
    }
    if let Some(at) = source.find("${") {
        return Err(Refusal::new(
            jlens_core::Span::new(at, at + 2),
            "`${` cannot stand inside an expression",
        )
        .help("names need no `${ }` here; for the two characters in a string write `'$' & '{'`"));
    }
    let ast = jlens_core::parse(source).map_err(|error| {
        let refusal = Refusal::new(
            error.span().unwrap_or(everything),
            format!("this is not JSONata: {}", error.message()),
        );
        let inner = source.trim().strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        match (inner, FOREIGN.iter().find(|(foreign, _)| source.contains(foreign))) {
            (Some(inner), _) if !inner.contains(['{', '}', ':']) => {
                refusal.help(format!("one pair of braces is enough: `${{{}}}`", inner.trim()))
            }
            (_, Some((foreign, own))) => refusal.help(format!("JSONata writes `{own}` for `{foreign}`")),
            _ if error.message().contains("\"!\"") || source.trim_start().starts_with("not ") => {
                refusal.help("JSONata writes `$not(x)`")
            }
            _ if error.message().contains("\"..\"") => {
                refusal.help("items from one place to another are `list[[0..2]]`, and numbers `[0..2]`")
            }
            _ => refusal,
        }
    })?;
    refuse_misread(&ast.root, source, 0)?;
    Ok(ast)
}

/// Refuses what Step Functions does not run, and numbers that it would change.
fn refuse_misread(node: &Node, source: &str, depth: usize) -> Result<(), Refusal> {
    if depth > DEPTH_LIMIT {
        return Err(Refusal::new(
            node.span,
            "this expression is nested too deeply for Step Functions to evaluate",
        )
        .help("split it into several `variables:`, or use `$sum` or `$join` on a list"));
    }
    match &node.kind {
        NodeKind::Fallback { op, .. } => {
            let written = match op {
                FallbackOp::Coalesce => "x != null ? x : y",
                FallbackOp::Default => "x ? x : y",
            };
            return Err(Refusal::new(
                node.span,
                format!("Step Functions runs JSONata 2.0.6, which has no `{}`", op.symbol()),
            )
            .help(format!("write `{written}`")));
        }
        NodeKind::Variable { name } if name == "states" => {
            return Err(Refusal::new(node.span, "`$states` is the compiled document's own").help(
                "name inputs and step results as they are; `context.x` reads what started the workflow",
            ));
        }
        NodeKind::Variable { name } if name == "eval" => {
            return Err(Refusal::new(node.span, "Step Functions does not run `$eval`"));
        }
        NodeKind::Variable { name } if name == "$" => {
            return Err(Refusal::new(node.span, "`$$` means nothing here").help("name what you mean"));
        }
        NodeKind::Number { .. } => {
            let written = source.get(node.span.start..node.span.end).unwrap_or_default();
            if let Some(reason) = why_not_kept(written.trim_start_matches('-').trim()) {
                return Err(Refusal::new(node.span, format!("`{written}` {reason}"))
                    .help("if it is text, put it in quotes"));
            }
        }
        _ => {}
    }
    let mut result = Ok(());
    node.for_each_child(|child| {
        if result.is_ok() {
            result = refuse_misread(child, source, depth + 1);
        }
    });
    result
}

/// A path that starts with a name to be looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lookup {
    pub(crate) name: String,
    /// The plain names that follow it.
    pub(crate) fields: Vec<String>,
    pub(crate) span: Span,
}

/// Every name that is looked up: the first of a path, outside `[…]`, `.(…)`, `^(…)` and lambdas.
pub(crate) fn lookups(ast: &Ast) -> Vec<Lookup> {
    lookups_in(&ast.root)
}

/// The same of a part of an expression.
pub(crate) fn lookups_in(node: &Node) -> Vec<Lookup> {
    let mut found = Vec::new();
    collect(node, &mut found);
    found
}

fn collect(node: &Node, found: &mut Vec<Lookup>) {
    match &node.kind {
        NodeKind::Path { steps, .. } => {
            let Some(first) = steps.first() else { return };
            match &first.kind {
                NodeKind::Name { name } => {
                    let fields = plain_names(steps).into_iter().skip(1).map(str::to_owned).collect();
                    found.push(Lookup {
                        name: name.clone(),
                        fields,
                        span: Span::new(first.span.start, first.pos),
                    });
                }
                _ => collect(first, found),
            }
        }
        NodeKind::Lambda(_) | NodeKind::Transform(_) => {}
        _ => {
            let skipped = filters(node);
            node.for_each_child(|child| {
                if !skipped.contains(&child.id) {
                    collect(child, found);
                }
            });
        }
    }
}

/// The nodes inside `[…]` and `{…}` after a value: there, names are fields of the value.
fn filters(node: &Node) -> Vec<u32> {
    let stages = node.attrs.stages.iter().chain(&node.attrs.predicate);
    let mut ids: Vec<u32> = stages
        .filter_map(|stage| match stage {
            Stage::Filter { expr, .. } => Some(expr.id),
            Stage::Index { .. } => None,
        })
        .collect();
    if let Some(group) = &node.attrs.group {
        ids.extend(group.pairs.iter().flat_map(|(key, value)| [key.id, value.id]));
    }
    ids
}

/// The leading names of a path, up to the first step that is more than a name.
pub(crate) fn plain_names(steps: &[Node]) -> Vec<&str> {
    let mut names = Vec::new();
    for step in steps {
        let NodeKind::Name { name } = &step.kind else { break };
        names.push(name.as_str());
        let plain = step.attrs.stages.is_empty()
            && step.attrs.predicate.is_empty()
            && step.attrs.group.is_none()
            && step.attrs.focus.is_none()
            && step.attrs.index.is_none()
            && !step.attrs.keep_array;
        if !plain {
            break;
        }
    }
    names
}

/// The first function in the expression whose value changes from one use to the next.
pub(crate) fn unsteady(ast: &Ast) -> Option<(String, Span)> {
    let mut found = None;
    ast.root.walk(&mut |node| {
        if let NodeKind::Variable { name } = &node.kind
            && UNSTEADY.contains(&name.as_str())
            && found.is_none()
        {
            found = Some((name.clone(), Span::new(node.span.start, node.span.end)));
        }
    });
    found
}

/// Whether an expression that reads nothing holds; `None` when it reads something, or gives another value each time.
pub(crate) fn constant(text: &str) -> Option<bool> {
    let ast = jlens_core::parse(text).ok()?;
    let mut reads = false;
    ast.root.walk(&mut |node| {
        reads |= match &node.kind {
            NodeKind::Variable { name } => {
                !crate::names::is_function(name) || UNSTEADY.contains(&name.as_str())
            }
            NodeKind::Name { .. } | NodeKind::Function { .. } | NodeKind::Lambda(_) => true,
            _ => false,
        };
    });
    if reads {
        return None;
    }
    let value = jlens_core::Expression::compile(&format!("$boolean({text})"))
        .and_then(|expression| expression.evaluate(None, &jlens_core::Bindings::new()))
        .ok()?;
    Some(value == Some(true.into()))
}

/// A text as a JSONata string. Nothing in it can end the string, start a substitution (`${`) or look like the borders of an
/// expression (`{%`, `%}`).
pub(crate) fn string_literal(text: &str) -> String {
    let quote = if text.contains('\'') { '"' } else { '\'' };
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push(quote);
    let mut previous = ' ';
    for character in text.chars() {
        match character {
            '\\' => literal.push_str("\\\\"),
            '"' if quote == '"' => literal.push_str("\\\""),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            '{' if previous == '$' => literal.push_str("\\u007b"),
            '%' if previous == '{' => literal.push_str("\\u0025"),
            '}' if previous == '%' => literal.push_str("\\u007d"),
            control if control.is_control() && (control as u32) < 0x10000 => {
                literal.push_str(&format!("\\u{:04x}", control as u32));
            }
            plain => literal.push(plain),
        }
        previous = character;
    }
    literal.push(quote);
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn names(source: &str) -> String {
        let lookups = lookups(&parse(source).unwrap());
        lookups
            .iter()
            .map(|lookup| {
                std::iter::once(lookup.name.as_str())
                    .chain(lookup.fields.iter().map(String::as_str))
                    .collect::<Vec<_>>()
                    .join(".")
            })
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn only_first_names_are_looked_up() {
        assert_eq!(names("task.title & ' ' & number"), "task.title number");
        assert_eq!(names("tasks[status = 'x'].title"), "tasks");
        assert_eq!(names("tasks.(a & b)"), "tasks");
        assert_eq!(names("tasks^(>points).title"), "tasks");
        assert_eq!(names("$map(tasks, function($t) { $t.title & other })"), "tasks");
        assert_eq!(names("a ? [b, {'c': d.e}] : $count(f.g[0].h)"), "a b d.e f.g");
        assert_eq!(names("`odd name`.x"), "odd name.x");
        assert_eq!(names("(a; b).c"), "a b");
        assert_eq!(names("tasks{status: title}"), "tasks");
    }

    #[test]
    fn what_step_functions_does_not_run_is_refused() {
        for (source, message) in [
            ("a ?? b", "has no `??`"),
            ("a ?: b", "has no `?:`"),
            ("$states.input", "`$states`"),
            ("$eval('1')", "`$eval`"),
            ("a +", "not JSONata"),
            ("'${x}'", "`${` cannot stand"),
            ("$$.a", "`$$` means nothing"),
            ("id = 123456789012345678", "`123456789012345678` has more digits"),
            ("[1, -9007199254740993]", "`-9007199254740993` has more digits"),
        ] {
            assert!(parse(source).unwrap_err().message.contains(message), "{source}");
        }
        for (source, help) in [
            ("a <> b", "JSONata writes `!=` for `<>`"),
            ("!a", "JSONata writes `$not(x)`"),
            ("not a", "JSONata writes `$not(x)`"),
            ("a[0..1]", "items from one place to another are `list[[0..2]]`"),
        ] {
            let refusal = parse(source).unwrap_err();
            assert!(
                refusal.help.as_deref().is_some_and(|told| told.starts_with(help)),
                "{source}: {refusal:?}"
            );
        }
        assert!(parse("id = 9007199254740992 and part = -0.25 and big = 1e21").is_ok());
        let long = vec!["1"; 200].join("+");
        assert!(parse(&long).unwrap_err().message.contains("nested too deeply"));
        assert_eq!(unsteady(&parse("'x' & $now()").unwrap()).unwrap().0, "now");
    }

    #[test]
    fn strings_say_exactly_what_was_meant() {
        for text in [
            "",
            "plain",
            "it's",
            "\"both\" 'kinds' \\",
            "${x} {% y %}",
            "line\nbreak\t\u{1}",
            "ünïcode 🤖",
            "$${% %}}",
        ] {
            let literal = string_literal(text);
            assert!(
                !literal.contains("${") && !literal.contains("{%") && !literal.contains("%}"),
                "{literal}"
            );
            let value = jlens_core::Expression::compile(&literal)
                .unwrap()
                .evaluate(None, &jlens_core::Bindings::new())
                .unwrap();
            assert_eq!(value, Some(text.into()), "{literal}");
        }
    }
}
