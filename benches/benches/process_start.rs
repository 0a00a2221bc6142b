//! How long the webhook executable takes from its start to its first poll of Lambda's Runtime API, and how much memory it then
//! holds. The executable is the one in `TICKETSMITH_WEBHOOKS_EXECUTABLE`, else the release build in the target folder; without
//! either there is nothing to measure, and that is said.
//!
//! The Runtime API (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>) is a listener that answers the first poll
//! never; the table and the secrets are read from servers on loopback, as the function does before it polls.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot be set up ends")]

use benches::Deployment;
use std::io::Read;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const STARTS: usize = 40;

fn main() {
    if std::env::args().any(|argument| argument == "--list") {
        return;
    }
    let Some(executable) = executable() else {
        println!("process_start: there is no release build of webhooks; nothing was measured");
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let deployment = runtime.block_on(Deployment::start());
    let once = std::env::args().any(|argument| argument == "--test");
    let starts = if once { 1 } else { STARTS };
    let measured: Vec<Start> = (0..starts).map(|_| Start::measure(&executable, &deployment)).collect();
    let mut times: Vec<Duration> = measured.iter().map(|start| start.took).collect();
    times.sort();
    let memory = measured.iter().filter_map(|start| start.resident_kib).max().unwrap_or_default();
    println!(
        "process_start: {starts} starts of {} bytes, to the first poll: fastest {:.1?}, median {:.1?}, slowest {:.1?}; \
         resident at most {:.1} MB",
        std::fs::metadata(&executable).unwrap().len(),
        times[0],
        times[times.len() / 2],
        times[times.len() - 1],
        memory as f64 / 1024.0
    );
}

fn executable() -> Option<PathBuf> {
    let named = std::env::var_os("TICKETSMITH_WEBHOOKS_EXECUTABLE").map(PathBuf::from);
    // The benchmark itself stands in <target>/<profile>/deps.
    let own = std::env::current_exe().unwrap();
    let built = own.ancestors().nth(3).map(|target| target.join("release/webhooks"));
    [named, built].into_iter().flatten().find(|path| path.is_file())
}

struct Start {
    took: Duration,
    resident_kib: Option<u64>,
}

impl Start {
    fn measure(executable: &Path, deployment: &Deployment) -> Self {
        let runtime_api = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = runtime_api.local_addr().unwrap();
        let began = Instant::now();
        let mut child = Command::new(executable)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "webhooks")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "benchmark")
            .env("AWS_SECRET_ACCESS_KEY", "benchmark")
            .env("AWS_ENDPOINT_URL_DYNAMODB", &deployment.dynamodb_url)
            .env("AWS_ENDPOINT_URL_SECRETS_MANAGER", &deployment.secrets_url)
            .env("TABLE_NAME", Deployment::TABLE)
            .env("STATE_MACHINE_ARN_PREFIX", Deployment::STATE_MACHINES)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let (mut poll, _) = runtime_api.accept().unwrap();
        let mut first = [0; 16];
        poll.read_exact(&mut first).unwrap();
        let took = began.elapsed();
        assert!(first.starts_with(b"GET /2018-06-01/"), "{}", String::from_utf8_lossy(&first));
        let resident_kib = resident(&child);
        child.kill().unwrap();
        child.wait().unwrap();
        Self { took, resident_kib }
    }
}

/// `VmRSS` of a process in KiB, where the system tells it.
fn resident(child: &Child) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}
