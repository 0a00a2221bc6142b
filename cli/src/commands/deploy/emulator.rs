//! An AWS emulator on this machine: ministack, which runs the packages as processes. <https://pypi.org/project/ministack/>

use super::succeed;
use crate::commands::deliver::control_client;
use crate::exit::{Exit, Outcome};
use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const ADDRESS: &str = "http://127.0.0.1:4566";
/// How many times, half a second apart, the emulator is checked while it starts.
const TRIES: u32 = 120;

/// Starts the emulator if none is running, then runs this command again with an environment that points the SDK to it.
///
/// # Errors
/// Unreachable when it cannot be installed or does not answer, and as the command itself.
pub(super) async fn deploy(folder: &Path) -> Outcome {
    if answers().await? {
        println!("the emulator is running at {ADDRESS}");
    } else {
        start(folder).await?;
    }
    let own = std::env::current_exe().map_err(Exit::unreachable)?;
    let arguments = std::env::args_os().skip(1).filter(|argument| argument != "--emulator");
    let mut again = Command::new(own);
    again.args(arguments).args(["--bootstrap", "--context", "records=destroy"]);
    for (name, value) in environment() {
        again.env(name, value);
    }
    succeed(&mut again)?;
    println!("\nFor other commands:");
    for (name, value) in environment() {
        println!("  export {name}={value}");
    }
    Ok(())
}

fn environment() -> [(&'static str, &'static str); 5] {
    [
        ("AWS_ENDPOINT_URL", ADDRESS),
        ("AWS_ENDPOINT_URL_S3", ADDRESS),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
    ]
}

async fn answers() -> Outcome<bool> {
    let health = control_client()?.get(format!("{ADDRESS}/_localstack/health")).send().await;
    Ok(health.is_ok_and(|answer| answer.status().is_success()))
}

async fn start(folder: &Path) -> Outcome {
    let tools = folder.join(".tools/emulator");
    let log = tools.join("ministack.log");
    if !tools.join("bin/ministack").exists() {
        succeed(Command::new("python3").args(["-m", "venv"]).arg(&tools))?;
        let mut pip = Command::new(tools.join("bin/pip"));
        pip.args(["install", "--quiet", "--disable-pip-version-check", "--requirement"]);
        succeed(pip.arg(folder.join("tests/deployed/requirements.txt")))?;
    }
    let output = File::create(&log).map_err(Exit::usage)?;
    let mut command = Command::new(tools.join("bin/ministack"));
    command.env("BIND_HOST", "127.0.0.1").env("GATEWAY_PORT", "4566");
    for (name, value) in environment() {
        command.env(name, value);
    }
    command.stdin(Stdio::null()).stderr(output.try_clone().map_err(Exit::usage)?).stdout(output);
    let emulator =
        command.spawn().map_err(|error| Exit::unreachable(format!("cannot start the emulator: {error}")))?;
    for _ in 0..TRIES {
        if answers().await? {
            println!(
                "the emulator is running at {ADDRESS} as process {}; log: {}",
                emulator.id(),
                log.display()
            );
            return Ok(());
        }
        // The emulator does not announce that it is ready, so it is polled with a limit.
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    Err(Exit::unreachable(format!("the emulator did not respond; see {}", log.display())))
}
