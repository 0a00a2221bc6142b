//! Paths from templates, in the two forms of [RFC 6570](https://www.rfc-editor.org/rfc/rfc6570) that providers document:
//! `{name}` for one segment and `{+name}` for a value that keeps its slashes.

use domain::ActionError;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything that is not [unreserved](https://www.rfc-editor.org/rfc/rfc3986#section-2.3) is encoded.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const SEGMENTS: &AsciiSet = &SEGMENT.remove(b'/');

/// Fills the template's placeholders with the values, in order.
///
/// # Errors
/// `Rejected` for a value that would change which resource is meant: empty, `.` or `..`, in any segment. `Internal` when
/// there are more or fewer values than placeholders.
pub(crate) fn fill(template: &str, values: &[&str]) -> Result<String, ActionError> {
    let miscounted =
        || ActionError::internal(format!("path {template} and its {} values do not fit", values.len()));
    let mut path = String::new();
    let mut rest = template;
    let mut values_left = values.iter();
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').ok_or_else(miscounted)?;
        let value = values_left.next().ok_or_else(miscounted)?;
        path.push_str(before);
        let (name, set, segments): (_, _, Vec<&str>) = match name.strip_prefix('+') {
            Some(name) => (name, SEGMENTS, value.split('/').collect()),
            None => (name, SEGMENT, vec![value]),
        };
        if segments.iter().any(|segment| matches!(*segment, "" | "." | "..")) {
            return Err(ActionError::rejected(format!(
                "`{value}` cannot be the {name} in {template}; accepted: text that is not empty, `.` or `..`"
            )));
        }
        path.extend(utf8_percent_encode(value, set));
        rest = after;
    }
    path.push_str(rest);
    if values_left.next().is_some() { Err(miscounted()) } else { Ok(path) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ErrorKind;

    #[test]
    fn values_are_encoded_and_cannot_leave_their_place() {
        let fill = |value: &str| fill("/repos/{name}/x", &[value]);
        assert_eq!(fill("a b/c?d#e%f").unwrap(), "/repos/a%20b%2Fc%3Fd%23e%25f/x");
        assert_eq!(fill("ü").unwrap(), "/repos/%C3%BC/x");
        for value in ["", ".", ".."] {
            assert_eq!(fill(value).unwrap_err().kind, ErrorKind::Rejected, "{value:?}");
        }
    }

    #[test]
    fn slashes_stay_where_the_provider_wants_them() {
        let fill = |value: &str| fill("/contents/{+path}", &[value]);
        assert_eq!(fill("src/a b.rs").unwrap(), "/contents/src/a%20b.rs");
        for value in ["../secret", "a//b", "/a", "a/./b"] {
            assert_eq!(fill(value).unwrap_err().kind, ErrorKind::Rejected, "{value:?}");
        }
    }

    #[test]
    fn a_miscount_is_our_own_defect() {
        assert_eq!(fill("/{a}", &[]).unwrap_err().kind, ErrorKind::Internal);
        assert_eq!(fill("/a", &["b"]).unwrap_err().kind, ErrorKind::Internal);
    }
}
