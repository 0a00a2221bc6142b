//! Points in time as text of fixed width, so that they sort as they happened: `2026-11-22T18:45:00.000000000Z`.

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use serde::{Deserialize, Deserializer, Serializer};

const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(9));

/// RFC 3339 in UTC with nine decimals, always 30 characters.
pub(crate) fn fixed_width(at: Timestamp) -> String {
    PRINTER.timestamp_to_string(&at)
}

/// Microseconds since 1970; 0 for earlier times.
pub(crate) fn microseconds(at: Timestamp) -> u64 {
    u64::try_from(at.as_microsecond()).unwrap_or(0)
}

/// The calendar month in UTC: `2026-11`.
pub(crate) fn month(at: Timestamp) -> String {
    fixed_width(at)[..7].to_owned()
}

pub(crate) fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&fixed_width(*at))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

/// The same for optional values; combine with `default` and `skip_serializing_if`.
pub(crate) mod option {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        match at {
            Some(at) => super::serialize(at, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        Option::<String>::deserialize(deserializer)?
            .map(|text| text.parse().map_err(serde::de::Error::custom))
            .transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_as_text() {
        let early: Timestamp = "2026-11-22T18:45:00Z".parse().unwrap();
        let late: Timestamp = "2026-11-22T18:45:00.5Z".parse().unwrap();
        assert_eq!(fixed_width(early), "2026-11-22T18:45:00.000000000Z");
        assert!(fixed_width(early) < fixed_width(late));
        assert_eq!(fixed_width(late).parse::<Timestamp>().unwrap(), late);
        assert_eq!(month(late), "2026-11");
    }
}
