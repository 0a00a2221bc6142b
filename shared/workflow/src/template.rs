//! Text with `${ }` in it, split into literals and expressions.

/// One piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece<'t> {
    Literal(&'t str),
    /// The dollar sign and brace of `$${`.
    Escaped,
    /// The text between `${` and `}`, spaces included.
    Expression(&'t str),
}

/// A `${` without its `}`, at a byte offset of the text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unclosed(pub(crate) usize);

/// Splits a text. An expression ends at the first `}` outside braces, strings, regular expressions, comments and
/// backticks; `$${` is a literal `${`.
pub(crate) fn split(text: &str) -> Result<Vec<Piece<'_>>, Unclosed> {
    let mut pieces = Vec::new();
    let mut rest = 0;
    while let Some(found) = text[rest..].find("${") {
        let dollar = rest + found;
        let escaped = text[rest..dollar].ends_with('$');
        let literal = if escaped { &text[rest..dollar - 1] } else { &text[rest..dollar] };
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        let inside = dollar + 2;
        if escaped {
            pieces.push(Piece::Escaped);
            rest = inside;
        } else {
            let length = expression_length(&text[inside..]).ok_or(Unclosed(dollar))?;
            pieces.push(Piece::Expression(&text[inside..inside + length]));
            rest = inside + length + 1;
        }
    }
    if rest < text.len() {
        pieces.push(Piece::Literal(&text[rest..]));
    }
    Ok(pieces)
}

/// The bytes before the `}` that ends an expression.
fn expression_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut at = 0;
    // A slash divides after an operand; elsewhere it starts a regular expression.
    let mut after_operand = false;
    while let Some(byte) = bytes.get(at).copied() {
        match byte {
            b'}' if depth == 0 => return Some(at),
            b'}' | b')' | b']' => {
                depth -= usize::from(byte == b'}');
                after_operand = true;
            }
            b'{' => {
                depth += 1;
                after_operand = false;
            }
            b'"' | b'\'' => {
                at = closing(bytes, at, byte, true)?;
                after_operand = true;
            }
            b'`' => {
                at = closing(bytes, at, byte, false)?;
                after_operand = true;
            }
            b'/' if bytes.get(at + 1) == Some(&b'*') => at += 2 + text[at + 2..].find("*/")? + 1,
            b'/' if !after_operand => {
                at = closing_regex(bytes, at)?;
                after_operand = true;
            }
            // After an operand these are operators; elsewhere they read all fields, or the surrounding value.
            b'*' if bytes.get(at + 1) == Some(&b'*') => {
                at += 1;
                after_operand = true;
            }
            b'*' | b'%' => after_operand = !after_operand,
            byte if byte.is_ascii_whitespace() => {}
            byte if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || byte >= 0x80 => {
                let word = bytes[at..]
                    .iter()
                    .take_while(|byte| {
                        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || **byte >= 0x80
                    })
                    .count();
                // Behind an operand these join it with another; elsewhere they are names.
                after_operand = !(after_operand && matches!(&text[at..at + word], "and" | "or" | "in"));
                at += word - 1;
            }
            _ => after_operand = false,
        }
        at += 1;
    }
    None
}

fn closing(bytes: &[u8], open: usize, quote: u8, escapes: bool) -> Option<usize> {
    let mut at = open + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' if escapes => at += 1,
            byte if *byte == quote => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

fn closing_regex(bytes: &[u8], open: usize) -> Option<usize> {
    let mut at = open + 1;
    let mut depth = 0_i32;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 1,
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth -= 1,
            b'/' if depth == 0 => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use Piece::{Escaped, Expression, Literal};

    #[track_caller]
    fn check(text: &str, pieces: &[Piece<'_>]) {
        assert_eq!(split(text).as_deref(), Ok(pieces));
    }

    #[test]
    fn text_and_expressions_alternate() {
        check("", &[]);
        check("plain $ {x} }", &[Literal("plain $ {x} }")]);
        check("feature/${task.id}!", &[Literal("feature/"), Expression("task.id"), Literal("!")]);
        check("a $${b} ${c}", &[Literal("a "), Escaped, Literal("b} "), Expression("c")]);
        check("$$${b}", &[Literal("$"), Escaped, Literal("b}")]);
    }

    #[test]
    fn an_expression_ends_at_its_own_brace() {
        check("${ {'a': {'b': 1}}.a }.", &[Expression(" {'a': {'b': 1}}.a "), Literal(".")]);
        check(r#"${ '}' & "\"}" }"#, &[Expression(r#" '}' & "\"}" "#)]);
        check("${ `a}b`.c }", &[Expression(" `a}b`.c ")]);
        check("${ $contains(x, /}{/) }", &[Expression(" $contains(x, /}{/) ")]);
        check("${ x in /[{}]+/ }", &[Expression(" x in /[{}]+/ ")]);
        check("${ a / b }}", &[Expression(" a / b "), Literal("}")]);
        check("${ (a) / 2 }", &[Expression(" (a) / 2 ")]);
        check("${ a.* / 2 }} /", &[Expression(" a.* / 2 "), Literal("} /")]);
        check("${ a * 2 / b }} /", &[Expression(" a * 2 / b "), Literal("} /")]);
        check("${ a.** / 2 }} /", &[Expression(" a.** / 2 "), Literal("} /")]);
        check("${ a.(% / 2) }} /", &[Expression(" a.(% / 2) "), Literal("} /")]);
        check("${ a.in / b.or / and / 2 }} /", &[Expression(" a.in / b.or / and / 2 "), Literal("} /")]);
        check("${ a and /x{1}/ }", &[Expression(" a and /x{1}/ ")]);
        check("${ a /* } */ }", &[Expression(" a /* } */ ")]);
    }

    #[test]
    fn an_open_expression_is_refused_where_it_starts() {
        for (text, at) in
            [("ab ${x", 3), ("${ '} ", 0), ("${ {} ", 0), ("${ /* } ", 0), ("${ /} ", 0), ("${ ä `} ", 0)]
        {
            assert_eq!(split(text), Err(Unclosed(at)), "{text}");
        }
    }
}
