//! Data in messages: literal texts, and links that say where they lead.

/// A text that means itself in Markdown, on one line: its punctuation is escaped, an invisible character keeps `@` from mentioning
/// anybody, and hidden characters become spaces. Services with a different language than Markdown translate it.
pub fn literal(text: &str) -> String {
    let line: String = text.chars().map(|c| if super::is_hidden(c) { ' ' } else { c }).collect();
    let mut literal = String::with_capacity(line.len());
    // A number, a dash or a plus begins a list at the start of a line.
    let list = line.trim_start().trim_start_matches(|c: char| c.is_ascii_digit());
    let marker = line.len() - list.len();
    for (at, c) in line.char_indices() {
        let begins_list = at == marker && matches!(c, '-' | '+' | '.' | ')' | '=');
        if begins_list
            || matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '!' | '|' | '~' | '&')
        {
            literal.push('\\');
        }
        literal.push(c);
        if c == '@' {
            literal.push(JOINER);
        }
    }
    literal
}

/// An invisible separator, which splits what a service would read as one word.
pub const JOINER: char = '\u{2060}';

/// The addition to a link whose text does not say where it leads: the host, or the mail address. `None` if the text does: it is the
/// address, names its host, or is the name of the target, such as `#12` or `SHOP-1`.
pub fn destination<'a>(words: &str, address: &'a str) -> Option<&'a str> {
    let words = words.trim();
    let (scheme, rest) = address.split_once(':')?;
    if scheme.eq_ignore_ascii_case("mailto") {
        return (!names(words, rest)).then_some(rest);
    }
    let rest = rest.strip_prefix("//")?;
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    // The part before `@` is not the host, and often imitates one.
    let host = authority.rsplit('@').next().unwrap_or_default();
    let last = rest[authority.len()..].trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let name = words.trim_start_matches('#');
    let is_name = !name.is_empty() && name == last && name.bytes().any(|byte| byte.is_ascii_digit());
    (!is_name && !names(words, host)).then_some(host)
}

/// Whether words hold a host or address, and nothing that looks like another one.
fn names(words: &str, host: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '@');
    let mut others = words.split(|c: char| !is_part(c)).map(|word| word.trim_matches(['.', '-']));
    let mut found = false;
    let all = others.all(|word| {
        let is_it = word.eq_ignore_ascii_case(host.split(':').next().unwrap_or_default());
        found |= is_it;
        is_it || found || !word.contains('.')
    });
    all && found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_has_no_form_and_mentions_nobody() {
        assert_eq!(
            literal("@all <!-- *a* [b](c)\n# `d`"),
            "@\u{2060}all \\<\\!-- \\*a\\* \\[b\\](c) \\# \\`d\\`"
        );
        assert_eq!(literal("- a"), "\\- a");
        assert_eq!(literal("12. a - b"), "12\\. a - b");
        assert_eq!(literal("1.5 of 2.5"), "1\\.5 of 2.5");
        assert_eq!(literal("a\u{202e}b\u{1b}[2J"), "a b \\[2J");
    }

    #[test]
    fn a_link_says_where_it_leads() {
        let check = |words: &str, address: &str, expected: Option<&str>| {
            assert_eq!(destination(words, address), expected, "{words} {address}");
        };
        check("#12", "https://github.com/acme/shop/pull/12", None);
        check("SHOP-1", "https://acme.atlassian.net/browse/SHOP-1", None);
        check("https://a.example/x", "https://a.example/x", None);
        check("the page on a.example", "https://a.example/x", None);
        check("a.example:8080", "https://a.example:8080/x", None);
        check("ada@a.example", "mailto:ada@a.example", None);
        check("here", "#part", None);
        check("here", "docs/x.md", None);
        check("here", "https://evil.example", Some("evil.example"));
        check("", "https://evil.example", Some("evil.example"));
        check("https://github.com", "https://evil.example/github.com", Some("evil.example"));
        check("github.com", "https://github.com@evil.example/", Some("evil.example"));
        check("github.com evil.example", "https://evil.example/", Some("evil.example"));
        check("notevil.example", "https://evil.example/", Some("evil.example"));
        check("sign in", "https://evil.example/sign in", Some("evil.example"));
        check("write to ada", "mailto:eve@evil.example", Some("eve@evil.example"));
    }
}
