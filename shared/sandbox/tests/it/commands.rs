//! What commands come to.

use crate::world::{World, laid_out, text};
use domain::configuration::ProjectChecks;
use domain::{CheckEnd, CheckRun, CheckRunner};

#[tokio::test]
async fn commands_run_on_the_files_and_what_they_change_is_told() {
    let Some(world) = World::open("what commands come to").await else { return };
    let files = [("src/a.txt", "one\n"), ("run.sh", "#!/bin/sh\necho ran\n"), ("gone.txt", "")];
    let report = world
        .run("./run.sh && pwd && echo two >> src/a.txt && rm gone.txt && mkdir out && touch out/x", &files)
        .await;
    assert!(report.passed(), "{report:?}");
    assert_eq!(report.last.as_deref(), Some("test"));
    assert!(text(&report).ends_with("ran\n/workspace"), "{report:?}");
    assert_eq!(report.changed_files, ["gone.txt", "out", "src/a.txt"]);
    assert_eq!(report.first_error, None);
    world.assert_nothing_left();
}

#[tokio::test]
async fn the_first_command_that_fails_is_the_last_to_run() {
    let Some(world) = World::open("the command that fails").await else { return };
    let checks = ProjectChecks {
        build: Some("echo built > made.txt".into()),
        lint: Some("cat made.txt; echo 'error: unused' >&2; exit 3".into()),
        test: Some("echo never".into()),
        ..world.checks.clone()
    };
    let run = CheckRun { names: vec!["build", "lint", "test"], checks, set_up: None, files: laid_out(&[]) };
    let report = world.sandbox.run(run).await.unwrap();
    assert_eq!((report.end, report.last.as_deref()), (CheckEnd::Exited(3), Some("lint")));
    assert_eq!(report.first_error.as_deref(), Some("error: unused"));
    assert!(text(&report).contains("built") && !text(&report).contains("never"), "{report:?}");
}

#[tokio::test]
async fn the_environment_is_clean() {
    let Some(world) = World::open("the environment").await else { return };
    // The test runner sets some, such as CARGO_PKG_NAME.
    assert!(std::env::var_os("CARGO_PKG_NAME").is_some());
    let report = world.run("env; id -un; umask; ls -a /etc /tmp/home", &[]).await;
    let text = text(&report);
    assert!(
        !text.contains("CARGO") && text.contains("HOME=/tmp/home") && text.contains("\nchecks\n"),
        "{text}"
    );
    assert!(!text.contains("shadow"), "{text}");
}

#[tokio::test]
async fn a_toolchain_is_found_by_its_folder_and_our_data_is_none() {
    let Some(mut world) = World::open("toolchains").await else { return };
    let tools = world.path("tools");
    std::fs::create_dir_all(tools.join("bin")).unwrap();
    std::fs::write(tools.join("bin/my-tool"), "#!/bin/sh\necho tool; touch /tmp/x $0.x\n").unwrap();
    #[cfg(unix)]
    for path in ["tools", "tools/bin", "tools/bin/my-tool"] {
        std::fs::set_permissions(world.path(path), std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .unwrap();
    }
    // The configuration mounts nothing of the machine below /tmp; here only the runner decides.
    world.checks.mounts = vec![tools.to_str().unwrap().to_owned()];
    let report = world.run("my-tool", &[]).await;
    assert!(
        text(&report).contains("tool\n") && text(&report).contains("Read-only file system"),
        "{report:?}"
    );
    for refused in ["data", ""] {
        let path = world.path(refused).to_str().unwrap().trim_end_matches('/').to_owned();
        let checks = ProjectChecks { mounts: vec![path], test: Some("true".into()), ..world.checks.clone() };
        let run = CheckRun { names: vec!["test"], checks, set_up: None, files: Vec::new() };
        let error = world.sandbox.run(run).await.unwrap_err();
        assert!(error.message.contains("where Ticketsmith keeps its data"), "{error}");
    }
}

#[tokio::test]
async fn files_that_do_not_fit_are_refused() {
    let Some(world) = World::open("files that do not fit").await else { return };
    let large = "x".repeat(17 * 1024 * 1024);
    let checks = ProjectChecks { test: Some("true".into()), ..world.checks.clone() };
    let run = CheckRun { names: vec!["test"], checks, set_up: None, files: laid_out(&[("large", &large)]) };
    let error = world.sandbox.run(run).await.unwrap_err();
    assert_eq!(error.kind, domain::ErrorKind::Rejected);
    assert!(error.message.contains("checks.disk_megabytes"), "{error}");
    world.assert_nothing_left();
}
