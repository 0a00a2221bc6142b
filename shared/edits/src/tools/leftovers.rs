//! Lines of a written text that are hardly meant to be in the file: they stand for text that was left out, or are copied from how a
//! file is shown.

use super::answer::quoted;
use super::numbered::lines;
use std::collections::BTreeSet;

/// How comments begin.
const COMMENTS: [&str; 8] = ["//", "#", "{/*", "/*", "<!--", "--", ";", "%"];
/// What a comment that stands for other text says, in lower case.
const STANDS_FOR: [&str; 6] = ["existing", "rest of", "unchanged", "remain", "as before", "omitted"];

/// What to add to an answer about a text that was written: the first of its lines that is hardly meant to be in the file and was not there
/// before. Nothing is refused for it, because a file may well be about such lines.
pub(super) fn leftover_note(before: &str, written: &str) -> String {
    let known: BTreeSet<&str> = lines(before).collect();
    let new: Vec<&str> = lines(written).filter(|line| !known.contains(line)).collect();
    if let Some(line) = new.iter().find(|line| stands_for_more(line)) {
        return format!(
            " {} seems to stand for text that you left out: nothing takes its place.",
            quoted(line.trim())
        );
    }
    if new.iter().any(|line| line.ends_with(" more characters in this line)")) {
        return " A line ends as read_file shows a long one, with what was cut: that is in the file now."
            .to_owned();
    }
    if new.len() > 1 && new.iter().all(|line| is_numbered(line)) {
        return " Each line begins with a number, as read_file shows it: that is in the file now.".to_owned();
    }
    String::new()
}

/// Whether a line is a comment such as `// ... existing code ...`.
fn stands_for_more(line: &str) -> bool {
    let said = line.trim().to_lowercase();
    let Some(said) = COMMENTS.iter().find_map(|comment| said.strip_prefix(comment)) else { return false };
    let said = said.trim_start();
    let begins = ["...", "…", "(", "rest of the "].iter().any(|beginning| said.starts_with(beginning));
    begins && STANDS_FOR.iter().any(|words| said.contains(words))
}

/// Whether a line begins as the lines that a model is shown.
fn is_numbered(line: &str) -> bool {
    let Some((number, _)) = line.split_once('\t') else { return false };
    let digits = number.trim_start();
    number.len() == 6
        && digits.len() < number.len()
        && !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::super::numbered::numbered;
    use super::*;

    #[test]
    fn what_is_hardly_meant_to_be_in_the_file_is_said() {
        let check = |written: &str, words: &str| {
            let note = leftover_note("x = 1\n# ... as before\n", written);
            assert!(note.contains(words) && note.is_empty() == words.is_empty(), "{written}: {note}");
        };
        check("def a():\n    # ... existing code ...\n", "`# ... existing code ...` seems to stand for text");
        check("{/* … rest of the form … */}\n", "seems to stand for text that you left out");
        check("  // (unchanged fields...)\n", "seems to stand for");
        check("<!-- Rest of the page remains the same -->\n", "seems to stand for");
        check("x = 1\n# ... as before\ny = 2\n", "");
        check("// The rest of the code is elsewhere.\n// ... and so on\n", "");
        check("print('... existing ...')\n", "");
        check(&numbered(1, &"x".repeat(3_000)), "as read_file shows a long one");
        check(&format!("{}{}", numbered(9, "a"), numbered(10, "\tb")), "Each line begins with a number");
        check("     1\ta\nb\n", "");
        check("000001\ta\n000002\tb\n", "");
        check("", "");
    }
}
