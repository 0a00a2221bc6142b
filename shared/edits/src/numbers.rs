//! Line numbers, in words.

/// No more ranges are listed.
const MOST_RANGES: usize = 60;

/// Ascending numbers as ranges: `3–5, 9`.
pub(crate) fn ranges(numbers: impl Iterator<Item = u64>) -> String {
    let mut found: Vec<(u64, u64)> = Vec::new();
    for number in numbers {
        match found.last_mut() {
            Some((_, last)) if last.saturating_add(1) == number => *last = number,
            _ => found.push((number, number)),
        }
    }
    let more = found.len().saturating_sub(MOST_RANGES);
    let shown = found.iter().take(MOST_RANGES).map(|(first, last)| match first == last {
        true => first.to_string(),
        false => format!("{first}–{last}"),
    });
    let mut shown: Vec<String> = shown.collect();
    if more > 0 {
        shown.push(format!("and {more} more ranges"));
    }
    shown.join(", ")
}
