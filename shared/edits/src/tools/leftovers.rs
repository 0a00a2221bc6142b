//! Lines of a written text that are probably not meant to be in the file: placeholders for omitted code, or lines copied from how
//! `read_file` shows a file.

use super::answer::quoted;
use super::numbered::lines;
use std::collections::BTreeSet;

/// How comments begin.
const COMMENTS: [&str; 8] = ["//", "#", "{/*", "/*", "<!--", "--", ";", "%"];
/// What a placeholder says, in lower case.
const OMITTED: [&str; 6] = ["existing", "rest of", "unchanged", "remain", "as before", "omitted"];

/// What to add to the result of writing a text: the first of its lines that is probably not meant to be in the file and was not there
/// before. It is not refused, because a file may legitimately contain such lines.
pub(super) fn leftover_note(before: &str, written: &str) -> String {
    let known: BTreeSet<&str> = lines(before).collect();
    let new: Vec<&str> = lines(written).filter(|line| !known.contains(line)).collect();
    if let Some(line) = new.iter().find(|line| is_placeholder(line)) {
        return format!(
            " {} looks like a placeholder for omitted code: it is in the file now, and nothing replaces it.",
            quoted(line.trim())
        );
    }
    if new.iter().any(|line| line.ends_with(" more characters in this line)")) {
        return " A line ends with the note that read_file adds to a line that it cuts: the note is in the file now."
            .to_owned();
    }
    if new.len() > 1 && new.iter().all(|line| is_numbered(line)) {
        return " Each line begins with a number, as in the output of read_file: the numbers are in the file now."
            .to_owned();
    }
    String::new()
}

/// Whether a line is a comment such as `// ... existing code ...`.
fn is_placeholder(line: &str) -> bool {
    let said = line.trim().to_lowercase();
    let Some(said) = COMMENTS.iter().find_map(|comment| said.strip_prefix(comment)) else { return false };
    let said = said.trim_start();
    let begins = ["...", "…", "(", "rest of the "].iter().any(|beginning| said.starts_with(beginning));
    begins && OMITTED.iter().any(|words| said.contains(words))
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
    fn what_is_probably_not_meant_to_be_in_the_file_is_pointed_out() {
        let check = |written: &str, words: &str| {
            let note = leftover_note("x = 1\n# ... as before\n", written);
            assert!(note.contains(words) && note.is_empty() == words.is_empty(), "{written}: {note}");
        };
        check(
            "def a():\n    # ... existing code ...\n",
            "`# ... existing code ...` looks like a placeholder",
        );
        check("{/* … rest of the form … */}\n", "looks like a placeholder for omitted code");
        check("  // (unchanged fields...)\n", "looks like a placeholder");
        check("<!-- Rest of the page remains the same -->\n", "looks like a placeholder");
        check("x = 1\n# ... as before\ny = 2\n", "");
        check("// The rest of the code is elsewhere.\n// ... and so on\n", "");
        check("print('... existing ...')\n", "");
        check(&numbered(1, &"x".repeat(3_000)), "that read_file adds to a line");
        check(&format!("{}{}", numbered(9, "a"), numbered(10, "\tb")), "Each line begins with a number");
        check("     1\ta\nb\n", "");
        check("000001\ta\n000002\tb\n", "");
        check("", "");
    }
}
