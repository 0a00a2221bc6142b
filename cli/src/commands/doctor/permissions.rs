//! What each credential may do, asked of the services themselves. Nothing is changed there, and nothing costs anything.

use super::Finding;
use super::secrets::Secrets;
use domain::configuration::{Configuration, Project, Provider};
use domain::{ActionError, PermissionProblem, PluginType};
use http_client::Options;
use provider_claude::Claude;
use provider_confluence::Confluence;
use provider_github::{Access, Github};
use provider_jira::Jira;
use provider_slack::Slack;
use secrecy::SecretString;
use std::time::Duration;

/// How long a service may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Asks every service that the configuration names, with these secrets, about every project it serves.
pub(super) async fn permissions(
    configuration: &Configuration,
    secrets: &Secrets,
    findings: &mut Vec<Finding>,
) {
    let options = match Options::new() {
        Ok(options) => options.request_timeout(ANSWER_TIMEOUT),
        Err(error) => return findings.push(Finding::new("permissions", Err(error.to_string()))),
    };
    let probe = Probe { configuration, secrets, options };
    for project in &configuration.projects {
        let served = |plugin| project.providers.get(&plugin).copied();
        if served(PluginType::TaskManagement) == Some(Provider::Jira) {
            report(findings, format!("Jira, project {}", project.key), probe.jira(&project.key).await);
        }
        if served(PluginType::VersionControl) == Some(Provider::Github) {
            let repository = &project.repository;
            report(findings, format!("GitHub, repository {repository}"), probe.github(project).await);
        }
        if served(PluginType::Communication) == Some(Provider::Slack) {
            let channel = project.channel.as_deref();
            let subject = format!("Slack, channel {}", channel.unwrap_or("of no project"));
            report(findings, subject, probe.slack(channel).await);
        }
        if let (Some(Provider::Confluence), Some(space)) = (served(PluginType::Documentation), &project.space)
        {
            report(findings, format!("Confluence, space {space}"), probe.confluence(space).await);
        }
    }
    if let Some(claude) = &configuration.plugins.claude {
        report(findings, format!("Claude, model {}", claude.model), probe.claude().await);
    }
}

/// One line for each problem; one that says all is well where there is none. A secret that is not set has a line already.
fn report(
    findings: &mut Vec<Finding>,
    subject: String,
    asked: Option<Result<Vec<PermissionProblem>, ActionError>>,
) {
    match asked {
        None => {}
        Some(Err(error)) => findings.push(Finding::new(subject, Err(error.to_string()))),
        Some(Ok(problems)) if problems.is_empty() => findings.push(Finding::new(subject, Ok(()))),
        Some(Ok(problems)) => {
            findings.extend(problems.iter().map(|problem| Finding::of_permission(&subject, problem)));
        }
    }
}

struct Probe<'a> {
    configuration: &'a Configuration,
    secrets: &'a Secrets,
    options: Options,
}

/// What a service says; `None` where its section or its secret is not set.
type Asked = Option<Result<Vec<PermissionProblem>, ActionError>>;

impl Probe<'_> {
    fn secret(&self, name: &str) -> Option<SecretString> {
        self.secrets.get(name).cloned()
    }

    async fn jira(&self, project: &str) -> Asked {
        let settings = self.configuration.plugins.jira.as_ref()?;
        let secret = self.secret(&settings.secret)?;
        let ask = async {
            let credentials = provider_jira::Credentials::read(&settings.secret, &secret)?;
            Jira::new(settings, credentials, &self.options)?.permission_problems(project).await
        };
        Some(ask.await)
    }

    async fn github(&self, project: &Project) -> Asked {
        let settings = self.configuration.plugins.github.as_ref()?;
        let secret = self.secret(&settings.secret)?;
        let ask = async {
            let credentials = provider_github::Credentials::read(&settings.secret, &secret)?;
            let github = Github::new(settings, credentials, Access::ReadMetadata, &self.options)?;
            github.permission_problems(&project.repository).await
        };
        Some(ask.await)
    }

    async fn slack(&self, channel: Option<&str>) -> Asked {
        let settings = self.configuration.plugins.slack.as_ref()?;
        let secret = self.secret(&settings.secret)?;
        let ask = async {
            let credentials = provider_slack::Credentials::read(&settings.secret, &secret)?;
            Slack::new(settings, credentials, &self.options)?.permission_problems(channel).await
        };
        Some(ask.await)
    }

    async fn confluence(&self, space: &str) -> Asked {
        let settings = self.configuration.plugins.confluence.as_ref()?;
        let secret = self.secret(&settings.secret)?;
        let ask = async {
            let credentials = provider_confluence::Credentials::read(&settings.secret, &secret)?;
            Confluence::new(settings, credentials, &self.options)?.permission_problems(space).await
        };
        Some(ask.await)
    }

    async fn claude(&self) -> Asked {
        let settings = self.configuration.plugins.claude.as_ref()?;
        let secret = self.secret(&settings.secret)?;
        let ask = async {
            let credentials = provider_claude::Credentials::read(&settings.secret, &secret)?;
            Claude::new(settings, credentials, &self.options)?.permission_problems(&settings.model).await
        };
        Some(ask.await)
    }
}
