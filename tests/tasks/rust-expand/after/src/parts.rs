//! A template, taken apart.

use crate::Error;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    Text(String),
    Variable { name: String, default: Option<String>, line: usize },
}

/// `\d+`, `$1`, `C:\new` and `^\\$` hold no variable: only `\$` and `\\` are escapes, and `\}` in a default.
pub(crate) fn parts(template: &str) -> Result<Vec<Part>, Error> {
    let mut parts = Vec::new();
    let mut text = String::new();
    let mut rest = template;
    while let Some(at) = rest.find(['\\', '$']) {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let line = 1 + template[..template.len() - rest.len()].matches('\n').count();
        if let Some(after) = rest.strip_prefix(r"\$") {
            text.push('$');
            rest = after;
        } else if let Some(after) = rest.strip_prefix(r"\\") {
            text.push('\\');
            rest = after;
        } else if let Some(after) = rest.strip_prefix("${") {
            let end = after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(after.len());
            let (name, after) = after.split_at(end);
            let (default, after) = match after.strip_prefix(":-") {
                Some(after) => default(after).map(|(text, after)| (Some(text), after)),
                None => after.strip_prefix('}').map(|after| (None, after)),
            }
            .filter(|_| is_name(name))
            .ok_or(Error::Unclosed)?;
            parts.push(Part::Text(std::mem::take(&mut text)));
            parts.push(Part::Variable { name: name.to_owned(), default, line });
            rest = after;
        } else if let Some(after) = rest.strip_prefix('$') {
            let end = after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(after.len());
            let (name, after) = after.split_at(end);
            if is_name(name) {
                parts.push(Part::Text(std::mem::take(&mut text)));
                parts.push(Part::Variable { name: name.to_owned(), default: None, line });
            } else {
                text.push('$');
                text.push_str(name);
            }
            rest = after;
        } else {
            text.push('\\');
            rest = &rest[1..];
        }
    }
    text.push_str(rest);
    parts.push(Part::Text(text));
    Ok(parts)
}

/// A default up to its brace, and what comes after.
fn default(text: &str) -> Option<(String, &str)> {
    let mut plain = String::new();
    let mut rest = text;
    loop {
        let at = rest.find(['\\', '}'])?;
        plain.push_str(&rest[..at]);
        if let Some(after) = rest[at..].strip_prefix('}') {
            return Some((plain, after));
        }
        let escaped = rest[at + 1..].chars().next().filter(|c| matches!(c, '\\' | '$' | '}'));
        plain.push(escaped.unwrap_or('\\'));
        rest = &rest[at + 1 + escaped.map_or(0, char::len_utf8)..];
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
