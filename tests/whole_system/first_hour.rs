//! A new user's first hour: the commands of README, in order, and no others.

use crate::evidence::{pull_request, repository};
use crate::folders::copy_folder;
use crate::process::{Process, executable};
use crate::support::{eventually, worlds};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// The shipped example has the rates of real services, so a run takes longer than in other tests.
const RUN_LIMIT: Duration = Duration::from_secs(240);

fn readme() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).unwrap()
}

/// The commands of the first block below a heading.
fn commands(readme: &str, heading: &str) -> Vec<String> {
    let section = readme.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("{heading}")).1;
    let block = section.split_once("```sh\n").unwrap().1.split_once("```").unwrap().0;
    block.lines().map(str::to_owned).collect()
}

/// The shop whose people and bots have the accounts of the example configuration.
async fn simulate(folder: &Path) -> (Process, Value) {
    let text = std::fs::read_to_string(worlds().join("shop.yaml")).unwrap();
    // The configuration is the user's own.
    let (text, rest) = text.split_once("\nconfiguration:").unwrap();
    let deliveries = rest.split_once("\ndeliveries:").unwrap().1;
    let text = format!("{text}\nconfiguration: {{ projects: [] }}\n\ndeliveries:{deliveries}")
        .replace("712020:ada", "712020:a1b2c3")
        .replace("712020:ticketsmith", "712020:d4e5f6")
        .replace("ticketsmith-bot", "ticketsmith[bot]")
        .replace("login: ada,", "login: ada-lovelace,")
        .replace("{ ada: write,", "{ ada-lovelace: write,")
        .replace("ticketsmith[bot]: write", "\"ticketsmith[bot]\": write")
        .replace("bot: ticketsmith[bot]", "bot: \"ticketsmith[bot]\"")
        .replace("login: ticketsmith[bot],", "login: \"ticketsmith[bot]\",");
    copy_folder(&worlds().join("shop-repository"), &folder.join("shop-repository"));
    let file = folder.join("world.yaml");
    std::fs::write(&file, text).unwrap();
    let arguments = ["simulate", "--json", "--world", file.to_str().unwrap()].map(str::to_owned);
    let simulation = Process::start("simulate", folder, &arguments).await;
    let addresses = serde_json::from_str(&simulation.first_line).unwrap();
    (simulation, addresses)
}

/// A user's changes to the example: the services' addresses.
fn set_addresses(path: &Path, services: &Value) {
    let text = std::fs::read_to_string(path).unwrap();
    let mut section = "";
    let mut changed = 0;
    let lines = text.lines().map(|line| {
        if let Some(name) = line.strip_prefix("  ").filter(|line| !line.starts_with([' ', '#', '-'])) {
            section = name.trim_end_matches(':');
        }
        let Some(address) = line.trim().strip_prefix("base_url: ") else { return line.to_owned() };
        let address = address.trim_matches('"');
        let path = address.splitn(4, '/').nth(3).map(|path| format!("/{path}")).unwrap_or_default();
        changed += 1;
        format!("    base_url: \"{}{path}\"", services[section].as_str().unwrap())
    });
    let lines: Vec<_> = lines.collect();
    std::fs::write(path, lines.join("\n") + "\n").unwrap();
    assert_eq!(changed, 5, "{text}");
}

struct User {
    folder: TempDir,
    path: String,
}

impl User {
    /// Runs a shell line and returns its exit code and output.
    async fn run(&self, line: &str, input: &str) -> (i32, String) {
        let mut shell = Command::new("sh");
        shell.args(["-c", line]).current_dir(self.folder.path()).env("PATH", &self.path);
        shell.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
        let mut child = shell.stderr(std::process::Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let _unread = child.stdin.take().unwrap().write_all(input.as_bytes()).await;
        let output = child.wait_with_output().await.unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code().unwrap(), text(&output.stdout) + &text(&output.stderr))
    }
}

/// The secrets of the simulated services, in the form that docs/connecting.md gives.
fn secret(name: &str) -> Value {
    match name {
        "github" => json!({"token": "simulated-github-token"}),
        "jira" => json!({"email": "ticketsmith@acme.example", "api_token": "simulated-jira-token"}),
        "slack" => json!({"bot_token": "xoxb-simulated-slack-token"}),
        "confluence" => {
            json!({"email": "ticketsmith@acme.example", "api_token": "simulated-confluence-token"})
        }
        "claude" => json!({"api_key": "simulated-claude-key"}),
        "signing" => json!({
            "jira": "simulated-jira-webhook-secret",
            "github": "simulated-github-webhook-secret",
            "slack": "simulated-slack-signing-secret",
        }),
        other => panic!("{other}"),
    }
}

/// `doctor` finds nothing wrong. A machine without `bwrap` cannot run the checks of the example's project, and only that may be wrong there.
fn nothing_is_wrong(code: i32, printed: &str) {
    let found: Vec<_> =
        printed.lines().filter(|line| line.contains("WRONG") || line.contains("warning")).collect();
    match found[..] {
        [] => assert_eq!(code, 0, "{printed}"),
        [no_sandbox]
            if no_sandbox.starts_with("WRONG    checks of SHOP: ") && no_sandbox.contains("bwrap") =>
        {
            assert_eq!(code, 1, "{printed}");
            test_inputs::skip("run_checks: a doctor that finds nothing wrong", no_sandbox);
        }
        _ => panic!("{printed}"),
    }
}

#[tokio::test]
async fn the_commands_of_the_readme_lead_from_nothing_to_a_pull_request() {
    let readme = readme();
    let install = commands(&readme, "Install");
    let [install] = &install[..] else { panic!("{install:?}") };
    let manifest = install.split_whitespace().skip_while(|word| *word != "--path").nth(1).unwrap();
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(manifest).join("Cargo.toml");
    assert!(std::fs::read_to_string(manifest).unwrap().contains("name = \"ticketsmith\""));

    let folder = TempDir::new().unwrap();
    let (_simulation, addresses) = simulate(folder.path()).await;
    let programs: PathBuf = executable().parent().unwrap().into();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let user = User { folder, path };
    let mut steps = commands(&readme, "Connect your own services");
    assert_eq!(steps.pop().as_deref(), Some("ticketsmith serve"));
    for step in &steps {
        let name = step.rsplit('/').next().unwrap();
        let input = if step.contains("secrets set") { secret(name).to_string() } else { String::new() };
        let (code, printed) = user.run(step, &input).await;
        if step.ends_with("doctor") {
            nothing_is_wrong(code, &printed);
        } else {
            assert_eq!(code, 0, "{step}: {printed}");
        }
        if step.contains("config example") {
            set_addresses(&user.folder.path().join("ticketsmith.yaml"), &addresses["services"]);
        }
    }
    // At another port than the usual one, which may be in use here.
    let serve = ["serve", "--listen", "127.0.0.1:0"].map(str::to_owned);
    let server = Process::start("serve", user.folder.path(), &serve).await;
    let address =
        server.first_line.split_whitespace().find_map(|word| word.split_once("/webhooks/")).unwrap().0;

    // "Then label a ticket `agent`."
    let control = addresses["control"].as_str().unwrap();
    let deliver = format!("ticketsmith deliver jira-label --world {control} --to {address}");
    let (code, printed) = user.run(&deliver, "").await;
    assert!(code == 0 && printed.contains("started"), "{printed}");
    let ended = eventually("the end of the run", RUN_LIMIT, async || {
        let (code, printed) = user.run("ticketsmith status SHOP-1 --json", "").await;
        assert_eq!(code, 0, "{printed}");
        let document: Value = serde_json::from_str(&printed).unwrap();
        let newest = document["executions"][0].clone();
        (!newest["ended_at"].is_null()).then_some(newest)
    });
    let ended = ended.await;
    assert_eq!(ended["outcome"], "succeeded", "{ended:#}");
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let get = async |what: &str| -> Value {
        client.get(format!("{control}/_world/{what}")).send().await.unwrap().json().await.unwrap()
    };
    pull_request(repository(&get("state").await, "acme/shop"), "feature/SHOP-1");
    assert_eq!(get("violations").await, json!([]));
}
