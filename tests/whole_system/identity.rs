//! The command line as a client of the API, and signing in, as a person uses them.

use crate::audited::{audited, says};
use crate::process::executable;
use crate::support::{EXECUTION_LIMIT, World, WorldFile, eventually};
use serde_json::{Value, json};
use std::process::Stdio;
use tokio::io::AsyncWriteExt;

const ASK: &str = "\
name: Ask
inputs:
  task_id: { type: string }
steps:
  - name: ask
    type: approval
    question: \"Ship ${task_id}?\"
    approvers: [ada]
    timeout: 1h
";

async fn world() -> World {
    WorldFile::quick_shop().with_file("workflows/ask.yaml", ASK).start().await
}

/// Runs a command as a person who has only a sign-in.
async fn elsewhere(world: &World, arguments: &[&str], input: &str) -> (i32, String, String) {
    let mut child = tokio::process::Command::new(executable())
        .args(arguments)
        .current_dir(world.folder())
        .env("XDG_CONFIG_HOME", world.folder().join("elsewhere"))
        .env("TICKETSMITH_DATA", world.folder().join("no-data"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let _unread = child.stdin.take().unwrap().write_all(input.as_bytes()).await;
    let output = child.wait_with_output().await.unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

fn api_url(world: &World) -> String {
    let link = std::fs::read_to_string(world.folder().join(".ticketsmith/running.json")).unwrap();
    let running: Value = serde_json::from_str(&link).unwrap();
    running["api_url"].as_str().unwrap().to_owned()
}

/// Runs the documented lines on using a token in a shell that has the token.
#[cfg(unix)]
async fn works_as_printed(world: &World, told: &str, token: &str) {
    let lines: Vec<&str> = told.lines().filter_map(|line| line.strip_prefix("  ")).collect();
    assert!(lines.len() == 4 && lines[3].starts_with("curl "), "{told}");
    let folder = executable().parent().unwrap().display().to_string();
    let path = format!("{folder}:{}", std::env::var("PATH").unwrap());
    let mut shell = tokio::process::Command::new("bash")
        .args(["-euc", &lines.join("\n")])
        .current_dir(world.folder())
        .env("PATH", path)
        .env("XDG_CONFIG_HOME", world.folder().join("elsewhere"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let _unread = shell.stdin.take().unwrap().write_all(token.as_bytes()).await;
    let output = shell.wait_with_output().await.unwrap();
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("\"items\""), "{said}{errors}");
}

#[tokio::test]
async fn a_program_signs_in_with_a_token_until_it_is_revoked() {
    let world = world().await;
    let create = ["token", "create", "report", "--role", "viewer", "--days", "1", "--as", "ada"];
    let (code, printed, errors) = world.command(&create).await;
    assert_eq!(code, 0, "{errors}");
    assert!(printed.starts_with("tsm_") && printed.lines().count() == 1, "the token alone: {printed}");
    assert!(errors.contains("shown only once"), "{errors}");
    #[cfg(unix)]
    works_as_printed(&world, &errors, &printed).await;
    let (code, _, errors) =
        world.command(&["token", "create", "x", "--role", "viewer", "--as", "mallory"]).await;
    assert_eq!(code, 5, "{errors}");

    let url = api_url(&world);
    let login = ["auth", "login", "--url", &url, "--name", "robot"];
    let (code, _, errors) = elsewhere(&world, &login, "tsm_0123456789abcdef_guess\n").await;
    assert_eq!(code, 4, "{errors}");
    let (code, _, errors) = elsewhere(&world, &login, &printed).await;
    assert!(code == 0 && errors.contains("signed in as ada"), "{errors}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let profiles = world.folder().join("elsewhere/ticketsmith/profiles.json");
        assert_eq!(std::fs::metadata(profiles).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let (code, name, errors) = elsewhere(&world, &["auth", "status", "--jq", ".name"], "").await;
    assert_eq!((code, name.as_str()), (0, "ada\n"), "{errors}");
    let (code, printed, errors) = elsewhere(&world, &["user", "list"], "").await;
    assert_eq!((code, printed.as_str()), (5, ""), "{errors}");
    assert!(errors.contains("may not see who has which roles"), "{errors}");
    let (code, _, errors) = elsewhere(&world, &["audit", "verify"], "").await;
    assert!(code == 5 && errors.contains("may not see who changed what"), "{errors}");
    let (code, _, errors) = elsewhere(&world, &["api", "nothing/here"], "").await;
    assert_eq!(code, 5, "{errors}");
    let (code, _, errors) = elsewhere(&world, &["api", "executions?limit=0"], "").await;
    assert!(code == 2 && errors.contains("limit: accepted"), "{errors}");

    let (code, id, errors) = world.command(&["token", "list", "--jq", ".items[0].id"]).await;
    assert_eq!(code, 0, "{errors}");
    let (code, table, _) = world.command(&["token", "list"]).await;
    assert!(code == 0 && table.lines().nth(1).unwrap().contains("report  ada    active"), "{table}");
    let (code, state, errors) = world.command(&["token", "revoke", id.trim(), "--jq", ".state"]).await;
    assert_eq!((code, state.as_str()), (0, "revoked\n"), "{errors}");
    let (code, _, errors) = elsewhere(&world, &["auth", "status"], "").await;
    assert!(code == 4 && errors.contains("auth login"), "{errors}");

    let changes = audited(&world, &[]).await;
    assert!(says(&changes[..1], "DELETE /api/v1/tokens/") && changes[0]["status"] == 200, "{changes:?}");
    let requests = changes.iter().filter(|change| change["kind"] == "request").count();
    assert_eq!(requests, 3, "two tokens asked for, one revoked: {changes:?}");
    let configured = json!(["configuration", "operator", "serve"]);
    let columns = |change: &Value| json!([change["kind"], change["who"], change["by"]]);
    assert!(changes.iter().any(|change| columns(change) == configured), "{changes:?}");
    let (code, adas, errors) = world.command(&["audit", "list", "--who", "ada", "--output", "csv"]).await;
    assert_eq!(code, 0, "{errors}");
    assert_eq!(adas.lines().next(), Some("at,kind,who,by,what,about,whence,status,id"));
    assert!(adas.contains(",ada,") && !adas.contains(",mallory,") && !adas.contains(",operator,"), "{adas}");
    let (code, whole, errors) = world.command(&["audit", "verify"]).await;
    assert!(code == 0 && whole.starts_with("whole: "), "{whole} {errors}");
    world.finish().await;
}

#[tokio::test]
async fn an_execution_is_watched_to_its_outcome() {
    let world = world().await;
    let run = ["run", "ask", "--input", "task_id=SHOP-1", "--as", "ada", "--detach"];
    let (code, printed, errors) = world.command(&run).await;
    assert_eq!(code, 0, "{errors}");
    let name = printed.trim().to_owned();
    let (code, lines, errors) = world.command(&["execution", "watch", &name, "--until-waiting"]).await;
    assert_eq!(code, 8, "{errors}");
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.last().unwrap()["outcome"], "waiting");

    for format in ["json", "jsonl", "yaml", "csv", "table"] {
        let (code, text, errors) = world.command(&["execution", "list", "--output", format]).await;
        assert!(code == 0 && text.contains(&name) && !text.contains('\u{1b}'), "{format}: {text} {errors}");
    }
    let (code, outcome, _) = world.command(&["api", &format!("executions/{name}"), "--jq", ".outcome"]).await;
    assert_eq!((code, outcome.as_str()), (0, "waiting\n"));

    let (code, _, errors) = world.command(&["deny", &name, "--as", "ada"]).await;
    assert_eq!(code, 0, "{errors}");
    let (code, lines, errors) = world.command(&["execution", "watch", &name]).await;
    assert_eq!((code, errors.as_str()), (10, ""));
    let last: Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    assert_eq!(last["outcome"], "failed");
    world.finish().await;
}

#[tokio::test]
async fn a_link_signs_a_browser_in_and_a_new_key_ends_no_session() {
    let world = world().await;
    let (code, link, errors) = world.command(&["auth", "link", "--person", "ada"]).await;
    assert_eq!(code, 0, "{errors}");
    let (page, ticket) = link.trim().split_once("#ticket=").unwrap();
    let http = reqwest::Client::new();
    assert_eq!(http.get(page).send().await.unwrap().status(), 200);
    let url = api_url(&world);
    let exchange = async || {
        let body = json!({"ticket": ticket, "carrier": "cookie"}).to_string();
        let request = http.post(format!("{url}/auth/ticket")).header("content-type", "application/json");
        request.body(body).send().await.unwrap()
    };
    let signed_in = exchange().await;
    assert_eq!(signed_in.status(), 200);
    let cookie = signed_in.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let body: Value = signed_in.json().await.unwrap();
    let proof = body["proof"].as_str().unwrap().to_owned();
    let me = async || {
        let request = http.get(format!("{url}/me")).header("cookie", &cookie);
        request.header("ticketsmith-proof", &proof).send().await.unwrap().status().as_u16()
    };
    assert_eq!(me().await, 200);
    assert_eq!(exchange().await.status(), 401, "a link works once");
    let (code, _, errors) = world.command(&["auth", "rotate-key"]).await;
    assert_eq!(code, 0, "{errors}");
    assert_eq!(me().await, 200, "a session keeps its time");
    let (code, _, errors) = world.command(&["auth", "rotate-key"]).await;
    assert_eq!(code, 1, "one key at a time: {errors}");
    let (code, _, errors) = world.command(&["auth", "rotate-key", "--new"]).await;
    assert_eq!(code, 0, "{errors}");
    let ended = async || (me().await == 401).then_some(());
    eventually("the end of every session", EXECUTION_LIMIT, ended).await;
    world.finish().await;
}

#[tokio::test]
async fn an_exposed_api_gives_links_to_its_name_and_answers_to_it() {
    let mut world = WorldFile::quick_shop().with_file("workflows/ask.yaml", ASK).simulate().await;
    world.serve_with(&["--expose", "https://tickets.example"]).await;
    let (code, link, errors) = world.command(&["auth", "link", "--person", "ada"]).await;
    assert_eq!(code, 0, "{errors}");
    let ticket = link.trim().strip_prefix("https://tickets.example/api/v1/sign-in#ticket=");
    let ticket = ticket.unwrap_or_else(|| panic!("{link}"));
    let exchange = async |host: &'static str| {
        let body = json!({"ticket": ticket, "carrier": "cookie"}).to_string();
        let request = reqwest::Client::new().post(format!("{}/auth/ticket", api_url(&world)));
        let request = request.header("content-type", "application/json").header("host", host);
        request.body(body).send().await.unwrap()
    };
    assert_eq!(exchange("evil.example").await.status(), 403);
    let signed_in = exchange("tickets.example").await;
    assert_eq!(signed_in.status(), 200);
    let cookie = signed_in.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("__Host-") && cookie.contains("; Secure"), "{cookie}");
    world.finish().await;
}
