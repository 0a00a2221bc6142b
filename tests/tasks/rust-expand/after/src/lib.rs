//! Puts variables into templates.

mod error;
mod parts;

pub use error::Error;
use parts::{parts, Part};

/// The template with its variables replaced by what `value` says of them.
pub fn expand(template: &str, value: impl Fn(&str) -> Option<String>) -> Result<String, Error> {
    let mut text = String::with_capacity(template.len());
    for part in parts(template)? {
        match part {
            Part::Text(plain) => text.push_str(&plain),
            Part::Variable { name, default, line } => {
                // As in a shell, `:-` counts an empty value as none.
                let found = value(&name).filter(|found| default.is_none() || !found.is_empty());
                text.push_str(&found.or(default).ok_or(Error::Unset { name, line })?);
            }
        }
    }
    Ok(text)
}
