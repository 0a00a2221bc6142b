//! Lines as a model is shown them: each with its number.

/// Longer lines are shown in part, in characters.
pub(super) const LONGEST_LINE: usize = 2_000;

/// One line with its number, a tab and its text, and the newline; a long line is cut, with a note.
pub(super) fn numbered(number: usize, line: &str) -> String {
    match line.char_indices().nth(LONGEST_LINE) {
        None => format!("{number:>6}\t{line}\n"),
        Some((end, _)) => {
            let left = line[end..].chars().count();
            format!("{number:>6}\t{}… ({left} more characters in this line)\n", &line[..end])
        }
    }
}

/// The lines of a text with only LF: a final newline ends the last one and does not begin another.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.split('\n')
}

/// The number, from 1, of the line that a byte is in.
pub(super) fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
}

/// The lines around a change from line `first` to line `last`: two before, two after, and part of a long change.
pub(super) fn around(text: &str, first: usize, last: usize) -> String {
    const AROUND: usize = 2;
    const MOST_CHANGED: usize = 12;
    let (start, end) = (first.saturating_sub(AROUND).max(1), last.saturating_add(AROUND));
    let is_long = last.saturating_sub(first) >= MOST_CHANGED;
    let is_left_out =
        |number: usize| is_long && number >= first + MOST_CHANGED / 2 && number + MOST_CHANGED / 2 <= last;
    let mut shown = String::new();
    let mut left_out = 0;
    for (number, line) in (1..).zip(lines(text)).skip(start - 1).take(end + 1 - start) {
        if is_left_out(number) {
            left_out += 1;
            continue;
        }
        if left_out > 0 {
            shown.push_str(&format!("     …\t({left_out} lines)\n"));
            left_out = 0;
        }
        shown.push_str(&numbered(number, line));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_number_and_a_long_one_is_cut() {
        assert_eq!(numbered(7, "x\ty"), "     7\tx\ty\n");
        let long = "é".repeat(LONGEST_LINE + 3);
        assert!(numbered(1, &long).ends_with("é… (3 more characters in this line)\n"));
        assert_eq!(lines("a\n\nb\n").collect::<Vec<_>>(), ["a", "", "b"]);
        assert_eq!((line_of("a\nb", 0), line_of("a\nb", 2), line_of("a\nb", 99)), (1, 2, 2));
    }

    #[test]
    fn five_lines_around_a_change_of_one() {
        let text: String = (1..=40).map(|number| format!("l{number}\n")).collect();
        assert_eq!(around(&text, 3, 3), "     1\tl1\n     2\tl2\n     3\tl3\n     4\tl4\n     5\tl5\n");
        assert_eq!(around(&text, 1, 1).lines().count(), 3);
        let long = around(&text, 3, 30);
        assert!(long.contains("     8\tl8\n     …\t(16 lines)\n    25\tl25\n"), "{long}");
        assert!(long.ends_with("    32\tl32\n"));
    }
}
