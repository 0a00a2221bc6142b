//! The closest match of a text that was not found.

use super::numbered::lines;
use std::collections::{BTreeMap, BTreeSet};

/// No more lines than this are shown.
const MOST_LINES: usize = 20;
/// No more characters than this are shown.
const MOST_CHARACTERS: usize = 3_000;
/// Lines that occur more often do not help to locate a text.
const MOST_PLACES: usize = 50;
/// Lines that share less than this with each other, in percent, are not similar.
const LEAST_LIKENESS: usize = 40;

/// The answer about a text that does not occur: the closest match, with its real characters, so that the next try can be
/// copied from there.
pub(super) fn no_match(text: &str, searched: &str) -> String {
    let searched_lines: Vec<&str> = lines(searched).collect();
    let numbers = if searched_lines.iter().all(|line| has_number(line)) {
        " `old_string` seems to contain line numbers, which are not part of the file."
    } else {
        ""
    };
    let all: Vec<&str> = lines(text).collect();
    let Some(start) = closest(&all, &searched_lines) else {
        return format!("No match, and nothing like it: read the file again.{numbers}");
    };
    let end = (start + searched_lines.len().min(MOST_LINES)).min(all.len());
    let shown = all[start..end].join("\n");
    let shown = match shown.char_indices().nth(MOST_CHARACTERS) {
        Some((cut, _)) => format!("{}…", &shown[..cut]),
        None => shown,
    };
    let place = if end == start + 1 { format!("line {end}") } else { format!("lines {}–{end}", start + 1) };
    format!("No match.{numbers} Closest text, {place}:\n{shown}")
}

fn has_number(line: &str) -> bool {
    let digits = line.trim_start().trim_start_matches(|character: char| character.is_ascii_digit());
    digits.len() < line.trim_start().len() && digits.starts_with('\t')
}

/// The line where the closest match of the searched lines begins, from 0.
fn closest(all: &[&str], searched: &[&str]) -> Option<usize> {
    by_equal_lines(all, searched).or_else(|| by_a_similar_line(all, searched))
}

/// Where most of the lines are the same but for white space.
fn by_equal_lines(all: &[&str], searched: &[&str]) -> Option<usize> {
    let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (number, line) in all.iter().enumerate() {
        let line = without_space(line);
        if !line.is_empty() {
            places.entry(line).or_default().push(number);
        }
    }
    let mut votes: BTreeMap<usize, usize> = BTreeMap::new();
    for (number, line) in searched.iter().enumerate() {
        let line = without_space(line);
        let Some(found) = places.get(&line).filter(|found| found.len() <= MOST_PLACES) else { continue };
        for start in found.iter().map(|place| place.saturating_sub(number)) {
            *votes.entry(start).or_default() += line.len();
        }
    }
    // Of places with as many votes, the first.
    votes.into_iter().min_by_key(|(start, votes)| (std::cmp::Reverse(*votes), *start)).map(|(start, _)| start)
}

/// Where the longest line has one that shares the most of its parts of three characters.
fn by_a_similar_line(all: &[&str], searched: &[&str]) -> Option<usize> {
    let (number, longest) = searched
        .iter()
        .enumerate()
        .max_by_key(|(_, line)| without_space(line).chars().take(1_000).count())?;
    let wanted = parts(longest);
    let likeness = |line: &str| {
        let found = parts(line);
        let common = wanted.intersection(&found).count();
        200 * common / (wanted.len() + found.len()).max(1)
    };
    let (start, likeness) = all
        .iter()
        .enumerate()
        .map(|(place, line)| (place, likeness(line)))
        .max_by_key(|(place, likeness)| (*likeness, std::cmp::Reverse(*place)))?;
    (likeness >= LEAST_LIKENESS).then(|| start.saturating_sub(number))
}

fn without_space(line: &str) -> String {
    line.chars().filter(|character| !character.is_whitespace()).collect()
}

/// The parts of three characters of a line's beginning.
fn parts(line: &str) -> BTreeSet<[char; 3]> {
    let characters: Vec<char> =
        line.chars().filter(|character| !character.is_whitespace()).take(200).collect();
    characters.windows(3).filter_map(|part| part.try_into().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "def total(cart):\n\tx = 0\n\tfor line in cart.lines:\n\t\tx += line.price\n\treturn x\n\ndef one():\n\treturn 1\n";

    fn check(searched: &str, answer: &str) {
        assert_eq!(no_match(TEXT, searched), answer);
    }

    #[test]
    fn the_closest_text_is_shown_as_it_is() {
        check(
            "    for line in cart.lines:\n        x += line.price\n",
            "No match. Closest text, lines 3–4:\n\tfor line in cart.lines:\n\t\tx += line.price",
        );
        check(
            "def total(cart):\n    x = 1\n    for line in cart.lines:\n",
            "No match. Closest text, lines 1–3:\ndef total(cart):\n\tx = 0\n\tfor line in cart.lines:",
        );
        check("for lines in carts.lines:", "No match. Closest text, line 3:\n\tfor line in cart.lines:");
        check("nowhere like this at all", "No match, and nothing like it: read the file again.");
        check(
            "     5\t\treturn x\n",
            "No match. `old_string` seems to contain line numbers, which are not part of the file. Closest text, line 5:\n\treturn x",
        );
    }

    #[test]
    fn large_texts_are_bounded() {
        let text = "same line of text\n".repeat(60_000);
        let searched = "same line of text!\n".repeat(50_000);
        assert!(no_match(&text, &searched).chars().count() < 4_000);
        assert!(no_match(&"x".repeat(1_000_000), &"xy".repeat(400_000)).chars().count() < 4_000);
        assert!(no_match("", "a").starts_with("No match"));
        assert!(no_match("a", "\n\n\n").starts_with("No match"));
    }
}
