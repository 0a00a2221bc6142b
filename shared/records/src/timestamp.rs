//! Points in time as text of fixed width, so that they sort as they happened: `2026-11-22T18:45:00.000000000Z`.

use jiff::fmt::temporal::DateTimePrinter;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
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

/// The calendar month in UTC that `at` lies in and those before it, `count` in all, the latest first. Months differ in their days, so
/// going back by days would leave some out.
pub(crate) fn months_back(at: Timestamp, count: i64) -> Vec<String> {
    let first = at.to_zoned(TimeZone::UTC).date().first_of_month();
    let months = (0..count).filter_map(|back| first.checked_sub(back.months()).ok());
    months.filter_map(|day| Some(month(day.to_zoned(TimeZone::UTC).ok()?.timestamp()))).collect()
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

    #[test]
    fn months_go_back_one_by_one() {
        for (at, months) in [
            ("2026-03-31T23:59:59Z", ["2026-03", "2026-02", "2026-01", "2025-12"]),
            ("2028-02-29T12:00:00Z", ["2028-02", "2028-01", "2027-12", "2027-11"]),
            ("2027-01-01T00:00:00Z", ["2027-01", "2026-12", "2026-11", "2026-10"]),
        ] {
            assert_eq!(months_back(at.parse().unwrap(), 4), months);
        }
    }
}
