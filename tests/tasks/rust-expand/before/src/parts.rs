//! A template, taken apart.

use crate::Error;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    Text(String),
    Variable { name: String },
}

/// `\d+`, `$1`, `C:\new` and `^\\$` hold no variable: only `\$` and `\\` are escapes.
pub(crate) fn parts(template: &str) -> Result<Vec<Part>, Error> {
    let mut parts = Vec::new();
    let mut text = String::new();
    let mut rest = template;
    while let Some(at) = rest.find(['\\', '$']) {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix(r"\$") {
            text.push('$');
            rest = after;
        } else if let Some(after) = rest.strip_prefix(r"\\") {
            text.push('\\');
            rest = after;
        } else if let Some(after) = rest.strip_prefix("${") {
            let (name, after) = after.split_once('}').ok_or(Error::Unclosed)?;
            if !is_name(name) {
                return Err(Error::Unclosed);
            }
            parts.push(Part::Text(std::mem::take(&mut text)));
            parts.push(Part::Variable { name: name.to_owned() });
            rest = after;
        } else if let Some(after) = rest.strip_prefix('$') {
            let end = after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(after.len());
            let (name, after) = after.split_at(end);
            if is_name(name) {
                parts.push(Part::Text(std::mem::take(&mut text)));
                parts.push(Part::Variable { name: name.to_owned() });
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

fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
