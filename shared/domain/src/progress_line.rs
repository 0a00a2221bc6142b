//! Lines of a build's or a test's output that report progress.

/// How they begin, in lower case, after white space and bullets: parts of a log, packages, and tests that pass.
const BEGINNINGS: [&str; 22] = [
    "##[command]",
    "##[group]",
    "=== run",
    "[       ok ]",
    "[info]",
    "checking ",
    "collecting ",
    "compiling ",
    "download http",
    "downloaded ",
    "downloading ",
    "fetching ",
    "installing ",
    "ok ",
    "pass ",
    "pass:",
    "requirement already satisfied",
    "successfully installed ",
    "using ",
    "✓",
    "✔",
    "√",
];

/// Whether a line reports a package or a test that passed, so that the words in their names say nothing about errors: `Compiling thiserror`,
/// `Collecting exceptiongroup`, `test login_failed ... ok`.
pub fn is_progress_line(line: &str) -> bool {
    let line = line.trim_end().to_lowercase();
    // ScalaTest reports failures as information, too.
    if line.contains("*** failed ***") {
        return false;
    }
    let said = line.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '+' | '•'));
    let begins = BEGINNINGS.iter().any(|beginning| said.starts_with(beginning));
    // As pytest says it, with how far it is.
    let passed = (line.ends_with("%]") && line.contains(" passed ")) || line.contains("%] passed ");
    let is_version = said.contains("==") && !said.contains(char::is_whitespace);
    begins || passed || is_version || line.ends_with("... ok")
}

/// Whether a line says in capitals that a test or a file of tests failed: `FAIL src/cart.test.ts`, `--- FAIL: TestTotal (0.00s)`.
pub fn is_failed_test(line: &str) -> bool {
    let said = line.trim_start().trim_start_matches("--- ");
    said.strip_prefix("FAIL").is_some_and(|rest| rest.starts_with([':', ' ', '\t']))
}

/// Whether a text has a word that does not continue another one: `10 failed` does not have `0 failed`.
pub fn has_alone(text: &str, word: &str) -> bool {
    let continues = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| text.get(..at).is_none_or(|before| !before.ends_with(continues)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_and_passed_tests_are_progress_and_failures_are_not() {
        for line in [
            "   Compiling thiserror v2.0.17",
            "    Checking pretty_assertions v1.4.1",
            "Collecting exceptiongroup>=1.0.0rc8 (from pytest)",
            "  Downloading exceptiongroup-1.3.0-py3-none-any.whl (16 kB)",
            "  - Installing exceptiongroup (1.3.0)",
            " + exceptiongroup==1.3.0",
            "Successfully installed exceptiongroup-1.3.0 pytest-8.4.2",
            "Download https://repo.example/failureaccess-1.0.1.jar",
            "[INFO] Running com.acme.ErrorTest",
            "test login_failed ... ok",
            "tests/test_cart.py::test_error PASSED                     [ 10%]",
            "[gw0] [ 10%] PASSED tests/test_cart.py::test_error ",
            "ok 3 - throws an exception",
            "PASS src/error.test.ts",
            "  ✓ throws an error (3 ms)",
            "--- PASS: TestError (0.00s)",
            "=== RUN   TestLoginFailed",
            "##[group]Run cargo test -- --skip failed",
        ] {
            assert!(is_progress_line(line), "{line}");
        }
        for line in [
            "error[E0308]: mismatched types",
            "E       assert total == 5",
            "FAILED tests/test_cart.py::test_total - AssertionError: assert 4 == 5",
            "test login ... FAILED",
            "tests/test_cart.py::test_total FAILED                     [ 20%]",
            "3 failed, 10 passed in 0.12s",
            "not ok 4 - total",
            "--- FAIL: TestTotal (0.00s)",
            "  ✕ adds up (3 ms)",
            "##[error]Process completed with exit code 1.",
            "[ERROR] Tests run: 3, Failures: 1",
            "[info] - adds up *** FAILED *** (27 milliseconds)",
            "AssertionError: expected 404, got 200 OK",
            "",
        ] {
            assert!(!is_progress_line(line), "{line}");
        }
    }
    #[test]
    fn a_test_that_failed_is_said_in_capitals() {
        for line in
            ["--- FAIL: TestTotal (0.00s)", "FAIL\tshop/cart\t0.01s", " FAIL  src/cart.test.ts > adds up"]
        {
            assert!(is_failed_test(line), "{line}");
        }
        for line in ["FAILOVER is off", "FAIL", "# FAIL:  0", "fail 0", "--- PASS: TestFAIL (0.00s)"] {
            assert!(!is_failed_test(line), "{line}");
        }
    }
}
