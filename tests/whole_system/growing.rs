//! The counts of `docs/growing.md`: an addition is named in its own files and in one list, and nowhere else.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Files that name a provider or a sender for a separate reason.
const EXCUSED: &[(&str, &str)] = &[
    // Formats of secrets that anybody may paste into a workflow, whether or not we talk to that service.
    ("shared/workflow/src/secrets.rs", "formats of secrets"),
    // Formats of secrets that a change may add, whether or not we talk to that service.
    ("shared/edits/src/secrets.rs", "formats of secrets"),
    // The default of `protected_paths` names files that services give a meaning to.
    ("shared/domain/src/configuration.rs", "default protected paths"),
    // The first line of a Git LFS pointer is an address of the format's version.
    ("shared/edits/src/shown.rs", "the format of Git LFS pointers"),
    // Annotations in the format of GitHub Actions, which is chosen by `--format github`.
    ("shared/workflow-tools/src/annotations.rs", "an output format"),
    ("shared/workflow-tools/src/lib.rs", "an output format"),
    ("cli/src/commands/workflow/check.rs", "an output format"),
    // A vendor's name for the instructions that a repository gives to agents of any vendor.
    ("functions/actions/src/agent/session/opening.rs", "names of files"),
    // GitHub is also where people sign in, no matter where their tickets and repositories are.
    ("shared/domain/src/configuration/sign_in.rs", "a way to sign in"),
    ("shared/sign-in/src/session.rs", "a way to sign in"),
    ("functions/api/src/elsewhere.rs", "a way to sign in"),
    ("functions/api/src/elsewhere/github.rs", "a way to sign in"),
    // CloudWatch is also where Lambda's own metrics and alarms are.
    ("shared/observability/src/emf.rs", "the embedded metric format"),
    ("shared/engine/src/api/state_machines.rs", "a field of Step Functions' own API"),
    ("infra/cdk/lib/observability.ts", "alarms and the dashboard of the stack"),
    ("cli/src/commands/logs.rs", "logs of Lambda"),
    // `serve` exposes its own metrics in Prometheus's format, no matter what a project uses for monitoring.
    ("cli/src/server/metrics.rs", "a format of figures"),
    // Bedrock serves the models of other vendors, under their names.
    ("shared/provider-bedrock/src/models.rs", "names of vendors"),
    ("shared/provider-bedrock/src/settings.rs", "the name of a model"),
    ("shared/simulators/src/bedrock/models.rs", "names of models"),
    // IAM's names of the permissions to ask models of the account.
    ("infra/cdk/lib/account_models.ts", "names of permissions"),
    ("infra/cdk/lib/account_monitoring.ts", "names of permissions"),
    // `try` works on a GitHub issue before anything is configured.
    ("cli/src/commands/try.rs", "what can be tried"),
    ("cli/src/commands/try/ticket.rs", "what can be tried"),
    ("cli/src/commands/try/world.rs", "what can be tried"),
    // Actions in simulated worlds have the names of their services.
    ("cli/src/commands/demo/plan.rs", "how the demo's plan is approved"),
    ("cli/src/commands/demo/revisions.rs", "the list of the demo's second rounds"),
    ("cli/src/commands/demo/revisions/jira_comment.rs", "a second round of the demo"),
    ("cli/src/commands/demo/revisions/pull_request_comment.rs", "a second round of the demo"),
    ("cli/src/commands/demo/revisions/review.rs", "a second round of the demo"),
    ("cli/src/commands/demo/revisions/slack_thread.rs", "a second round of the demo"),
];

/// Files in which an action's name is a word for something else.
const SAME_WORDS: &[(&str, &str)] = &[
    ("shared/provider-prometheus/src/spec.rs", "what the provider cannot do"),
    ("shared/edits/src/tools/load_paths.rs", "the tool of the same name"),
    ("shared/edits/src/tools/run_checks.rs", "the tool of the same name"),
    ("shared/workflow-test/src/agents.rs", "what a session needs next"),
    ("shared/workflow-test/src/file.rs", "what a session needs next"),
    ("shared/workflow/src/agent_states.rs", "how names of states end"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every tracked or new file under these folders with one of these endings.
fn files(endings: &[&str]) -> Vec<String> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let listed = String::from_utf8(output.stdout).unwrap();
    let wanted = |file: &&str| {
        endings.iter().any(|ending| file.ends_with(ending))
            && ["cli/", "functions/", "shared/", "infra/cdk/"].iter().any(|folder| file.starts_with(folder))
            && !file.contains("/tests/")
            && !file.ends_with("/tests.rs")
            && !file.ends_with("/testing.rs")
            && !file.starts_with("shared/provider-testing/")
            && root().join(file).is_file()
    };
    listed.lines().filter(wanted).map(str::to_owned).collect()
}

/// The lines of code of a file: without comments, without help texts and without the tests at its end.
fn code(file: &str) -> Vec<(usize, String)> {
    let text = std::fs::read_to_string(root().join(file)).unwrap();
    let mut lines = Vec::new();
    let mut help = false;
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("#[cfg(test)]") && !line.contains("use ") {
            let rest = text.lines().nth(number + 1).unwrap_or_default();
            if rest.trim_start().starts_with("mod tests") {
                break;
            }
        }
        if line.starts_with("const EXAMPLES") {
            help = true;
        }
        let trimmed = line.trim_start();
        if !help && !trimmed.starts_with("//") && !trimmed.starts_with("/*") && !trimmed.starts_with("* ") {
            lines.push((number + 1, line.split(" // ").next().unwrap_or_default().to_owned()));
        }
        if help && line.ends_with("\";") {
            help = false;
        }
    }
    lines
}

/// The names of the files or folders in a folder, without ending.
fn names_in(folder: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(root().join(folder)).unwrap();
    entries.map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned()).collect()
}

fn providers() -> BTreeSet<String> {
    let crates = names_in("shared").into_iter();
    crates
        .filter_map(|name| Some(name.strip_prefix("provider-")?.to_owned()))
        .filter(|name| name != "testing")
        .collect()
}

fn actions() -> BTreeSet<String> {
    names_in("functions/actions/src/actions")
}

/// Whether a line contains a name as a separate word, ignoring case: also as a part of an identifier, but not inside a longer word.
fn names(line: &str, name: &str) -> bool {
    let line = line.to_lowercase();
    line.match_indices(name).any(|(at, _)| !line[..at].ends_with(|before: char| before.is_ascii_alphabetic()))
}

#[test]
fn providers_and_senders_are_named_only_in_their_own_files_and_in_one_list() {
    let mut found = Vec::new();
    for file in files(&[".rs", ".ts"]) {
        if EXCUSED.iter().any(|(excused, _)| file == *excused) {
            continue;
        }
        for name in providers() {
            let own = [
                format!("shared/provider-{name}/"),
                format!("shared/simulators/src/{name}"),
                format!("functions/webhooks/src/senders/{name}"),
                "functions/webhooks/src/senders.rs".to_owned(),
                "shared/providers/src/list.rs".to_owned(),
                "shared/simulators/src/lib.rs".to_owned(),
                "shared/simulators/src/services.rs".to_owned(),
            ];
            if own.iter().any(|own| file.starts_with(own)) {
                continue;
            }
            found.extend(
                code(&file)
                    .into_iter()
                    .filter(|(_, line)| names(line, &name) && !is_example(line, &name))
                    .map(|(number, line)| format!("{file}:{number}: {}", line.trim())),
            );
        }
    }
    assert!(found.is_empty(), "named outside their own files:\n{}", found.join("\n"));
}

/// A message that shows an example of an event, a kind of delivery or an execution's name.
fn is_example(line: &str, name: &str) -> bool {
    ["labelled", "checks_completed"].iter().any(|event| line.contains(&format!("{name}.{event}")))
}

#[test]
fn actions_are_named_only_in_their_own_files_and_in_one_list() {
    let mut found = Vec::new();
    for file in files(&[".rs", ".ts"]) {
        if file.starts_with("functions/actions/src/actions")
            || file == "shared/domain/src/built_in_actions.rs"
            || SAME_WORDS.iter().any(|(excused, _)| *excused == file)
        {
            continue;
        }
        for (number, line) in code(&file) {
            for name in actions() {
                if line.contains(&format!("\"{name}\"")) {
                    found.push(format!("{file}:{number}: {}", line.trim()));
                }
            }
        }
    }
    assert!(found.is_empty(), "named outside their own files:\n{}", found.join("\n"));
}

#[test]
fn functions_are_named_only_in_their_own_crates_and_in_one_list() {
    let mut found = Vec::new();
    for name in names_in("functions") {
        for file in files(&[".rs", ".ts"]) {
            let own = file.starts_with(&format!("functions/{name}/")) || file == "cli/src/functions.rs";
            if own || file.starts_with("shared/simulators/") {
                continue;
            }
            for (number, line) in code(&file) {
                if line.contains(&format!("\"{name}\"")) && names_a_function(&line) {
                    found.push(format!("{file}:{number}: {}", line.trim()));
                }
            }
        }
    }
    assert!(found.is_empty(), "named outside their own crates:\n{}", found.join("\n"));
}

/// `events` and `webhooks` are also keys of services and of AWS itself, and `api` is a kind of source and the beginning of addresses.
fn names_a_function(line: &str) -> bool {
    ![
        "json!",
        "sourcesOf(",
        "type: \"api\"",
        "from_static(\"api\")",
        "default = \"api\"",
        "Bundle::Signing",
        "\"events\":",
        // Permissions of tokens and Apps, and a field of a request.
        "(\"actions\", \"",
        "\"actions\": actions",
        "NEEDED: &str",
        // What AWS calls EventBridge.
        "EVENTBRIDGE: &str",
        // A key of waits.
        "EVENTS: &str",
        "Key::optional(\"events\"",
        ".get",
        "entry(",
        "field(",
        "service:",
        "key",
        "states:",
        "page.",
        "[\"events\"]",
        // The section of the configuration.
        "\"webhooks\": webhooks",
        "Problem::new([\"webhooks\"",
    ]
    .iter()
    .any(|other| line.contains(other))
}

#[test]
fn the_page_names_files_that_exist() {
    let page = std::fs::read_to_string(root().join("docs/growing.md")).unwrap();
    let mut checked = 0;
    for link in page.split("](").skip(1) {
        let path = link.split(')').next().unwrap();
        assert!(
            root().join("docs").join(path).exists(),
            "docs/growing.md names {path}, which does not exist"
        );
        checked += 1;
    }
    assert!(checked > 10, "only {checked} links");
}

#[test]
fn every_excuse_is_needed() {
    for (file, reason) in EXCUSED {
        let named = providers().iter().any(|name| code(file).iter().any(|(_, line)| names(line, name)));
        assert!(named, "{file} is excused for {reason}, but names no provider");
    }
}
