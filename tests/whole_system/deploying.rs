//! `ticketsmith deploy`, with programs in place of the CDK and of the building of the packages.

use crate::process::executable;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

/// Notes its arguments in `called`, and fails if they contain the text in `refused`.
const PROGRAM: &str = r#"#!/bin/sh
echo "$(basename "$0") $*" >> "$CHECKOUT/called"
case "$*" in *"$(cat "$CHECKOUT/refused")"*) exit 1 ;; esac
"#;

fn put_program(path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, PROGRAM).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// The exit code of a deployment that goes wrong with the call that contains a text, and all calls until then.
fn deploy(refused: &str) -> (Option<i32>, Vec<String>) {
    let checkout = tempfile::tempdir().unwrap();
    let place = checkout.path();
    put_program(&place.join("infra/package"));
    put_program(&place.join("programs/npx"));
    put_program(&place.join("infra/cdk/node_modules/.bin/cdk"));
    fs::write(place.join("infra/cdk/cdk.json"), "{}").unwrap();
    fs::write(place.join("refused"), refused).unwrap();
    symlink(concat!(env!("CARGO_MANIFEST_DIR"), "/../statemachines"), place.join("statemachines")).unwrap();
    let path = format!("{}:{}", place.join("programs").display(), std::env::var("PATH").unwrap());
    let output = Command::new(executable())
        .args(["deploy", "--stage", "dev", "--yes", "--context", "logDays=30", "--folder"])
        .arg(place)
        .env("PATH", path)
        .env("CHECKOUT", place)
        .env("CARGO_TARGET_DIR", place.join("built"))
        .output()
        .unwrap();
    let called = fs::read_to_string(place.join("called")).unwrap();
    (output.status.code(), called.lines().map(str::to_owned).collect())
}

#[test]
fn what_is_wrong_with_the_settings_shows_before_anything_is_built() {
    let (code, called) = deploy("synth");
    let [checked] = called.as_slice() else { panic!("{called:#?}") };
    assert!(code == Some(3) && checked.starts_with("npx cdk synth"), "{checked}");
    assert!(checked.contains("--context logDays=30 --context packages=none"), "{checked}");
    assert_eq!(checked.matches("packages").count(), 1, "{checked}");

    let (code, called) = deploy("diff");
    let [checked, packaged, synthesized, compared] = called.as_slice() else { panic!("{called:#?}") };
    assert!(code == Some(3) && checked.ends_with("--context packages=none"), "{called:#?}");
    assert_eq!(packaged, "package arm64");
    assert!(
        synthesized.contains("--output cdk.out") && synthesized.contains("/built/packages"),
        "{synthesized}"
    );
    assert_eq!(compared, "npx cdk diff --app cdk.out");
}
