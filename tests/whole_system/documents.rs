//! Documents and recipes compared with the things they describe.

use crate::process::executable;
use crate::support::WorldFile;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The value of an expression of whole numbers and `*`.
fn product(expression: &str) -> u64 {
    let number = |text: &str| text.trim().replace('_', "").parse::<u64>();
    expression.split('*').map(|factor| number(factor).unwrap_or_else(|_| panic!("{expression}"))).product()
}

/// The value of a constant, in bytes, seconds or a count.
fn constant(file: &str, name: &str) -> u64 {
    let source = read(file);
    let start = format!("const {name}: ");
    let line =
        source.lines().find(|line| line.contains(&start)).unwrap_or_else(|| panic!("{name} in {file}"));
    let value = line.split_once(" = ").unwrap().1.trim_end_matches(';');
    let Some((unit, argument)) = value.split_once('(') else { return product(value) };
    let argument = product(argument.trim_end_matches(')'));
    match unit.rsplit("::").next().unwrap() {
        "from_secs" => argument,
        "from_mins" => argument * 60,
        "from_hours" => argument * 3600,
        other => panic!("{other} of {name} in {file}"),
    }
}

/// The value of `25 MiB`, `10 s` or `5,000`, in the same units.
fn stated(text: &str) -> u64 {
    let (number, unit) = text.split_once(' ').unwrap_or((text, ""));
    let number: u64 = number.replace(',', "").parse().unwrap_or_else(|_| panic!("{text}"));
    number
        * match unit {
            "" | "s" => 1,
            "KiB" => 1024,
            "MiB" => 1024 * 1024,
            "min" => 60,
            "h" => 3600,
            "days" => 24 * 3600,
            other => panic!("{other} in {text}"),
        }
}

#[test]
fn the_limits_are_those_of_the_code() {
    let mut compared = 0;
    for line in read("docs/limits.md").lines().filter(|line| line.ends_with("` |")) {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [what, value, place] = cells[..] else { panic!("{line}") };
        let (file, name) = place.trim_matches('`').split_once("` `").unwrap_or_else(|| panic!("{line}"));
        assert_eq!(stated(value), constant(file, name), "{what}: {place}");
        compared += 1;
    }
    assert!(compared >= 40, "{compared}");
}

#[test]
fn the_page_of_worlds_names_every_service() {
    let page = read("docs/worlds.md");
    let folders = std::fs::read_dir(root().join("shared/simulators/src")).unwrap();
    let simulated = folders.map(|entry| entry.unwrap().path()).filter(|path| path.join("world.rs").is_file());
    let names: Vec<_> =
        simulated.map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
    assert!(names.len() >= 13, "{names:?}");
    for name in names {
        assert!(page.contains(&format!("\n| `{name}` | ")), "{name}");
    }
}

#[test]
fn the_runbook_has_an_entry_for_each_alarm() {
    let source = read("infra/cdk/lib/observability.ts");
    let mut alarms: BTreeSet<String> = source
        .lines()
        .filter_map(|line| line.trim().strip_prefix("alarm("))
        .filter_map(|call| call.split(['"', '`']).nth(1))
        .map(|name| name.replace("${workflow}", "WORKFLOW"))
        .collect();
    assert!(alarms.contains("throttles") && alarms.contains("WORKFLOW-failed"), "{alarms:?}");
    if source.contains("CfnBudget") {
        alarms.insert("The monthly budget".to_owned());
    }
    let runbook = read("docs/runbook.md");
    let entries: BTreeSet<String> = runbook
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .filter(|entry| *entry != "serve")
        .map(str::to_owned)
        .collect();
    assert_eq!(entries, alarms);
}

#[test]
fn systemd_accepts_the_unit() {
    let unit = read("infra/systemd/ticketsmith.service");
    let program = executable().canonicalize().unwrap();
    let unit = unit.replace("/usr/local/bin/ticketsmith", program.to_str().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ticketsmith.service");
    std::fs::write(&path, unit).unwrap();
    match Command::new("systemd-analyze").arg("verify").arg(&path).output() {
        Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr)),
        Err(_) => test_inputs::skip("the unit of systemd", "no systemd-analyze"),
    }
}

/// The words of a line of a Dockerfile in JSON form: `CMD ["a", "b"]`.
fn words(line: &str) -> Vec<String> {
    serde_json::from_str(&line[line.find('[').unwrap()..]).unwrap()
}

#[tokio::test]
async fn the_container_is_built_with_our_toolchain_and_its_commands_work() {
    let recipe = read("infra/container/Dockerfile");
    let line = |start: &str| recipe.lines().find(|line| line.trim().starts_with(start)).unwrap();
    let toolchain = read("rust-toolchain.toml");
    let channel = toolchain.split('"').nth(1).unwrap();
    let version = line("FROM rust:").trim_start_matches("FROM rust:").split('-').next().unwrap();
    assert!(channel.starts_with(&format!("{version}.")), "{version} is not {channel}");

    // Both the health check and `serve` find the folder by the variable.
    let world = WorldFile::quick_shop().start().await;
    let health = words(line("HEALTHCHECK"));
    assert_eq!(
        (health[0].as_str(), words(line("ENTRYPOINT"))),
        ("ticketsmith", vec!["ticketsmith".to_owned()])
    );
    let variables = line("ENV ");
    assert!(variables.contains("TICKETSMITH_DATA=/data"), "{variables}");
    let check = async |data: &Path| {
        let mut command = tokio::process::Command::new(executable());
        command.args(&health[1..]).current_dir(world.folder()).env("TICKETSMITH_DATA", data);
        command.output().await.unwrap().status.code()
    };
    assert_eq!(check(&world.folder().join(".ticketsmith")).await, Some(0));
    assert_eq!(check(&world.folder().join("elsewhere")).await, Some(3));
    let served = words(line("CMD"));
    let help = Command::new(executable()).args(&served).arg("--help").output().unwrap();
    assert!(help.status.success(), "{served:?}");
    let help = String::from_utf8(help.stdout).unwrap();
    for name in ["TICKETSMITH_CONFIG", "TICKETSMITH_DATA"] {
        assert!(help.contains(name) && variables.contains(name), "{name}: {help}");
    }
    world.finish().await;
}
