//! Summaries of days.

use weather::{Measurement, Summary};

fn measurements(lines: &[&str]) -> Vec<Measurement> {
    lines.iter().map(|line| line.parse().expect("a measurement")).collect()
}

#[test]
fn a_day_has_its_extremes() {
    let day = measurements(&["2026-03-02T06:00,3.5", "2026-03-02T14:00, 12"]);
    assert_eq!(Summary::of(&day).expect("measurements").to_string(), "2026-03-02: 3.5 to 12.0 °C");
}

#[test]
fn without_measurements_there_is_no_summary() {
    assert_eq!(Summary::of(&[]), None);
}

#[test]
fn a_line_that_is_no_measurement_is_named() {
    let error = "yesterday".parse::<Measurement>().expect_err("no measurement");
    assert_eq!(error.to_string(), "`yesterday` is no measurement");
}
