//! The shown part of a failed check's log: the lines around its first error, without secrets and noise.

use domain::plugins::FailedCheck;
use domain::text::{TextLimit, cut};
use domain::{has_alone, is_failed_test, is_progress_line};
use edits::without_secrets;
use sha2::{Digest, Sha256};

/// Lines before the first error.
const BEFORE: usize = 40;
/// Lines from the first error on.
const AFTER: usize = 80;
/// Lines of the end, which often sums up.
const AT_THE_END: usize = 20;
/// A line is cut at so many bytes.
const MOST_OF_A_LINE: TextLimit = TextLimit::bytes(500);
/// How many lines from the first error on identify a failure.
const TELLING: usize = 3;

/// How many lines before the end of a command that failed identify it. Some of them are about cleaning up.
const LAST_LINES: usize = 8;
/// What the log says after a command that failed, whatever it was.
const COMMAND_FAILED: [&str; 2] = ["##[error]Process completed with exit code", "ERROR: Job failed"];

/// Words in a line that indicate an error, in lower case.
const ERRORS: [&str; 10] = [
    "##[error]",
    "error:",
    "error[",
    "failed",
    "failure",
    "panicked at",
    "traceback (most recent",
    "exception",
    "not ok ",
    "fatal:",
];
/// The same, unless they continue another word.
const ERRORS_ALONE: [&str; 2] = ["error ", "assert"];
/// Words of lines that only look like that.
const HARMLESS: [&str; 9] = [
    "0 failed",
    "0 error",
    "no error",
    "0 failures",
    "failures: 0",
    "errors: 0",
    "continue-on-error",
    "fail-fast",
    "-d error",
];

/// The part of a log that shows what went wrong.
pub fn excerpt(log: &str) -> String {
    let lines = lines_of(log);
    let first = first_error(&lines);
    let (from, to) = match first {
        Some(at) => (at.saturating_sub(BEFORE), at.saturating_add(AFTER).min(lines.len())),
        None => (lines.len().saturating_sub(AFTER), lines.len()),
    };
    let tail = to.max(lines.len().saturating_sub(AT_THE_END));
    let mut shown = Vec::new();
    if from > 0 {
        shown.push(format!("… ({from} lines)"));
    }
    shown.extend(lines.get(from..to).unwrap_or_default().iter().cloned());
    if tail > to {
        shown.push(format!("… ({} lines)", tail - to));
    }
    shown.extend(lines.get(tail..).unwrap_or_default().iter().cloned());
    shown.join("\n")
}

/// A name as it may stand between two backticks: on one line, without any.
pub fn in_code(name: &str) -> String {
    name.replace('`', "'").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The identity of a failure, without details that differ between attempts: times, numbers, addresses.
pub fn fingerprint(check: &FailedCheck) -> String {
    let lines = check.log.as_deref().map(lines_of).unwrap_or_default();
    let is_any_command = |at: &usize| {
        lines.get(*at).is_some_and(|line| COMMAND_FAILED.iter().any(|words| line.contains(words)))
    };
    let (from, count) = match first_error(&lines) {
        Some(at) if is_any_command(&at) => (at.saturating_sub(LAST_LINES), at.min(LAST_LINES)),
        Some(at) => (at, TELLING),
        None => (lines.len().saturating_sub(TELLING), TELLING),
    };
    let mut hash = Sha256::new();
    hash.update(check.name.as_bytes());
    for line in lines.iter().skip(from).take(count) {
        hash.update(b"\n");
        hash.update(without_numbers(line).as_bytes());
    }
    hex::encode(hash.finalize().get(..8).unwrap_or_default())
}

fn first_error(lines: &[String]) -> Option<usize> {
    lines.iter().position(|line| {
        let lower = line.to_lowercase();
        let says_error = is_failed_test(line)
            || ERRORS.iter().any(|word| lower.contains(word))
            || ERRORS_ALONE.iter().any(|word| has_alone(&lower, word));
        says_error && !HARMLESS.iter().any(|word| has_alone(&lower, word)) && !is_progress_line(line)
    })
}

/// The lines of a log: without colors, times in front and secrets.
fn lines_of(log: &str) -> Vec<String> {
    let log = without_secrets(&without_times(&without_colors(log)));
    let lines = log.lines().map(|line| cut(line.trim_end(), MOST_OF_A_LINE, "…"));
    let mut lines: Vec<String> = lines.collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

/// Without the escape sequences of terminals, and other control characters.
fn without_colors(log: &str) -> String {
    let mut shown = String::with_capacity(log.len());
    let mut characters = log.chars();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' => {
                if characters.next() == Some('[') {
                    // Up to the letter that ends the sequence.
                    let _ends = characters.by_ref().find(|next| ('\u{40}'..='\u{7e}').contains(next));
                }
            }
            '\n' | '\r' | '\t' => shown.push(character),
            hidden if hidden.is_control() => {}
            other => shown.push(other),
        }
    }
    shown
}

/// Without the times in front of lines, and without what was written over.
fn without_times(log: &str) -> String {
    let mut text = String::with_capacity(log.len());
    for (number, line) in log.lines().enumerate() {
        let rest = without_time(line);
        let stream = if rest.len() < line.len() { without_stream(rest) } else { None };
        let (continues, rest) = stream.unwrap_or((false, rest));
        if number > 0 && !continues {
            text.push('\n');
        }
        // Of a line that was written over and over, what stayed is the last.
        text.push_str(rest.trim_end_matches('\r').rsplit('\r').next().unwrap_or_default());
    }
    text
}

/// Without what some runners write between the time and the line, and whether it continues the line before: the number of a stream in two
/// hex digits, `O` or `E`, and `+` or a space, as in `00O `.
fn without_stream(line: &str) -> Option<(bool, &str)> {
    let (mark, rest) = line.split_at_checked(4)?;
    let is_mark = match mark.as_bytes() {
        [first, second, b'O' | b'E', b'+' | b' '] => first.is_ascii_hexdigit() && second.is_ascii_hexdigit(),
        _ => false,
    };
    is_mark.then(|| (mark.ends_with('+'), rest))
}

/// Without the time with which GitHub begins each line: `2026-03-02T09:00:00.1234567Z `.
fn without_time(line: &str) -> &str {
    let line = line.trim_start_matches('\u{feff}');
    match line.split_once(' ') {
        Some((time, rest)) if time.ends_with('Z') && time.parse::<jiff::Timestamp>().is_ok() => rest,
        _ => line,
    }
}

/// Without details that differ between attempts: digits, and words that are mostly hex digits.
fn without_numbers(line: &str) -> String {
    let is_hex = |word: &str| word.len() >= 7 && word.chars().all(|character| character.is_ascii_hexdigit());
    let words = line.split_whitespace().map(|word| match is_hex(word.trim_start_matches("0x")) {
        true => "#".to_owned(),
        false => {
            word.chars().map(|character| if character.is_ascii_digit() { '0' } else { character }).collect()
        }
    });
    let text = words.collect::<Vec<String>>().join(" ");
    let mut short = String::with_capacity(text.len());
    for character in text.chars() {
        if character != '0' || !short.ends_with('0') {
            short.push(character);
        }
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_cut_around_its_first_error() {
        let mut log = String::new();
        for number in 0..300 {
            log.push_str(&format!(
                "2026-03-02T09:00:00.1234567Z \u{1b}[32mstep {number}\u{1b}[0m 0 failed\n"
            ));
        }
        log.push_str("2026-03-02T09:00:01.1234567Z ##[error]tests/test_cart.py:9: AssertionError\n");
        for number in 0..300 {
            log.push_str(&format!("2026-03-02T09:00:02.1234567Z after {number}\n"));
        }
        let shown = excerpt(&log);
        assert!(shown.starts_with("… (260 lines)\nstep 260 0 failed\n"), "{shown}");
        assert!(shown.contains("\n##[error]tests/test_cart.py:9: AssertionError\nafter 0\n"), "{shown}");
        assert!(shown.contains("… (201 lines)\nafter 280\n") && shown.ends_with("after 299"), "{shown}");
        assert_eq!(excerpt("one\ntwo\n\n"), "one\ntwo");
    }

    #[test]
    fn a_command_that_names_no_error_is_known_by_its_last_lines() {
        let failure = |name: &str, end: &str| {
            let log = format!(
                "./main.go:5:2: undefined: {name}\nCleaning up\n{end} 1\nPost job cleanup.\nCleaning up\n"
            );
            fingerprint(&FailedCheck { name: "test".into(), url: None, log: Some(log) })
        };
        for end in COMMAND_FAILED {
            assert_ne!(failure("total", end), failure("codes", end), "{end}");
            assert_eq!(failure("total", end), failure("total", end), "{end}");
        }
    }

    #[test]
    fn a_failed_test_is_known_by_its_name_though_other_packages_pass_after_it() {
        let failure = |test: &str| {
            let passed = "ok  \tshop/other\t0.01s\n".repeat(20);
            let log = format!(
                "{passed}--- FAIL: {test} (0.00s)\n    cart_test.go:9: got 3\nFAIL\tshop/cart\t0.01s\n{passed}FAIL\n\
                 ##[error]Process completed with exit code 1.\n"
            );
            fingerprint(&FailedCheck { name: "test".into(), url: None, log: Some(log) })
        };
        assert_ne!(failure("TestTotal"), failure("TestCodes"));
        assert_eq!(failure("TestTotal"), failure("TestTotal"));
    }

    #[test]
    fn what_runners_write_in_front_of_lines_is_no_part_of_them() {
        let log = "2026-05-14T11:19:20.000000Z 00O section_start:1778757560:test\r\u{1b}[0KTests\r\n\
                   2026-05-14T11:19:20.000001Z 01O Collecting exceptiongroup>=1.0\n\
                   2026-05-14T11:19:20.000002Z 01E FAILED tests/test_cart.py::\n\
                   2026-05-14T11:19:20.000003Z 01E+test_total\n\
                   2026-05-14T11:19:20.000004Z 00O ERROR: Job failed: exit code 1\n";
        let shown = "Tests\nCollecting exceptiongroup>=1.0\nFAILED tests/test_cart.py::test_total\nERROR: Job failed: exit code 1";
        assert_eq!(excerpt(log), shown);
        assert_eq!(first_error(&lines_of(log)), Some(2));
        assert_eq!(excerpt("00O is a name\n10%\r100%\r\n"), "00O is a name\n100%");
    }

    #[test]
    fn packages_and_passed_tests_are_no_errors() {
        let noise = "   Compiling thiserror v2.0.17\n   Compiling pretty_assertions v1.4.1\n   Compiling cart v0.1.0\n\
                     test login_failed ... ok\ntest one ... ok\ntest two ... ok\n";
        let check = |log: &str| FailedCheck { name: "test".into(), url: None, log: Some(log.into()) };
        let failure = |what: &str| {
            check(&format!("{noise}test {what} ... FAILED\n\nfailures:\n---- {what} stdout ----\n"))
        };
        assert_ne!(fingerprint(&failure("adds_up")), fingerprint(&failure("takes_codes")));
        assert_eq!(fingerprint(&failure("adds_up")), fingerprint(&failure("adds_up")));
        let ten = ["one", "two", "10 failed, 3 passed in 1.20s", "0 failed"].map(str::to_owned);
        assert_eq!(first_error(&ten), Some(2));
        let java =
            ["java.lang.NullPointerException", "Caused by: java.lang.AssertionError"].map(str::to_owned);
        assert_eq!((first_error(&java), first_error(&java[1..])), (Some(0), Some(0)));
        assert_eq!(first_error(&["static_assertions".to_owned()]), None);
    }

    #[test]
    fn a_secret_is_not_shown() {
        let token = format!("ghp_{}", "a".repeat(36));
        let shown = excerpt(&format!("error: {token} is not accepted"));
        assert_eq!(shown, "error: [secret removed] is not accepted");
    }

    #[test]
    fn the_same_failure_has_the_same_fingerprint() {
        let check = |log: &str| FailedCheck { name: "test".into(), url: None, log: Some(log.into()) };
        let print = |log: &str| fingerprint(&check(log));
        let first = "12:01:03 ok\nerror: 3 tests of 0x7ffd1234 failed in 0.12s\nat cart.py:9\n";
        let again = "12:07:44 ok\nok\nerror: 3 tests of 0x7ffe9999 failed in 12.40s\nat cart.py:11\n";
        assert_eq!(print(first), print(again));
        assert_ne!(print(first), print("error: the cart is empty\nat cart.py:9\n"));
        let other = FailedCheck { name: "lint".into(), ..check(first) };
        assert_ne!(print(first), fingerprint(&other));
    }
}
