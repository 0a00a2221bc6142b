//! The moments of Wait states.

use jiff::Timestamp;

/// Parses an ISO 8601 extended offset date-time such as `2016-03-14T01:59:00.5Z` or `2016-03-14T01:59+01:00`, the only
/// form that Step Functions takes: with a `T`, and with a zone.
pub(crate) fn parse_timestamp(text: &str) -> Option<Timestamp> {
    is_offset_date_time(text).then(|| text.parse().ok())?
}

/// Whether `text` has that form; the library understands more.
fn is_offset_date_time(text: &str) -> bool {
    let shape: String =
        text.chars().map(|character| if character.is_ascii_digit() { '0' } else { character }).collect();
    let Some(mut rest) = shape.strip_prefix("0000-00-00T00:00") else { return false };
    if let Some(after_seconds) = rest.strip_prefix(":00") {
        rest = after_seconds;
        if let Some(fraction) = rest.strip_prefix(".0") {
            rest = fraction.trim_start_matches('0');
        }
    }
    matches!(rest, "Z" | "+00:00" | "-00:00")
}

#[cfg(test)]
mod tests {
    use super::parse_timestamp;

    #[test]
    fn only_the_extended_form_with_a_zone_is_taken() {
        for text in [
            "2016-03-14T01:59:00Z",
            "2016-03-14T01:59Z",
            "2016-03-14T01:59:00.123456789Z",
            "2016-03-14T01:59:00+01:00",
            "2016-03-14T01:59:00.5-11:30",
        ] {
            assert!(parse_timestamp(text).is_some(), "{text}");
        }
        for text in [
            "2016-03-14T01:59:00",
            "2016-03-14 01:59:00Z",
            "2016-13-14T01:59:00Z",
            "2016-03-14T25:59:00Z",
            "14-03-2016T01:59:00Z",
            "20160314T015900Z",
            "2016-03-14T01:59:00Z[UTC]",
            "2016-03-14T01:59:00.Z",
            "2016-03-14",
            "",
        ] {
            assert!(parse_timestamp(text).is_none(), "{text}");
        }
    }
}
