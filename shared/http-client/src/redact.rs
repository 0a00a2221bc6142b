//! Credentials in outside text: a service may quote its input, in any form that its error has.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// The replacement for a credential.
const REDACTED: &str = "[redacted]";

/// Shorter parts of a credential in another form say nothing about it, and occur by chance.
const SHORTEST_FORM: usize = 6;

/// JSON in JSON doubles the backslashes each time; deeper nesting than this does not occur.
const MOST_BACKSLASHES: usize = 64;

/// The longest name or number in an HTML entity.
const LONGEST_ENTITY: usize = 8;

/// The text without these secrets: as they are, with any of their characters written as JSON, HTML or a URL escapes them, once or
/// more often, and within Base64 or hexadecimal digits.
pub fn redact<'a>(text: &str, secrets: impl IntoIterator<Item = &'a str>) -> String {
    secrets.into_iter().filter(|secret| !secret.is_empty()).fold(text.to_owned(), |text, secret| {
        let text = replace(&text, |text, at| end_of(text, at, secret).map(|end| (at, end)));
        encoded_forms(secret).iter().fold(text, |text, form| {
            replace(&text, |text, at| {
                // Next to a part in Base64 is the rest of the credential.
                end_of(text, at, form).map(|end| (start_of_run(text, at), end_of_run(text, end)))
            })
        })
    })
}

/// Replaces what `found` finds at a place of the text, from its beginning to its end.
fn replace(text: &str, found: impl Fn(&str, usize) -> Option<(usize, usize)>) -> String {
    let mut kept = String::with_capacity(text.len());
    let (mut from, mut at) = (0, 0);
    while let Some(character) = text[at..].chars().next() {
        match found(text, at) {
            Some((start, end)) if end > at => {
                kept.push_str(&text[from..start.max(from)]);
                kept.push_str(REDACTED);
                (from, at) = (end, end);
            }
            _ => at += character.len_utf8(),
        }
    }
    kept.push_str(&text[from..]);
    kept
}

/// The secret in Base64 at each of the three places that a byte may have there, without the characters that its neighbors change, and
/// in hexadecimal digits.
fn encoded_forms(secret: &str) -> Vec<String> {
    let bytes = secret.as_bytes();
    let base64 = (0..3).flat_map(|before| {
        let padded = [&[0; 2][..before.min(2)], bytes].concat();
        let whole = padded.len() / 3 * 4;
        let first = [0, 2, 3][before];
        [STANDARD_NO_PAD.encode(&padded), URL_SAFE_NO_PAD.encode(&padded)]
            .map(|form| form.get(first..whole).unwrap_or_default().to_owned())
    });
    let hexadecimal: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let upper = hexadecimal.to_uppercase();
    let mut forms: Vec<String> = base64.chain([hexadecimal, upper]).collect();
    forms.retain(|form| form.len() >= SHORTEST_FORM);
    forms.sort();
    forms.dedup();
    forms
}

fn is_base64(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '+' | '/' | '-' | '_' | '=')
}

fn start_of_run(text: &str, at: usize) -> usize {
    text[..at].trim_end_matches(is_base64).len()
}

fn end_of_run(text: &str, end: usize) -> usize {
    text.len() - text[end..].trim_start_matches(is_base64).len()
}

/// Where `wanted` ends if the text has it at this place, each character as it is or escaped.
fn end_of(text: &str, at: usize, wanted: &str) -> Option<usize> {
    let mut ends = vec![at];
    for character in wanted.chars() {
        let mut next = Vec::new();
        for end in ends {
            spellings(&text[end..], character, |length| next.push(end + length));
        }
        next.sort_unstable();
        next.dedup();
        if next.is_empty() {
            return None;
        }
        ends = next;
    }
    ends.last().copied()
}

/// Tells `found` the length of each way in which the text may begin with this character.
fn spellings(text: &str, wanted: char, mut found: impl FnMut(usize)) {
    if text.starts_with(wanted) {
        found(wanted.len_utf8());
    }
    match text.as_bytes().first() {
        Some(b'\\') => {
            // Each level of JSON doubles the backslashes.
            let backslashes = leading_backslashes(text);
            if text[backslashes..].starts_with(wanted) {
                found(backslashes + wanted.len_utf8());
            }
            if let Some(length) = escaped_units(text, backslashes, wanted) {
                found(length);
            }
            if wanted == '\\' {
                [2, 4, 8].into_iter().filter(|many| *many <= backslashes).for_each(found);
            }
        }
        Some(b'%') => {
            let mut buffer = [0; 4];
            for end in percent_encoded(text, wanted.encode_utf8(&mut buffer).as_bytes()) {
                found(end);
            }
        }
        Some(b'&') => {
            let Some(entity) = until(&text[1..], b';', LONGEST_ENTITY) else { return };
            if entity_of(entity) == Some(wanted) {
                found(entity.len() + 2);
            }
        }
        Some(b'+') if wanted == ' ' => found(1),
        _ => {}
    }
}

/// How many backslashes a text begins with, up to a limit: a text of only backslashes must not be read again at each of them.
fn leading_backslashes(text: &str) -> usize {
    text.bytes().take(MOST_BACKSLASHES).take_while(|byte| *byte == b'\\').count()
}

/// The text before an ASCII character that is at most this many bytes away.
fn until(text: &str, end: u8, most: usize) -> Option<&str> {
    let at = text.bytes().take(most + 1).position(|byte| byte == end)?;
    text.get(..at)
}

/// The lengths of these bytes where each is written as `%41`, `%2541` and so on.
fn percent_encoded(text: &str, bytes: &[u8]) -> Vec<usize> {
    let mut ends = vec![0];
    for byte in bytes {
        let mut next = Vec::new();
        for end in ends {
            let mut digits = text[end..].strip_prefix('%');
            while let Some(rest) = digits {
                if hex(rest, 2) == Some(u32::from(*byte)) {
                    next.push(text.len() - rest.len() + 2);
                }
                digits = rest.strip_prefix("25");
            }
        }
        ends = next;
    }
    ends
}

/// The length of `\u0041`, `\ud83d\ude00`, `\u{41}` or `\x41`, if that is the character.
fn escaped_units(text: &str, backslashes: usize, wanted: char) -> Option<usize> {
    let escaped = &text[backslashes..];
    if let Some(rest) = escaped.strip_prefix("u{") {
        let digits = until(rest, b'}', 6).filter(|digits| !digits.is_empty())?;
        return (hex(digits, digits.len())? == u32::from(wanted)).then_some(backslashes + 3 + digits.len());
    }
    if let Some(digits) = escaped.strip_prefix('x') {
        return (hex(digits, 2)? == u32::from(wanted)).then_some(backslashes + 3);
    }
    let mut buffer = [0; 2];
    wanted.encode_utf16(&mut buffer).iter().try_fold(0, |length, unit| {
        let backslashes = leading_backslashes(&text[length..]);
        let digits = text[length + backslashes..].strip_prefix('u').filter(|_| backslashes > 0)?;
        (hex(digits, 4)? == u32::from(*unit)).then(|| text.len() - digits.len() + 4)
    })
}

fn entity_of(entity: &str) -> Option<char> {
    match entity {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "sol" => Some('/'),
        "plus" => Some('+'),
        "equals" => Some('='),
        _ => {
            let number = entity.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

fn hex(text: &str, digits: usize) -> Option<u32> {
    let digits = text.get(..digits).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u32::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};

    /// A credential of every kind of character that some form escapes.
    const SECRET: &str = "hun/ter2+tok\"en&=%\\ü😀 z";

    fn url_encoded() -> String {
        SECRET.bytes().map(|byte| format!("%{byte:02X}")).collect()
    }

    fn html() -> String {
        SECRET.chars().map(|character| format!("&#x{:x};", u32::from(character))).collect()
    }

    fn units(prefix: &str) -> String {
        SECRET.encode_utf16().map(|unit| format!("{prefix}{unit:04x}")).collect()
    }

    #[test]
    fn a_credential_is_redacted_in_every_form() {
        let json = serde_json::to_string(SECRET).unwrap().trim_matches('"').to_owned();
        let nested = serde_json::to_string(&json).unwrap().trim_matches('"').to_owned();
        let slashes = json.replace('/', "\\/");
        let half = url_encoded().to_lowercase();
        let twice = url_encoded().replace('%', "%25");
        let forms = [
            SECRET.to_owned(),
            json,
            nested,
            slashes,
            units("\\u"),
            units("\\\\u"),
            SECRET.chars().map(|character| format!("\\u{{{:x}}}", u32::from(character))).collect(),
            url_encoded(),
            half,
            twice,
            SECRET.replace('%', "%25").replace(' ', "+"),
            html(),
            SECRET.replace('&', "&amp;").replace('"', "&quot;"),
            SECRET.bytes().map(|byte| format!("{byte:02x}")).collect(),
            SECRET.bytes().map(|byte| format!("{byte:02X}")).collect(),
        ];
        for form in forms {
            assert_eq!(redact(&format!("say {form}."), [SECRET]), "say [redacted].", "{form}");
        }
    }

    #[test]
    fn base64_is_redacted_wherever_the_credential_is_in_it() {
        for before in ["", "a", "ab", "abc", "user:"] {
            for after in ["", "x", "xy", ":password"] {
                let whole = format!("{before}{SECRET}{after}");
                for form in [STANDARD.encode(&whole), URL_SAFE.encode(&whole), URL_SAFE_NO_PAD.encode(&whole)]
                {
                    assert_eq!(redact(&format!("Basic {form}!"), [SECRET]), "Basic [redacted]!", "{whole}");
                }
            }
        }
    }

    #[test]
    fn time_is_in_proportion_to_the_length() {
        // Texts that could be read to their ends at each of their places.
        for hostile in ["\\", "&", "\\u{"] {
            let text = hostile.repeat(100_000);
            assert_eq!(redact(&text, [SECRET]), text);
        }
        let secret = format!("{}{}", "\\".repeat(100), units("\\u"));
        assert!(redact(&secret, [SECRET]).ends_with("\\[redacted]"));
    }

    #[test]
    fn nothing_else_is_taken_for_a_credential() {
        for text in
            ["", "hunter2", "100 % \\ & &amp; %25 \\u0041 ü", "\\", "%", "&", "%2", "\\u", "\\u{}", "a\\\\"]
        {
            assert_eq!(redact(text, [SECRET, ""]), text);
        }
        assert_eq!(redact("a-b-a", ["a"]), "[redacted]-b-[redacted]");
        assert_eq!(redact("one and two", ["one", "two"]), "[redacted] and [redacted]");
    }
}
