//! `backup`: a copy taken while `serve` works continues from that point.

use crate::support::{EXECUTION_LIMIT, WorldFile, eventually};

const SHIP: &str = "\
name: Ship
inputs:
  task_id: { type: string }
steps:
  - name: branch
    plugin: version_control
    action: create_branch
    inputs: { branch: \"ship/${task_id}\" }
  - name: ask
    type: approval
    question: \"Ship ${task_id}?\"
    approvers: [ada]
    timeout: 1h
";

#[tokio::test]
async fn a_copy_that_is_taken_at_work_goes_on_where_the_original_was() {
    let mut world = WorldFile::quick_shop().with_file("workflows/ship.yaml", SHIP).start().await;
    let run = ["run", "ship", "--input", "task_id=SHOP-1", "--as", "ada", "--detach"];
    let (code, printed, errors) = world.command(&run).await;
    assert_eq!(code, 0, "{errors}");
    let name = printed.trim().to_owned();
    let asks = async || (world.execution(&name).await["outcome"] == "waiting").then_some(());
    eventually("the question", EXECUTION_LIMIT, asks).await;

    let copy = world.folder().join("copy");
    let copy_text = copy.to_str().unwrap();
    let (code, _, errors) = world.command(&["backup", copy_text, "--with-key"]).await;
    assert_eq!(code, 0, "{errors}");
    let (code, _, errors) = world.command(&["backup", copy_text]).await;
    assert!(code == 2 && errors.contains("exists already"), "{errors}");
    #[cfg(unix)]
    for file in ["table.db", "engine.db", "secrets.enc", "secrets.key"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(copy.join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }

    // Later events are not in the copy.
    assert_eq!(world.command(&["deny", &name, "--as", "ada"]).await.0, 0);
    assert_eq!(world.ended(&name).await["outcome"], "failed");
    world.kill().await;
    let data = world.folder().join(".ticketsmith");
    std::fs::rename(&data, world.folder().join("lost")).unwrap();
    std::fs::rename(&copy, &data).unwrap();
    world.serve().await;
    assert_eq!(world.execution(&name).await["outcome"], "waiting");
    let (code, _, errors) = world.command(&["approve", &name, "--as", "ada"]).await;
    assert_eq!(code, 0, "{errors}");
    assert_eq!(world.ended(&name).await["outcome"], "succeeded");
    world.finish().await;
}
