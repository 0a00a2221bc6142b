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
    // As it is searched for: a model's line endings do not matter.
    let searched = searched.replace("\r\n", "\n");
    let searched = searched.trim_start_matches('\u{feff}');
    if let Some(note) = disguise(text, searched) {
        return format!("No match. {note}");
    }
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
    let difference = match numbers.is_empty() {
        true => all.get(start..).and_then(|found| hidden_difference(found, &searched_lines, start)),
        false => None,
    };
    format!("No match.{numbers}{} Closest text, {place}:\n{shown}", difference.unwrap_or_default())
}

/// How a text is written otherwise than in the file, if it is there once that is taken back.
fn disguise(text: &str, searched: &str) -> Option<&'static str> {
    let unescaped = || {
        let searched = searched.replace(r"\n", "\n").replace(r"\t", "\t");
        searched.replace("\\\"", "\"")
    };
    let without_entities = || {
        let searched = searched.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
        searched.replace("&apos;", "'").replace("&#39;", "'").replace("&amp;", "&")
    };
    if searched.contains('\\') && text.contains(&unescaped()) {
        return Some(
            "`old_string` has escape sequences such as `\\n` where the file has the characters: write the characters themselves, in \
             `new_string` too.",
        );
    }
    (searched.contains('&') && text.contains(&without_entities())).then_some(
        "`old_string` has entities such as `&lt;` where the file has the characters: write the characters themselves, in `new_string` too.",
    )
}

/// Where lines differ first, if that is hard to see: models take tabs, spaces and characters that look alike for each other, and cannot
/// tell them apart in what they are shown.
fn hidden_difference(found: &[&str], searched: &[&str], start: usize) -> Option<String> {
    let (at, (file, old)) = found.iter().zip(searched).enumerate().find(|(_, (file, old))| file != old)?;
    let same = file.chars().zip(old.chars()).take_while(|(file, old)| file == old).count();
    let (of_file, of_old) = (file.chars().nth(same), old.chars().nth(same));
    let is_blank = |character: Option<char>| character.is_none_or(char::is_whitespace);
    let is_foreign = |character: Option<char>| character.is_some_and(|character| !character.is_ascii());
    let is_hidden = is_blank(of_file) && is_blank(of_old) || is_foreign(of_file) || is_foreign(of_old);
    is_hidden.then(|| {
        format!(
            " Line {} differs first at character {}: the file has {}, `old_string` has {}.",
            start + at + 1,
            same + 1,
            named(of_file),
            named(of_old)
        )
    })
}

fn named(character: Option<char>) -> String {
    match character {
        None => "the end of the line".to_owned(),
        Some(' ') => "a space".to_owned(),
        Some('\t') => "a tab".to_owned(),
        Some(character) if character.is_ascii_graphic() => format!("`{character}`"),
        Some(character) => format!("U+{:04X}", u32::from(character)),
    }
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
            "No match. Line 3 differs first at character 1: the file has a tab, `old_string` has a space. Closest text, lines 3–4:\n\tfor line in cart.lines:\n\t\tx += line.price",
        );
        check(
            "def total(cart):\n    x = 1\n    for line in cart.lines:\n",
            "No match. Line 2 differs first at character 1: the file has a tab, `old_string` has a space. Closest text, lines 1–3:\ndef total(cart):\n\tx = 0\n\tfor line in cart.lines:",
        );
        check("for lines in carts.lines:", "No match. Closest text, line 3:\n\tfor line in cart.lines:");
        check("nowhere like this at all", "No match, and nothing like it: read the file again.");
        check(
            "     5\t\treturn x\n",
            "No match. `old_string` seems to contain line numbers, which are not part of the file. Closest text, line 5:\n\treturn x",
        );
    }

    #[test]
    fn a_difference_that_is_hard_to_see_is_named() {
        let check = |text: &str, searched: &str, words: &str| {
            let answer = no_match(text, searched);
            assert!(answer.contains(words), "{answer}");
        };
        let difference = |file: &str, old: &str, at: usize| {
            format!(
                "Line 1 differs first at character {at}: the file has {file}, `old_string` has {old}. Closest"
            )
        };
        check("the list\u{a0}of all\n", "the list of all\n", &difference("U+00A0", "a space", 9));
        check("it\u{2019}s all there\n", "it's all there\n", &difference("U+2019", "`'`", 3));
        check("a caf\u{65}\u{301} there\n", "a caf\u{e9} there\n", &difference("`e`", "U+00E9", 6));
        check("total = 1  \nx\n", "total = 1\nx\n", &difference("a space", "the end of the line", 10));
        check(
            "x = 1\n\ty = 2\n",
            "x = 1\r\n  y = 2\r\n",
            "Line 2 differs first at character 1: the file has a tab",
        );
        assert!(no_match("total = 10\n", "total = 11\n").starts_with("No match. Closest text, line 1:"));
        check("a = 1\nb = \"2\"\n", r#"a = 1\nb = \"2\""#, "has escape sequences such as");
        check("if a < b && c:\n", "if a &lt; b &amp;&amp; c:\n", "entities such as `&lt;`");
        check("if a &lt; b\n", "if a &lt; c\n", "No match. Closest text, line 1:");
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
