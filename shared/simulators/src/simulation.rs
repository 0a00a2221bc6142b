//! A running world: one listener for each service and one for control.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::claude::Claude;
use crate::clock::{self, Clock};
use crate::confluence::Confluence;
use crate::control;
use crate::credentials::Secrets;
use crate::delivery::{Delivery, DeliveryError, Outgoing, Receipt};
use crate::description::{DescriptionError, UnexpectedRequest, Violations};
use crate::fault::{Fault, FaultError, Faults};
use crate::github::{GitHub, Settings};
use crate::jira::{DocumentFormat, DocumentFormatError, Jira};
use crate::listener::{Descriptions, Front, listen, serve};
use crate::log::{LogEntry, ServiceLog};
use crate::slack::Slack;
use crate::world::{World, WorldError};

/// How a simulation is run.
#[derive(Default)]
pub struct Options {
    /// A folder with the services' official OpenAPI descriptions: `jira-v3.json`, `confluence-v1.json`,
    /// `confluence-v2.json`, `anthropic.json` and `api.github.com.json`, and with the JSON Schema of Jira's documents,
    /// `adf.json`. Each request is held against the one of its service, where the file is there.
    pub descriptions: Option<PathBuf>,
    /// Ports to listen on.
    pub ports: Ports,
    /// The time to live by; when absent, the world's `now` or the machine's clock.
    pub clock: Option<Clock>,
}

/// Ports on 127.0.0.1; 0 takes any that is free.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ports {
    /// For Jira.
    pub jira: u16,
    /// For GitHub.
    pub github: u16,
    /// For Slack.
    pub slack: u16,
    /// For Confluence.
    pub confluence: u16,
    /// For Claude.
    pub claude: u16,
    /// For `/_world/…`.
    pub control: u16,
}

/// Addresses of the services, as `http://127.0.0.1:PORT`.
#[derive(Debug, Clone, Serialize)]
pub struct Urls {
    /// Jira.
    pub jira: String,
    /// GitHub's API.
    pub github: String,
    /// Slack; its methods are below `/api/`.
    pub slack: String,
    /// Confluence; it answers below `/wiki`.
    pub confluence: String,
    /// Claude.
    pub claude: String,
}

/// Why a simulation does not start.
#[derive(Debug, thiserror::Error)]
pub enum SimulationError {
    /// The world contradicts itself.
    #[error("the world file is wrong: {0}")]
    World(#[from] WorldError),
    /// A fault of the world could never be given.
    #[error("the world file is wrong: faults: {0}")]
    Fault(#[from] FaultError),
    /// A description cannot be used.
    #[error(transparent)]
    Description(#[from] DescriptionError),
    /// The schema of Jira's documents cannot be used.
    #[error(transparent)]
    DocumentFormat(#[from] DocumentFormatError),
    /// A port is taken or may not be opened.
    #[error("cannot listen on 127.0.0.1:{port}: {reason}")]
    Listen {
        /// The port that was asked for.
        port: u16,
        /// Why, in the operating system's words.
        reason: String,
    },
    /// The HTTP client that posts webhooks cannot be made.
    #[error("cannot prepare an HTTP client: {0}")]
    Client(#[from] reqwest::Error),
}

/// A running world. It ends when dropped.
pub struct Simulation {
    shared: Arc<Shared>,
    control_url: String,
    listeners: Vec<JoinHandle<()>>,
}

/// What the control address needs as well.
pub(crate) struct Shared {
    pub(crate) world: World,
    pub(crate) urls: Urls,
    pub(crate) log: ServiceLog,
    pub(crate) violations: Violations,
    pub(crate) faults: Faults,
    pub(crate) jira: Jira,
    pub(crate) github: GitHub,
    pub(crate) slack: Slack,
    pub(crate) confluence: Confluence,
    pub(crate) claude: Claude,
    client: reqwest::Client,
}

impl Simulation {
    /// Starts every service of the world on 127.0.0.1.
    ///
    /// # Errors
    /// [`SimulationError`], naming the key of the world, the file or the port at fault.
    pub async fn start(world: World, options: Options) -> Result<Self, SimulationError> {
        let clock = options.clock.or_else(|| world.now.map(clock::starting_at)).unwrap_or_else(clock::system);
        let (jira_at, jira_url) = listen(options.ports.jira).await?;
        let (github_at, github_url) = listen(options.ports.github).await?;
        let (slack_at, slack_url) = listen(options.ports.slack).await?;
        let (confluence_at, confluence_url) = listen(options.ports.confluence).await?;
        let (claude_at, claude_url) = listen(options.ports.claude).await?;
        let (control_at, control_url) = listen(options.ports.control).await?;
        let urls = Urls {
            jira: jira_url,
            github: github_url,
            slack: slack_url,
            confluence: confluence_url,
            claude: claude_url,
        };

        let log = ServiceLog::redacting(world.secrets.values());
        let violations = Violations::default();
        let faults = Faults::default();
        for fault in &world.faults {
            faults.push(fault.clone())?;
        }
        let secrets = &world.secrets;
        let signing = |service: &str| secrets.field("signing", &world.signing, service);
        let adf =
            options.descriptions.as_ref().map(|folder| folder.join("adf.json")).filter(|path| path.exists());
        let jira = Jira::start(
            world.jira.clone(),
            secrets,
            signing("jira")?,
            adf.as_deref().map(DocumentFormat::load).transpose()?,
            urls.jira.clone(),
            clock.clone(),
        )?;
        let slack =
            Slack::start(world.slack.clone(), secrets, signing("slack")?, urls.slack.clone(), clock.clone())?;
        let confluence =
            Confluence::start(world.confluence.clone(), secrets, urls.confluence.clone(), clock.clone())?;
        let claude = Claude::start(world.claude.clone(), secrets, violations.clone(), clock.clone())?;

        let settings = Settings {
            folder: world.folder.clone(),
            address: urls.github.clone(),
            clock: clock.clone(),
            log: log.clone(),
        };
        let github = GitHub::start(&world.github, secrets, signing("github")?, settings)?;

        let front = Front { log: log.clone(), violations: violations.clone(), faults: faults.clone(), clock };
        let descriptions = Descriptions::load(options.descriptions.as_deref())?;
        let shared = Arc::new(Shared {
            log,
            violations,
            faults,
            client: reqwest::Client::builder().no_proxy().connect_timeout(Duration::from_secs(5)).build()?,
            jira,
            github,
            slack,
            confluence,
            claude,
            urls,
            world,
        });
        let listeners = vec![
            serve(jira_at, front.before("jira", shared.jira.router(), descriptions.jira)),
            serve(
                github_at,
                front
                    .before("github", shared.github.router(), descriptions.github)
                    .merge(shared.github.pages()),
            ),
            serve(slack_at, front.before("slack", shared.slack.router(), Vec::new())),
            serve(
                confluence_at,
                front.before("confluence", shared.confluence.router(), descriptions.confluence),
            ),
            serve(claude_at, front.before("claude", shared.claude.router(), descriptions.claude)),
            serve(control_at, control::router(shared.clone())),
        ];
        Ok(Self { shared, control_url, listeners })
    }

    /// Addresses of the services.
    #[must_use]
    pub fn urls(&self) -> &Urls {
        &self.shared.urls
    }

    /// Address of the control server, whose routes are below `/_world/`.
    #[must_use]
    pub fn control_url(&self) -> &str {
        &self.control_url
    }

    /// Every request that was answered so far.
    #[must_use]
    pub fn log(&self) -> Vec<LogEntry> {
        self.shared.log.entries()
    }

    /// Every request that the real service would not know, or the script of the model does not expect.
    #[must_use]
    pub fn violations(&self) -> Vec<UnexpectedRequest> {
        self.shared.violations.all()
    }

    /// Queues a fault for the next request that matches it.
    ///
    /// # Errors
    /// [`FaultError`] when it could never be given.
    pub fn add_fault(&self, fault: Fault) -> Result<(), FaultError> {
        self.shared.faults.push(fault)
    }

    /// Tickets, messages, pages, repositories and the rest of the model's script, as JSON.
    #[must_use]
    pub fn state(&self) -> Value {
        self.shared.state()
    }

    /// The text of a `ticketsmith.yaml` that points at the simulated services.
    #[must_use]
    pub fn configuration(&self) -> String {
        self.shared.configuration()
    }

    /// The secrets that a program needs, and that the configuration names.
    #[must_use]
    pub fn secrets(&self) -> &Secrets {
        &self.shared.world.secrets
    }

    /// Does what the world's delivery of this name says, and gives the webhook that tells of it, not yet posted.
    ///
    /// # Errors
    /// [`DeliveryError::Unknown`] or [`DeliveryError::Refused`].
    pub fn prepare(&self, trigger: &str) -> Result<Outgoing, DeliveryError> {
        self.shared.act(self.shared.named(trigger)?)
    }

    /// Does something in the world, and gives the webhook that tells of it, not yet posted.
    ///
    /// # Errors
    /// [`DeliveryError::Refused`] when it cannot be done.
    pub fn act(&self, delivery: &Delivery) -> Result<Outgoing, DeliveryError> {
        self.shared.act(delivery)
    }

    /// Does what the world's delivery of this name says, and posts the webhook to a receiver; `to` is its address
    /// without a path.
    ///
    /// # Errors
    /// [`DeliveryError`]. An answer of any status is a receipt.
    pub async fn deliver(&self, trigger: &str, to: &str) -> Result<Receipt, DeliveryError> {
        self.shared.deliver(self.shared.named(trigger)?, to).await
    }

    /// Writes a repository, given as `owner/name`, as a git clone to `folder`; without one, each to `folder/owner/name`.
    /// A folder written to must not exist yet or be empty. Runs git.
    ///
    /// # Errors
    /// What git or the file system refused, in words.
    pub fn export(&self, folder: &Path, repository: Option<&str>) -> Result<(), String> {
        self.shared.export(folder, repository)
    }
}

impl Drop for Simulation {
    fn drop(&mut self) {
        self.listeners.iter().for_each(JoinHandle::abort);
    }
}

impl Shared {
    pub(crate) fn state(&self) -> Value {
        serde_json::json!({
            "jira": self.jira.state(),
            "github": self.github.state(),
            "slack": self.slack.state(),
            "confluence": self.confluence.state(),
            "claude": self.claude.state(),
        })
    }

    /// The world's configuration with the simulated addresses. A `base_url` that stands there keeps its path.
    pub(crate) fn configuration(&self) -> String {
        let mut configuration = self.world.configuration.clone();
        let urls = &self.urls;
        for (plugin, url) in [
            ("jira", &urls.jira),
            ("github", &urls.github),
            ("slack", &urls.slack),
            ("confluence", &urls.confluence),
            ("claude", &urls.claude),
        ] {
            if let Some(Value::Object(settings)) = configuration["plugins"].get_mut(plugin) {
                let present = settings.get("base_url").and_then(Value::as_str).unwrap_or_default();
                let path = present
                    .split_once("://")
                    .and_then(|(_, rest)| rest.split_once('/'))
                    .map(|(_, path)| format!("/{path}"))
                    .unwrap_or_default();
                settings.insert("base_url".to_owned(), format!("{url}{path}").into());
            }
        }
        // JSON is YAML, so a document always comes out.
        serde_saphyr::to_string(&configuration).unwrap_or_else(|_| configuration.to_string())
    }

    pub(crate) fn named(&self, trigger: &str) -> Result<&Delivery, DeliveryError> {
        self.world.deliveries.get(trigger).ok_or_else(|| DeliveryError::Unknown {
            name: trigger.to_owned(),
            known: self.world.deliveries.keys().map(String::as_str).collect::<Vec<_>>().join(", "),
        })
    }

    pub(crate) fn act(&self, delivery: &Delivery) -> Result<Outgoing, DeliveryError> {
        match delivery {
            Delivery::JiraLabel { ticket, label, by } => self.jira.labelled(ticket, label, by),
            Delivery::JiraTransition { ticket, to, by } => self.jira.transitioned(ticket, to, by),
            Delivery::JiraComment { ticket, text, by } => self.jira.commented(ticket, text, by),
            Delivery::GithubLabel { repository, issue, label, by } => {
                self.github.labelled(repository, *issue, label, by)
            }
            Delivery::GithubComment { repository, issue, text, by } => {
                self.github.commented(repository, *issue, text, by)
            }
            Delivery::GithubReview { repository, pull_request, verdict, text, comments, by } => {
                self.github.reviewed(repository, *pull_request, *verdict, text, comments, by)
            }
            Delivery::GithubClose { repository, pull_request, merge, by } => {
                self.github.closed(repository, *pull_request, *merge, by)
            }
            Delivery::SlackCommand { text, by, channel } => self.slack.commanded(text, by, channel),
            Delivery::SlackMention { text, by, channel, thread } => {
                self.slack.mentioned(text, by, channel, thread.as_deref())
            }
            Delivery::SlackButton { action_id, message, by, channel } => {
                self.slack.pressed(action_id, message, by, channel)
            }
        }
        .map_err(DeliveryError::Refused)
    }

    pub(crate) async fn deliver(&self, delivery: &Delivery, to: &str) -> Result<Receipt, DeliveryError> {
        self.act(delivery)?.post(&self.client, to).await
    }

    pub(crate) fn export(&self, folder: &Path, repository: Option<&str>) -> Result<(), String> {
        match repository {
            Some(name) => self.github.export(name, folder),
            None => self
                .github
                .repositories()
                .iter()
                .try_for_each(|name| self.github.export(name, &folder.join(name))),
        }
    }
}
