//! Findings as commands that GitHub Actions turns into annotations of a pull request:
//! <https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions>.

use workflow::{Diagnostic, Severity};

/// A command for each finding, in order, on separate lines.
pub fn github_annotations(findings: &[Diagnostic]) -> String {
    findings.iter().map(annotation).collect()
}

fn annotation(finding: &Diagnostic) -> String {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let message: Vec<&str> = std::iter::once(finding.message.as_str())
        .chain(finding.label.as_deref())
        .chain(finding.help.iter().map(String::as_str))
        .collect();
    format!(
        "::{level} file={},line={},col={}::{}\n",
        // GitHub matches paths from the root of the repository.
        property(finding.path.strip_prefix("./").unwrap_or(&finding.path)),
        finding.line,
        finding.column,
        data(&message.join("\n"))
    )
}

/// Text as a command's message has it.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Text as a command's property has it.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use workflow::Source;

    #[test]
    fn findings_become_commands_on_one_line_each() {
        let source = Source::new("workflows/a,b.yaml", "name: A\nstepps: []\n");
        let finding = Diagnostic::error(&source, (8, 14), "`stepps` is no key, 100%")
            .with_accepted("stepps", ["steps", "name"]);
        assert_eq!(
            github_annotations(&[finding]),
            "::error file=workflows/a%2Cb.yaml,line=2,col=1::`stepps` is no key, 100%25%0Adid you mean `steps`?%0Aaccepted: steps, name\n"
        );
    }
}
