//! Cutting a list at whole items.

use super::constructs::Constructs;
use super::{TextLimit, closing};
use std::ops::Range;

/// How items begin: in Markdown, and as chats show them.
const BULLETS: [&str; 3] = ["- ", "* ", "\u{2022} "];

/// The most bytes between two items that nobody misses, such as the heading of the second.
const MOST_BETWEEN: usize = 300;

/// Cuts a text whose end is a list to a limit: it ends with a whole item of a list that is not nested, and `note` of how many are left out follows.
/// A text that fits stays as it is. `None` if the limit does not end within a list, or before the end of its first item: then
/// [`cut`](super::cut) does better.
pub fn cut_items(text: &str, limit: TextLimit, note: impl Fn(usize) -> String) -> Option<String> {
    if limit.holds(text) {
        return Some(text.to_owned());
    }
    // Nobody misses the end of the last line.
    let text = text.trim_end();
    if limit.holds(text) {
        return Some(text.to_owned());
    }
    let constructs = Constructs::of(text);
    let items = items(text, &constructs);
    let most = limit.prefix(text);
    for shown in (1..=items.partition_point(|item| item.end <= most)).rev() {
        let (rest, before) = (items.get(shown..)?, items.get(shown - 1)?);
        let next = rest.first()?;
        // Between them, there is a text that is not part of either list.
        if next.start.saturating_sub(before.end) > MOST_BETWEEN {
            return None;
        }
        let head = text.get(..before.end)?;
        let cut = format!("{head}{}{}", closing(head, before.end, &constructs), note(rest.len()));
        if limit.holds(&cut) {
            return Some(cut);
        }
    }
    None
}

/// The items of the lists that are not nested: where each begins, and where its last line ends.
fn items(text: &str, constructs: &Constructs) -> Vec<Range<usize>> {
    let mut items: Vec<Range<usize>> = Vec::new();
    let (mut at, mut is_inside) = (0, false);
    for line in text.split_inclusive('\n') {
        let end = at + line.trim_end().len();
        if begins_item(line) && constructs.through(at).next().is_none() {
            items.push(at..end);
            is_inside = true;
        } else if !line.trim().is_empty() {
            is_inside &= line.starts_with(char::is_whitespace);
            if is_inside && let Some(item) = items.last_mut() {
                item.end = end;
            }
        }
        at += line.len();
    }
    items
}

/// Whether a line begins an item: behind a bullet, or behind a number as in `12. `.
fn begins_item(line: &str) -> bool {
    let after_number = line.trim_start_matches(|one: char| one.is_ascii_digit());
    let is_numbered =
        after_number.len() < line.len() && (after_number.starts_with(". ") || after_number.starts_with(") "));
    is_numbered || BULLETS.iter().any(|bullet| line.starts_with(bullet))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut_to(text: &str, most: usize) -> Option<String> {
        cut_items(text, TextLimit::characters(most), |left| format!("\n\n\u{2026} and {left} more"))
    }

    #[test]
    fn whole_items_are_shown_and_the_others_counted() {
        let first = "**Cart**\n\n- 1: Share it\n  - Two people see it\n  - They pay once";
        let second = "\n\n**Gifts**\n\n- 2: Wrap it\n  - In paper";
        let plan = format!("{first}{second}\n- 3: Send it, with a card by the one who pays\n");
        assert_eq!(cut_to(&plan, 500), Some(plan.clone()));
        let size = |text: &str| text.chars().count();
        let one = format!("{first}\n\n\u{2026} and 2 more");
        let two = format!("{first}{second}\n\n\u{2026} and 1 more");
        assert_eq!(cut_to(&plan, size(&plan) - 1).as_deref(), Some(plan.trim_end()));
        assert_eq!(cut_to(&plan, size(&plan) - 2).as_ref(), Some(&two));
        assert_eq!(cut_to(&plan, size(&two)).as_ref(), Some(&two));
        // Within the second item.
        assert_eq!(cut_to(&plan, size(&two) - 1).as_ref(), Some(&one));
        assert_eq!(cut_to(&plan, size(&one)).as_ref(), Some(&one));
        assert_eq!(cut_to(&plan, size(&one) - 1), None, "not even one fits");
    }

    #[test]
    fn lists_have_bullets_of_chats_and_numbers() {
        let bullets: String = (1..=9).map(|number| format!("\u{2022} item {number}\n")).collect();
        assert!(cut_to(&bullets, 60).unwrap().ends_with("item 5\n\n\u{2026} and 4 more"));
        let numbers: String = (1..=9).map(|number| format!("{number}. item {number}\n")).collect();
        assert!(cut_to(&numbers, 60).unwrap().ends_with("item 4\n\n\u{2026} and 5 more"));
    }

    #[test]
    fn what_is_not_a_list_where_it_is_cut_is_left_to_others() {
        let prose = "word ".repeat(100);
        for text in [
            prose.clone(),
            format!("- one\n- two\n\n{prose}"),
            format!("- one\n- two\n\n{prose}\n\n- three\n"),
            format!("```\n{}```\n", "- line\n".repeat(50)),
            format!("  - {}", "nested\n  - ".repeat(50)),
        ] {
            assert_eq!(cut_to(&text, 100), None, "{text}");
        }
    }
}
