//! `ticketsmith doctor`: finds what is missing or wrong before it is needed, and says how to mend it.

use super::DataArgument;
use crate::configuration_file::ConfigurationFile;
use crate::exit::{Exit, Outcome};
use crate::server::data_folder::DataFolder;
use crate::server::secret_file::{KEY_VARIABLE, SecretFile};
use crate::server::workflows::Workflows;
use domain::configuration::Configuration;
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

Exit codes: 0 nothing is wrong · 1 something is, with how to mend it";

/// The clocks may differ by less than what Slack's replay window and GitHub's app tokens forgive.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_secs(30);
const REACH_TIMEOUT: Duration = Duration::from_secs(10);

/// One thing that was looked at.
struct Finding {
    subject: String,
    /// What is wrong and how to mend it; `None` when all is well.
    problem: Option<String>,
}

impl Finding {
    fn new(subject: impl Into<String>, result: Result<(), String>) -> Self {
        Self { subject: subject.into(), problem: result.err() }
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
            secrets(&file.configuration, &arguments.data, &mut findings);
            services(&file.configuration, &mut findings).await;
        }
    }
    let wrong = findings.iter().filter(|finding| finding.problem.is_some()).count();
    if arguments.json {
        let list: Vec<_> = findings
            .iter()
            .map(|finding| json!({ "subject": finding.subject, "ok": finding.problem.is_none(), "problem": finding.problem }))
            .collect();
        println!("{}", json!({ "findings": list }));
    } else {
        for finding in &findings {
            match &finding.problem {
                None => println!("ok     {}", finding.subject),
                Some(problem) => println!("WRONG  {}: {problem}", finding.subject),
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

fn secrets(configuration: &Configuration, data: &DataArgument, findings: &mut Vec<Finding>) {
    let opened = DataFolder::open(&data.data).map_err(|error| error.to_string()).and_then(|folder| {
        let key = std::env::var(KEY_VARIABLE).ok();
        SecretFile::open(&folder.secrets(), &folder.secrets_key(), key.as_deref())
            .map_err(|error| error.to_string())
    });
    let file = match opened {
        Ok(file) => file,
        Err(error) => return findings.push(Finding::new("secrets", Err(error))),
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
