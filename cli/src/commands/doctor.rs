//! `ticketsmith doctor`: finds what is missing or wrong before it is needed, and says how to mend it.

mod permissions;

use super::DataArgument;
use crate::configuration_file::ConfigurationFile;
use crate::exit::{Exit, Outcome};
use crate::server::data_folder::DataFolder;
use crate::server::secret_file::{KEY_VARIABLE, SecretFile};
use crate::server::workflows::Workflows;
use domain::configuration::Configuration;
use domain::{PermissionProblem, PermissionProblemKind};
use http_client::secret_id;
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;

/// `ticketsmith doctor`
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The configuration.
    #[arg(long, value_name = "FILE", default_value = "ticketsmith.yaml", env = "TICKETSMITH_CONFIG")]
    config: PathBuf,
    #[command(flatten)]
    data: DataArgument,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Example:
  ticketsmith doctor --config ticketsmith.yaml

With the secrets of the data folder it asks each service what its credential may do. Nothing is changed there, and nothing costs anything.
What is missing is wrong; what is more than is needed is a warning.

Exit codes: 0 nothing is wrong · 1 something is, with how to mend it";

/// The clocks may differ by less than what Slack's replay window and GitHub's app tokens forgive.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_secs(30);
const REACH_TIMEOUT: Duration = Duration::from_secs(10);

/// One thing that was looked at.
struct Finding {
    subject: String,
    verdict: Verdict,
    /// What is wrong and how to mend it; `None` when all is well.
    problem: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Ok,
    Warning,
    Wrong,
}

impl Finding {
    fn new(subject: impl Into<String>, result: Result<(), String>) -> Self {
        let verdict = if result.is_ok() { Verdict::Ok } else { Verdict::Wrong };
        Self { subject: subject.into(), verdict, problem: result.err() }
    }

    fn of_permission(subject: &str, problem: &PermissionProblem) -> Self {
        let verdict = match problem.kind {
            PermissionProblemKind::Missing => Verdict::Wrong,
            PermissionProblemKind::Excessive => Verdict::Warning,
        };
        Self { subject: subject.to_owned(), verdict, problem: Some(problem.to_string()) }
    }
}

impl Verdict {
    /// The word in JSON.
    fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Wrong => "wrong",
        }
    }
}

/// Runs the command.
///
/// # Errors
/// Negative when something is wrong.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    let mut findings = Vec::new();
    match ConfigurationFile::load(&arguments.config) {
        Err(error) => findings.push(Finding::new("configuration", Err(error.to_string()))),
        Ok(file) => {
            findings.push(Finding::new("configuration", Ok(())));
            let workflows = Workflows::load(&file.folder).map(|_| ()).map_err(|error| error.to_string());
            findings.push(Finding::new("workflows", workflows));
            let opened = secrets(&file.configuration, &arguments.data, &mut findings);
            services(&file.configuration, &mut findings).await;
            if let Some(secrets) = opened {
                permissions::permissions(&file.configuration, &secrets, &mut findings).await;
            }
        }
    }
    let wrong = findings.iter().filter(|finding| finding.verdict == Verdict::Wrong).count();
    if arguments.json {
        let list: Vec<_> = findings
            .iter()
            .map(|finding| {
                let ok = finding.verdict != Verdict::Wrong;
                json!({ "subject": finding.subject, "ok": ok, "verdict": finding.verdict.as_str(), "problem": finding.problem })
            })
            .collect();
        println!("{}", json!({ "findings": list }));
    } else {
        for finding in &findings {
            let problem = finding.problem.as_deref().unwrap_or_default();
            match finding.verdict {
                Verdict::Ok => println!("ok       {}", finding.subject),
                Verdict::Warning => println!("warning  {}: {problem}", finding.subject),
                Verdict::Wrong => println!("WRONG    {}: {problem}", finding.subject),
            }
        }
    }
    if wrong == 0 { Ok(()) } else { Err(Exit::negative(format!("{wrong} finding(s)"))) }
}

/// The secrets that the configuration names, and the fields that each must have, one group of them.
fn expected_secrets(configuration: &Configuration) -> Vec<(String, Vec<&'static [&'static str]>)> {
    let plugins = &configuration.plugins;
    let mut expected: Vec<(String, Vec<&'static [&'static str]>)> =
        vec![(configuration.webhooks.secret.clone(), vec![&["jira"], &["github"], &["slack"]])];
    if let Some(jira) = &plugins.jira {
        expected.push((jira.secret.clone(), vec![&["email", "api_token"]]));
    }
    if let Some(github) = &plugins.github {
        expected
            .push((github.secret.clone(), vec![&["token"], &["app_id", "installation_id", "private_key"]]));
    }
    if let Some(slack) = &plugins.slack {
        expected.push((slack.secret.clone(), vec![&["bot_token"]]));
    }
    if let Some(confluence) = &plugins.confluence {
        expected.push((confluence.secret.clone(), vec![&["email", "api_token"]]));
    }
    if let Some(claude) = &plugins.claude {
        expected.push((claude.secret.clone(), vec![&["api_key"]]));
    }
    expected
}

/// Looks at the secrets, and gives the file that holds them.
fn secrets(
    configuration: &Configuration,
    data: &DataArgument,
    findings: &mut Vec<Finding>,
) -> Option<SecretFile> {
    let opened = DataFolder::open(&data.data).map_err(|error| error.to_string()).and_then(|folder| {
        let key = std::env::var(KEY_VARIABLE).ok();
        SecretFile::open(&folder.secrets(), &folder.secrets_key(), key.as_deref())
            .map_err(|error| error.to_string())
    });
    let file = match opened {
        Ok(file) => file,
        Err(error) => {
            findings.push(Finding::new("secrets", Err(error)));
            return None;
        }
    };
    for (name, alternatives) in expected_secrets(configuration) {
        let accepted: Vec<_> = alternatives.iter().map(|fields| fields.join(" and ")).collect();
        let set =
            format!("set it with `ticketsmith secrets set '{name}'`; it holds {}", accepted.join(", or "));
        let result = match file.get(secret_id(&name)) {
            None => Err(format!("it is not set; {set}")),
            Some(secret) => {
                let whole: Value = serde_json::from_str(secret.expose_secret()).unwrap_or_default();
                let fields = match name.split_once('#') {
                    Some((_, entry)) => &whole[entry],
                    None => &whole,
                };
                let has = |fields_of: &&&[&str]| fields_of.iter().all(|field| fields.get(*field).is_some());
                if alternatives.iter().any(|group| has(&group)) {
                    Ok(())
                } else {
                    Err(format!("fields are missing; {set}"))
                }
            }
        };
        findings.push(Finding::new(format!("secret {name}"), result));
    }
    Some(file)
}

async fn services(configuration: &Configuration, findings: &mut Vec<Finding>) {
    let plugins = &configuration.plugins;
    let urls = [
        ("Jira", plugins.jira.as_ref().map(|settings| settings.base_url.clone())),
        ("GitHub", plugins.github.as_ref().map(|settings| settings.base_url.clone())),
        ("Slack", plugins.slack.as_ref().map(|settings| settings.base_url.clone())),
        ("Confluence", plugins.confluence.as_ref().map(|settings| settings.base_url.clone())),
        ("Claude", plugins.claude.as_ref().map(|settings| settings.base_url.clone())),
    ];
    let client =
        match reqwest::Client::builder().connect_timeout(REACH_TIMEOUT).timeout(REACH_TIMEOUT).build() {
            Ok(client) => client,
            Err(error) => return findings.push(Finding::new("network", Err(error.to_string()))),
        };
    for (name, url) in urls {
        let Some(url) = url else { continue };
        match client.get(&url).send().await {
            // Any answer will do: credentials are not sent here.
            Ok(response) => {
                findings.push(Finding::new(format!("{name} at {url}"), Ok(())));
                if let Some(problem) = clock_problem(response.headers()) {
                    findings.push(Finding::new(format!("clock against {name}"), Err(problem)));
                }
            }
            Err(error) => findings.push(Finding::new(
                format!("{name} at {url}"),
                Err(format!("it is not reachable ({error}); check base_url and the network")),
            )),
        }
    }
}

fn clock_problem(headers: &reqwest::header::HeaderMap) -> Option<String> {
    let date = headers.get(reqwest::header::DATE)?.to_str().ok()?;
    let theirs = jiff::fmt::rfc2822::parse(date).ok()?.timestamp();
    let difference = Timestamp::now().duration_since(theirs);
    (difference.abs() > CLOCK_TOLERANCE).then(|| {
        format!(
            "this machine's clock differs by {} s: signatures and tokens will be refused; set it by NTP",
            difference.as_secs()
        )
    })
}
