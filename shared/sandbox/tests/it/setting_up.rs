//! `setup`: what it makes is there for every run, and cannot be changed by any.

use crate::world::{World, laid_out, text};
use domain::configuration::ProjectChecks;
use domain::{CheckEnd, CheckRun, CheckRunner};

fn checks(world: &World, setup: &str, test: &str) -> ProjectChecks {
    ProjectChecks { setup: Some(setup.into()), test: Some(test.into()), ..world.checks.clone() }
}

#[tokio::test]
async fn what_it_makes_is_there_read_only_and_made_once() {
    let Some(world) = World::open("what setup makes").await else { return };
    let base = laid_out(&[("package.json", "{}")]);
    let setup = "cat package.json; mkdir -p node_modules/x ~/.cache && echo v1 > node_modules/x/y && echo home > ~/.cache/z && chmod 600 ~/.cache/z && chmod 700 ~/.cache";
    let test = "cat node_modules/x/y ~/.cache/z; touch node_modules/z ~/.cache/q || exit 7";
    let checks = checks(&world, setup, test);
    assert!(!world.sandbox.is_set_up("a1").await);
    let report = world.sandbox.set_up("a1", base.clone(), &checks).await.unwrap();
    assert!(report.passed() && world.sandbox.is_set_up("a1").await, "{report:?}");
    let run = || CheckRun {
        names: vec!["test"],
        checks: checks.clone(),
        set_up: Some("a1".into()),
        files: base.clone(),
    };
    let report = world.sandbox.run(run()).await.unwrap();
    assert_eq!(report.end, CheckEnd::Exited(7), "{report:?}");
    assert!(text(&report).contains("v1\nhome\n") && text(&report).contains("Read-only"), "{report:?}");
    assert!(report.changed_files.is_empty(), "{report:?}");
    // The workspace has a file where what was made is: said, not mixed.
    let files = laid_out(&[("node_modules/x/y", "mine")]);
    let error = world.sandbox.run(CheckRun { files, ..run() }).await.unwrap_err();
    assert!(error.message.contains("node_modules/x/y"), "{error}");
    world.assert_nothing_left();
}

#[tokio::test]
async fn one_that_fails_leaves_nothing() {
    let Some(world) = World::open("a setup that fails").await else { return };
    let checks = checks(&world, "mkdir node_modules; echo npm error; exit 4", "true");
    let report = world.sandbox.set_up("b1", Vec::new(), &checks).await.unwrap();
    assert_eq!((report.end, report.last.as_deref()), (CheckEnd::Exited(4), Some("setup")));
    assert!(!world.sandbox.is_set_up("b1").await && !world.path("checks/set-ups/b1").exists());
}

#[cfg(unix)]
#[tokio::test]
async fn its_links_lead_nowhere() {
    use std::os::unix::fs::PermissionsExt;
    let Some(world) = World::open("escape by links of setup").await else { return };
    let outside = world.path("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("file"), "mine").unwrap();
    std::fs::set_permissions(outside.join("file"), PermissionsExt::from_mode(0o600)).unwrap();
    let setup = format!(
        "mkdir m && ln -s {0} m/link && ln -s {0}/file m/file && ln -s {0} link && ln -s {0} ~/link && echo done",
        outside.display()
    );
    let checks = checks(&world, &setup, "cat m/file; ls m/link link ~/link; true");
    let report = world.sandbox.set_up("c1", Vec::new(), &checks).await.unwrap();
    assert!(report.passed(), "{report:?}");
    let metadata = std::fs::metadata(outside.join("file")).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    let run = CheckRun {
        names: vec!["test"],
        checks: checks.clone(),
        set_up: Some("c1".into()),
        files: Vec::new(),
    };
    let report = world.sandbox.run(run).await.unwrap();
    assert!(report.passed() && !text(&report).contains("mine"), "{report:?}");
    // Removing it follows nothing either.
    let failing = ProjectChecks { setup: Some(format!("{setup}; exit 1")), ..checks };
    world.sandbox.set_up("d1", Vec::new(), &failing).await.unwrap();
    assert_eq!(std::fs::read_to_string(outside.join("file")).unwrap(), "mine");
}
