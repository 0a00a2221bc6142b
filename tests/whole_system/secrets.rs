//! `secrets`: its refusals, its output, and no leftovers.

use crate::process::executable;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

fn secrets(folder: &Path, arguments: &[&str], input: &str) -> (i32, String, String) {
    let mut command = Command::new(executable());
    command.arg("secrets").args(arguments).current_dir(folder);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that reads none may have ended already.
    let _unread = std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes());
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

#[test]
fn only_what_its_reader_can_use_is_set_and_it_can_be_deleted() {
    let folder = TempDir::new().unwrap();
    let run = |arguments: &[&str], input: &str| secrets(folder.path(), arguments, input);
    let (code, listed, errors) = run(&["list"], "");
    assert_eq!((code, listed.as_str()), (0, ""));
    assert_eq!(errors, "no secret is set: there is no data folder .ticketsmith\n");
    let (code, _, errors) = run(&["delete", "ticketsmith/jira", "--yes"], "");
    assert!(code == 1 && errors.contains("is not set"), "{errors}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "looking makes nothing");

    let (code, _, errors) = run(&["set", "ticketsmith/jira"], r#"{"email": "e", "token": "hunter2"}"#);
    assert_eq!(code, 2, "{errors}");
    assert!(errors.contains("`api_token` is missing") && !errors.contains("hunter2"), "{errors}");
    assert_eq!(run(&["list"], "").1, "");
    let (code, printed, errors) =
        run(&["set", "ticketsmith/jira"], r#"{"email": "e", "api_token": "hunter2"}"#);
    assert!(code == 0 && !printed.contains("hunter2"), "{errors}");
    assert_eq!(run(&["set", "ticketsmith/signing#github"], r#"["new", "old"]"#).0, 0);
    assert_eq!(run(&["set", "ticketsmith/signing#github"], r#"["new", "old", "older"]"#).0, 2);
    assert_eq!(run(&["set", "ticketsmith/signing#jira"], r#""one""#).0, 0);
    assert_eq!(run(&["list"], "").1, "ticketsmith/jira\nticketsmith/signing\n");

    let (code, _, errors) = run(&["delete", "ticketsmith/jira"], "");
    assert!(code == 2 && errors.contains("--yes"), "{errors}");
    assert_eq!(run(&["delete", "ticketsmith/signing#jira", "--yes"], "").0, 0);
    assert_eq!(run(&["delete", "ticketsmith/signing#jira", "--yes"], "").0, 1);
    assert_eq!(run(&["delete", "ticketsmith/jira", "--yes"], "").0, 0);
    assert_eq!(run(&["list"], "").1, "ticketsmith/signing\n");

    // A configuration says who reads what.
    let configuration = "projects:\n  - { key: A, repository: a/b, providers: { communication: chat } }\nplugins:\n  chat: { provider: slack, secret: team/chat }\n";
    std::fs::write(folder.path().join("ticketsmith.yaml"), configuration).unwrap();
    let (code, _, errors) = run(&["set", "team/chat"], r#"{"token": "hunter2"}"#);
    assert!(code == 2 && errors.contains("`bot_token` is missing"), "{errors}");
    let (code, _, errors) = run(&["set", "team/else"], r#"{"token": "hunter2"}"#);
    assert!(code == 0 && errors.contains("not checked"), "{errors}");
}

#[cfg(unix)]
#[test]
fn a_terminal_does_not_show_what_is_typed() {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use std::fs::{File, OpenOptions};
    use std::io::{Read, Write};

    let folder = TempDir::new().unwrap();
    let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&controller).unwrap();
    unlockpt(&controller).unwrap();
    let name = ptsname(&controller, Vec::new()).unwrap();
    let terminal = OpenOptions::new().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    let of_terminal = || Stdio::from(terminal.try_clone().unwrap());
    let mut child = Command::new(executable())
        .args(["secrets", "set", "ticketsmith/jira"])
        .current_dir(folder.path())
        .stdin(of_terminal())
        .stdout(of_terminal())
        .stderr(of_terminal())
        .spawn()
        .unwrap();
    let mut controller = File::from(controller);
    let mut shown = String::new();
    let mut read_until = |controller: &mut File, text: &str| {
        while !shown.ends_with(text) {
            let mut byte = [0];
            controller.read_exact(&mut byte).unwrap_or_else(|error| panic!("{error} after {shown:?}"));
            shown.push(byte[0].into());
        }
        shown.clone()
    };
    read_until(&mut controller, "email: ");
    controller.write_all(b"ada@acme.example\n").unwrap();
    read_until(&mut controller, "api_token: ");
    controller.write_all(b"hunter2\n").unwrap();
    let shown = read_until(&mut controller, "ticketsmith/jira is set");
    assert!(child.wait().unwrap().success());
    assert!(!shown.contains("hunter2") && !shown.contains("ada@"), "{shown}");
    let listed = secrets(folder.path(), &["list"], "");
    assert_eq!(listed.1, "ticketsmith/jira\n", "{}", listed.2);
    // Later typing is shown again.
    controller.write_all(b"shown\n").unwrap();
    let mut byte = [0];
    let mut after = String::new();
    while !after.contains("shown") {
        controller.read_exact(&mut byte).unwrap();
        after.push(byte[0].into());
    }
}
