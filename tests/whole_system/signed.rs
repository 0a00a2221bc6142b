//! How a pull request came about, signed; and who did what, in the audit.

use crate::audited::audited;
use crate::evidence::{micro_usd, pull_request, repository};
use crate::process::executable;
use crate::support::{EXECUTION_LIMIT, World, WorldFile, eventually};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Stdio;

const BRANCH: &str = "feature/SHOP-1";

/// Prints the evidence once the execution's end is in it.
async fn evidence(world: &World, reference: &str, execution: &str) -> String {
    let signed = async || {
        let (code, statement, _) = world.command(&["evidence", reference, "--statement"]).await;
        let statement: Value = serde_json::from_str(&statement).ok().filter(|_| code == 0)?;
        let executions = statement["predicate"]["executions"].as_array()?;
        executions.iter().any(|one| one["name"] == execution && !one["ended_at"].is_null()).then_some(())
    };
    eventually("the evidence of the execution's end", EXECUTION_LIMIT, signed).await;
    let (code, envelope, errors) = world.command(&["evidence", reference]).await;
    assert_eq!(code, 0, "{errors}");
    envelope
}

/// Verifies a file without a data folder or a network.
async fn verified(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = tokio::process::Command::new(executable())
        .args([&["evidence", "verify"], arguments].concat())
        .current_dir(folder)
        .env("TICKETSMITH_DATA", folder.join("no-data"))
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

#[tokio::test]
async fn a_pull_request_links_its_record_and_any_change_of_it_is_found() {
    let world = WorldFile::quick_shop().start().await;
    let execution = world.start_by("jira-label").await;
    let ended = world.ended(&execution).await;
    assert_eq!(ended["outcome"], "succeeded", "{ended:#}");
    let state = world.state().await;
    let pull = pull_request(repository(&state, "acme/shop"), BRANCH);
    let link = format!("ticketsmith evidence acme/shop@{BRANCH}");
    assert!(pull["body"].as_str().unwrap().contains(&link), "{}", pull["body"]);
    let reference = format!("acme/shop#{}", pull["number"]);

    let envelope = evidence(&world, &format!("acme/shop@{BRANCH}"), &execution).await;
    assert_eq!(world.command(&["evidence", &reference]).await.1, envelope);
    let (code, key, errors) = world.command(&["evidence", &reference, "--public-key"]).await;
    assert!(code == 0 && key.starts_with("-----BEGIN PUBLIC KEY-----\n"), "{errors}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let private = world.folder().join(".ticketsmith/evidence.key");
        assert_eq!(std::fs::metadata(private).unwrap().permissions().mode() & 0o777, 0o600);
    }

    // The statement matches the events.
    let (_, statement, _) = world.command(&["evidence", &reference, "--statement"]).await;
    let statement: Value = serde_json::from_str(&statement).unwrap();
    let head = pull["head"]["sha"].as_str().unwrap();
    assert_eq!(statement["subject"], json!([{"name": "acme/shop", "digest": {"gitCommit": head}}]));
    let predicate = &statement["predicate"];
    assert_eq!(predicate["pull_request"]["task_id"], "SHOP-1");
    assert_eq!(predicate["spent_micro_usd"], micro_usd(&ended["cost_usd"]), "{ended:#}");
    let [one] = predicate["executions"].as_array().unwrap().as_slice() else { panic!("{predicate:#}") };
    assert_eq!((&one["trigger"], &one["outcome"]), (&json!("jira.labelled"), &json!("succeeded")));
    assert_eq!(one["started_by"]["source"], "jira");
    for hash in [&one["workflow"]["definition_sha256"], &one["agents"][0]["prompts_sha256"][0]] {
        assert_eq!(hash.as_str().map(str::len), Some(64), "{one:#}");
    }
    assert_eq!(predicate["commits"].as_array().unwrap().last().unwrap()["sha"], head);
    let check = predicate["checks"].as_array().unwrap().last().cloned().unwrap_or_default();
    assert_eq!((&check["sha"], &check["conclusion"]), (&json!(head), &json!("success")), "{predicate:#}");
    let paid = one["steps"].as_array().unwrap().iter().filter_map(|step| step["spent_micro_usd"].as_u64());
    assert_eq!(json!(paid.sum::<u64>()), predicate["spent_micro_usd"]);
    // No word of the ticket.
    assert!(!statement.to_string().contains("discount code"), "{statement:#}");

    // Through the API, as a required check does, and from just the file.
    let folder = world.folder();
    let (file, pem) = (folder.join("evidence.json"), folder.join("evidence.pem"));
    std::fs::write(&file, &envelope).unwrap();
    std::fs::write(&pem, &key).unwrap();
    let by_api = ["evidence", "verify", &reference, "--key", "evidence.pem", "--commit", head];
    let (code, printed, errors) = world.command(&by_api).await;
    assert!(code == 0 && printed.starts_with(&format!("valid: {reference} at {head}")), "{printed}{errors}");
    let by_file = ["evidence.json", "--key", "evidence.pem", "--commit", head];
    let (code, again, errors) = verified(folder, &by_file).await;
    assert_eq!((code, &again), (0, &printed), "{errors}");
    let other = "0000000000000000000000000000000000000000";
    let (code, _, errors) =
        verified(folder, &["evidence.json", "--key", "evidence.pem", "--commit", other]).await;
    assert!(code == 1 && errors.contains("not of 0000000"), "{errors}");
    let (code, _, errors) = verified(folder, &["nothing.json", "--key", "evidence.pem"]).await;
    assert!(code == 2 && errors.contains("there is no file `nothing.json`, and"), "{errors}");
    let (code, _, errors) = verified(folder, &["evidence.json", "--key", "evidence.json"]).await;
    assert!(code == 2 && errors.contains("not a public key"), "{errors}");
    let (code, _, errors) = world.command(&["evidence", "acme/shop#999"]).await;
    assert_eq!(code, 5, "{errors}");
    // Each of many bytes; the crate's own tests change every one.
    let step = envelope.len() / 24;
    for place in (0..envelope.len()).step_by(step) {
        let mut changed = envelope.clone().into_bytes();
        changed[place] ^= 1;
        std::fs::write(&file, changed).unwrap();
        let (code, _, errors) = verified(folder, &["evidence.json", "--key", "evidence.pem"]).await;
        assert_eq!(code, 1, "byte {place}: {errors}");
    }

    // The audit log contains who did what, and is complete.
    let items = audited(&world, &[]).await;
    let trigger = items.iter().find(|item| item["kind"] == "trigger").unwrap();
    assert_eq!((&trigger["about"], &trigger["by"]), (&json!(execution), &json!("jira.labelled")));
    assert_eq!(trigger["what"], "start development");
    let (code, whole, errors) = world.command(&["audit", "verify", "--jq", ".whole"]).await;
    assert_eq!((code, whole.as_str()), (0, "true\n"), "{errors}");
    world.finish().await;
}
