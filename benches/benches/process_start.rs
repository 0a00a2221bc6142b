//! How long processes take from their start to the first poll and the first answer: our executables against a stand-in for Lambda's
//! Runtime API, and Probot and Slack Bolt, as they listen and answer a first signed delivery, in the same run.
//!
//! Our executables come from the folder `TICKETSMITH_EXECUTABLES`, else from `infra/package`; the others are started
//! from `TICKETSMITH_COMPARED`, a copy of `benches/compared` after `npm ci`, else from that folder itself. Missing ones are not
//! measured, which is reported. The table and the secrets are read from servers on loopback.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot be set up ends")]

use benches::{Compared, Deployment, RuntimeApi, mention, signature};
use domain::{Clock, SystemClock};
use serde_json::{Value, json};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const STARTS: usize = 20;
/// How long one start may take before there is nothing to measure.
const LIMIT: Duration = Duration::from_secs(30);

fn main() {
    if std::env::args().any(|argument| argument == "--list") {
        return;
    }
    let starts = if std::env::args().any(|argument| argument == "--test") { 1 } else { STARTS };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let deployment = runtime.block_on(Deployment::start());
    println!("process_start: {starts} starts of each; median (fastest to slowest)");
    match executables() {
        None => test_inputs::skip("the start of our functions", "no packaged executables for this machine"),
        Some(folder) => {
            for function in Function::ALL {
                let path = folder.join(function.executable()).join("bootstrap");
                let measured = (0..starts).map(|_| runtime.block_on(function.start(&path, &deployment)));
                report(function.executable(), "first poll", measured.collect());
            }
        }
    }
    match compared() {
        None => {
            test_inputs::skip("the start of Probot and Slack Bolt", "benches/compared has no node_modules")
        }
        Some(folder) => {
            for other in [Compared::Probot, Compared::SlackBolt] {
                let measured = (0..starts).map(|_| load(other, &folder));
                report(other.name(), "listens", measured.collect());
            }
        }
    }
}

/// One start: until it is ready, until it has answered, and its memory then.
struct Start {
    ready: Duration,
    answered: Duration,
    resident_kib: Option<u64>,
}

fn report(name: &str, ready: &str, starts: Vec<Start>) {
    let times = |time: fn(&Start) -> Duration| {
        let mut times: Vec<Duration> = starts.iter().map(time).collect();
        times.sort();
        format!("{:.1?} ({:.1?} to {:.1?})", times[times.len() / 2], times[0], times[times.len() - 1])
    };
    let memory = starts.iter().filter_map(|start| start.resident_kib).max().unwrap_or_default();
    println!(
        "  {name:<12}{ready} {}, first answer {}, resident at most {:.1} MB",
        times(|start| start.ready),
        times(|start| start.answered),
        memory as f64 / 1024.0
    );
}

/// The root certificates in one file. A folder that also has each in a separate file, such as Debian's, takes several times as long to read, and
/// says more about the machine than about what starts.
fn roots() -> Option<&'static str> {
    let bundles = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];
    bundles.into_iter().find(|file| Path::new(file).is_file())
}

/// The folder with `webhooks/bootstrap`, `api/bootstrap`, `events/bootstrap` and `actions/bootstrap`. One that was named may hold what starts them by other
/// means, such as an emulator of another machine.
fn executables() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("TICKETSMITH_EXECUTABLES") {
        return Some(PathBuf::from(named));
    }
    // The benchmark itself is in <target>/<profile>/deps.
    let own = std::env::current_exe().unwrap();
    let built = own.ancestors().nth(3).map(|target| target.join("packages"));
    let runs_here = |folder: &PathBuf| machine(&folder.join("webhooks/bootstrap")) == machine(&own);
    built.filter(runs_here)
}

/// Which processors an executable is for: `e_machine` of its head, <https://man7.org/linux/man-pages/man5/elf.5.html>.
fn machine(executable: &Path) -> Option<[u8; 2]> {
    let mut head = [0; 20];
    std::fs::File::open(executable).ok()?.read_exact(&mut head).ok()?;
    Some([head[18], head[19]])
}

fn compared() -> Option<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("compared");
    let named = std::env::var_os("TICKETSMITH_COMPARED").map(PathBuf::from);
    [named, Some(own)].into_iter().flatten().find(|folder| folder.join("node_modules/probot").is_dir())
}

fn load(other: Compared, folder: &Path) -> Start {
    let mut loaded = other.load(folder);
    let resident_kib = resident(&loaded.child);
    loaded.child.kill().unwrap();
    loaded.child.wait().unwrap();
    Start { ready: loaded.listens, answered: loaded.answered, resident_kib }
}

/// Our executables, each with an event that it can answer from servers on loopback.
#[derive(Clone, Copy)]
enum Function {
    Webhooks,
    Api,
    Events,
    Actions,
}

impl Function {
    const ALL: [Self; 4] = [Self::Webhooks, Self::Api, Self::Events, Self::Actions];

    fn executable(self) -> &'static str {
        match self {
            Self::Webhooks => "webhooks",
            Self::Api => "api",
            Self::Events => "events",
            Self::Actions => "actions",
        }
    }

    /// What tells an executable which of its functions it is.
    fn handler(self) -> &'static str {
        match self {
            Self::Actions => "list_effects",
            Self::Webhooks | Self::Api | Self::Events => "bootstrap",
        }
    }

    /// A signed mention of ten kilobytes that no workflow is started by; whether the API is up; the tick of every minute with nothing open; the
    /// journal of a run that did nothing.
    fn event(self) -> Value {
        match self {
            Self::Webhooks => {
                let body = String::from_utf8(mention()).unwrap();
                let timestamp = SystemClock.now().as_second().to_string();
                let signature = signature(Deployment::SECRET, &timestamp, body.as_bytes());
                json!({
                    "version": "2.0", "routeKey": "POST /webhooks/{source}", "rawPath": "/webhooks/slack", "rawQueryString": "",
                    "headers": {
                        "content-type": "application/json",
                        "x-slack-request-timestamp": timestamp,
                        "x-slack-signature": signature,
                    },
                    "requestContext": {
                        "accountId": "000000000000", "apiId": "api", "domainName": "api", "domainPrefix": "api", "requestId": "id",
                        "routeKey": "POST /webhooks/{source}", "stage": "$default", "time": "", "timeEpoch": 0,
                        "http": {"method": "POST", "path": "/webhooks/slack", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": ""},
                    },
                    "body": body, "isBase64Encoded": false,
                })
            }
            Self::Api => json!({
                "version": "2.0", "routeKey": "GET /api/{proxy+}", "rawPath": "/api/v1/health", "rawQueryString": "",
                "headers": {"host": "api"},
                "requestContext": {
                    "accountId": "000000000000", "apiId": "api", "domainName": "api", "domainPrefix": "api", "requestId": "id",
                    "routeKey": "GET /api/{proxy+}", "stage": "$default", "time": "", "timeEpoch": 0,
                    "http": {"method": "GET", "path": "/api/v1/health", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": ""},
                },
                "isBase64Encoded": false,
            }),
            Self::Events => json!({"tick": "sweep"}),
            Self::Actions => {
                let run = "arn:aws:states:us-east-1:000000000000:execution:ticketsmith-undo:benchmark";
                json!({
                    "v": 1, "run": run, "key": format!("{run}/TakeBack"), "project": "SHOP", "actor": {"source": "jira", "id": "ada"}, "input": {},
                })
            }
        }
    }

    async fn start(self, executable: &Path, deployment: &Deployment) -> Start {
        let mut runtime_api = RuntimeApi::start(self.event()).await;
        let began = Instant::now();
        let mut child = Command::new(executable)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", &runtime_api.address)
            .env("AWS_LAMBDA_FUNCTION_NAME", "benchmark")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("_HANDLER", self.handler())
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "benchmark")
            .env("AWS_SECRET_ACCESS_KEY", "benchmark")
            .env("AWS_ENDPOINT_URL_DYNAMODB", &deployment.dynamodb_url)
            .env("AWS_ENDPOINT_URL_SECRETS_MANAGER", &deployment.secrets_url)
            .env("TABLE_NAME", Deployment::TABLE)
            .env("STATE_MACHINE_ARN_PREFIX", Deployment::STATE_MACHINES)
            .envs(roots().map(|file| ("SSL_CERT_FILE", file)))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let served = runtime_api.served(LIMIT).await;
        let resident_kib = resident(&child);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(served.good, "{}: {}", self.executable(), served.answer);
        Start { ready: served.polled - began, answered: served.answered - began, resident_kib }
    }
}

/// `VmRSS` of a process in KiB, if the system reports it.
fn resident(child: &Child) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}
