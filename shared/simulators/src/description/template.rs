//! Path templates of an OpenAPI description, such as `/repos/{owner}/{repo}/git/refs/{ref}`.

use percent_encoding::percent_decode_str;

/// A path template, split at its slashes.
#[derive(Debug)]
pub(super) struct Template {
    segments: Vec<Segment>,
}

#[derive(Debug)]
enum Segment {
    Literal(String),
    /// Text around parameters within one segment: `{base}...{head}` is `["", "...", ""]` and `[base, head]`.
    Parameters {
        literals: Vec<String>,
        names: Vec<String>,
        /// Whether the value may hold slashes, as GitHub's refs and paths may.
        spans: bool,
    },
}

/// How exactly a template matched: literal segments, then fewer segments swallowed by a spanning parameter.
pub(super) type Rank = (usize, std::cmp::Reverse<usize>);

impl Template {
    /// Reads a template. `spans` says whether a parameter's value may contain slashes.
    pub(super) fn new(template: &str, spans: impl Fn(&str) -> bool) -> Self {
        let segments = template.trim_matches('/').split('/').map(|text| Segment::new(text, &spans)).collect();
        Self { segments }
    }

    /// Matches a path as it was sent, percent-encoding and all. Gives the decoded parameters.
    pub(super) fn matches(&self, path: &str) -> Option<(Rank, Vec<(String, String)>)> {
        let path: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let mut values = Vec::new();
        let literals = match_segments(&self.segments, &path, &mut values)?;
        Some(((literals, std::cmp::Reverse(path.len() - self.segments.len())), values))
    }
}

impl Segment {
    fn new(text: &str, spans: &impl Fn(&str) -> bool) -> Self {
        if !text.contains('{') {
            return Self::Literal(text.to_string());
        }
        let (mut literals, mut names) = (Vec::new(), Vec::new());
        let mut rest = text;
        while let Some((literal, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            literals.push(literal.to_string());
            names.push(name.to_string());
            rest = after;
        }
        literals.push(rest.to_string());
        let spans = names.iter().any(|name| spans(name));
        Self::Parameters { literals, names, spans }
    }
}

fn match_segments(segments: &[Segment], path: &[&str], values: &mut Vec<(String, String)>) -> Option<usize> {
    let Some((segment, rest)) = segments.split_first() else {
        return path.is_empty().then_some(0);
    };
    let (first, _) = path.split_first()?;
    match segment {
        Segment::Literal(literal) => (decode(first) == *literal)
            .then(|| match_segments(rest, &path[1..], values))?
            .map(|count| count + 1),
        Segment::Parameters { literals, names, spans } => {
            let longest = if *spans { path.len().saturating_sub(rest.len()) } else { 1 };
            (1..=longest).find_map(|taken| {
                let before = values.len();
                values.extend(match_parameters(literals, names, &path[..taken].join("/"), *spans)?);
                let found = match_segments(rest, &path[taken..], values);
                if found.is_none() {
                    values.truncate(before);
                }
                found
            })
        }
    }
}

/// A value may be empty only where it may span segments: GitHub's root folder is `/contents/`.
fn match_parameters(
    literals: &[String],
    names: &[String],
    text: &str,
    may_be_empty: bool,
) -> Option<Vec<(String, String)>> {
    let mut rest = text.strip_prefix(literals.first()?.as_str())?;
    let mut values = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let literal = literals.get(index + 1)?;
        let is_last = index + 1 == names.len();
        let (value, after) = match (is_last, literal.as_str()) {
            (true, suffix) => (rest.strip_suffix(suffix)?, ""),
            (false, separator) => rest.split_once(separator)?,
        };
        if value.is_empty() && !may_be_empty {
            return None;
        }
        values.push((name.clone(), decode(value)));
        rest = after;
    }
    Some(values)
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(template: &str, path: &str, expected: Option<&[(&str, &str)]>) {
        let values = Template::new(template, |name| name == "ref").matches(path).map(|(_, values)| values);
        let expected = expected
            .map(|pairs| pairs.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect::<Vec<_>>());
        assert_eq!(values, expected, "{template} {path}");
    }

    #[test]
    fn parameters_match_one_segment_or_several_where_they_may() {
        check("/a/{x}/b", "/a/1/b", Some(&[("x", "1")]));
        check("/a/{x}/b", "/a/1/2/b", None);
        check("/a/{x}/b", "/a//b", None);
        check("/a/{x}", "/a/heads%2Fone", Some(&[("x", "heads/one")]));
        check("/a/{ref}", "/a/", Some(&[("ref", "")]));
        check("/a/{x}", "/a/", None);
        check("/a/{ref}", "/a/heads/one/two", Some(&[("ref", "heads/one/two")]));
        check("/a/{ref}/status", "/a/one/two/status", Some(&[("ref", "one/two")]));
        check("/a/{base}...{head}", "/a/main...topic", Some(&[("base", "main"), ("head", "topic")]));
        check("/a/{base}...{head}", "/a/main", None);
        check("/a", "/a/", None);
        check("/a", "/b", None);
    }

    #[test]
    fn a_literal_outranks_a_parameter() {
        let rank = |template: &str| {
            Template::new(template, |name| name == "ref").matches("/a/comments").map(|(rank, _)| rank)
        };
        assert!(rank("/a/comments") > rank("/a/{x}"));
        assert!(rank("/a/{x}") >= rank("/a/{ref}"));
    }
}
