//! `ticketsmith serve`: receives webhooks and runs workflows in one process.

mod watched;

use crate::configuration_file::{ConfigurationFile, lines_in};
use crate::environment::{self, SECRETS_KEY};
use crate::exit::{Exit, Outcome};
use crate::place::DataArgument;
use crate::server::data_folder::DataFolder;
use crate::server::listeners::check_free;
use crate::server::log_file::LogFile;
use crate::server::opt_in::unknown_workflows;
use crate::server::private_files::make_what_is_made_private;
use crate::server::secret_file::SecretFile;
use crate::server::workflows::Workflows;
use crate::server::{Options, Server};
use crate::stop_signal::stop_signal;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;
use tokio::sync::mpsc;
use watched::{Changed, Watched};

/// `ticketsmith serve`
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The configuration.
    #[arg(long, value_name = "FILE", default_value = "ticketsmith.yaml", env = "TICKETSMITH_CONFIG")]
    config: PathBuf,
    #[command(flatten)]
    data: DataArgument,
    /// The address to receive webhooks on. Put a tunnel or TLS reverse proxy in front of it; it serves only webhooks.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080", value_parser = address)]
    listen: SocketAddr,
    /// The port of the API on 127.0.0.1, for the command line and for programs on this machine; 0 picks a free one. Every request needs
    /// a token: docs/api.md.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    api_port: u16,
    /// The address at which people reach the API through a TLS proxy on this machine: the API then also answers to this name, still on its
    /// loopback port. Everything needs a credential: docs/identity.md.
    #[arg(long, value_name = "URL", value_parser = exposed)]
    expose: Option<String>,
    /// Fetch events from the services that support it, so that they need no public address. Deliveries are still accepted, and nothing acts
    /// twice. The start-up output lists what is fetched.
    #[arg(long)]
    pull: bool,
    /// Serve Prometheus metrics at /metrics and health at /healthz on this address, such as 127.0.0.1:9464. They contain no names of tickets or people,
    /// but anyone who can reach the address can read them, so do not publish it through the tunnel.
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    metrics: Option<SocketAddr>,
    /// Recompile workflows, prompts and agents when they change.
    #[arg(long)]
    watch: bool,
    /// The folders that this start makes, the data folder first; empty where it was there.
    #[arg(skip)]
    made: OnceLock<Vec<PathBuf>>,
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "accepted: an IP address and a port, as 127.0.0.1:8080".to_owned())
}

const EXAMPLES: &str = "\
Examples:
  ticketsmith serve --config ticketsmith.yaml
  ticketsmith serve --config ticketsmith.yaml --listen 127.0.0.1:9000 --watch -v

Point each service's webhooks at its path below /webhooks/ of the public address, which `serve` prints when it starts.
Everything is kept in the data folder: stop or kill it at any moment, start it again, and what was running continues.

Exit codes: 0 stopped · 2 the configuration, a workflow or the data folder is invalid · 3 an address is not available, or the disk failed";

/// How long changes are collected before workflows are recompiled, because editors write several times.
const SETTLE: Duration = Duration::from_millis(200);

/// How long they are collected at most: something may write without end.
const LONGEST_SETTLE: Duration = Duration::from_secs(2);

impl Arguments {
    /// Opens the log in the data folder, the first file that `serve` creates. Checks that can refuse the start come before it, so that a refused start leaves no files.
    ///
    /// # Errors
    /// Usage for the configuration and the workflows, and when the folder or the file cannot be written; unreachable when an address cannot be
    /// had.
    pub(crate) fn log_file(&self) -> Outcome<LogFile> {
        let file = ConfigurationFile::load(&self.config)?;
        Workflows::load(&file.folder)?;
        // If another `serve` uses the folder, report that.
        if DataFolder::existing(&self.data.data).is_none() {
            let api = SocketAddr::from((Ipv4Addr::LOCALHOST, self.api_port));
            let mut addresses = vec![("--listen", self.listen), ("--api-port", api)];
            addresses.extend(self.metrics.map(|address| ("--metrics", address)));
            check_free(&addresses)?;
        }
        SecretFile::check_key().map_err(Exit::usage)?;
        make_what_is_made_private();
        let data = &self.data.data;
        let _made = self.made.set(DataFolder::missing(data));
        let folder =
            DataFolder::open(data).map_err(|error| Exit::usage(format!("{}: {error}", data.display())))?;
        LogFile::open(folder.logs()).map_err(|error| {
            self.leave_nothing();
            Exit::usage(error)
        })
    }

    /// Takes back what a start has made that was refused.
    fn leave_nothing(&self) {
        let made = self.made.get().map(Vec::as_slice).unwrap_or_default();
        if let Some(folder) = DataFolder::existing(&self.data.data) {
            folder.unmake(made, keeps_secrets);
        }
    }
}

/// Whether somebody has set a secret other than the one that a start makes.
fn keeps_secrets(folder: &DataFolder) -> bool {
    // What cannot be read is left alone.
    SecretFile::existing(folder).map_or(true, |file| file.is_some_and(|file| file.names().count() > 1))
}

/// Runs until it is stopped.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    if environment::is_empty(SECRETS_KEY.as_ref()) {
        // A setup that passes the variable on relies on having no key file.
        tracing::warn!(
            "{SECRETS_KEY} is empty and counts as unset: the key of the secrets is in the data folder"
        );
    }
    let file = ConfigurationFile::load(&arguments.config)?;
    let (folder, configuration) = (file.folder.clone(), file.configuration.clone());
    let data = arguments.data.data.clone();
    let options = Options {
        file,
        data,
        listen: arguments.listen,
        api_port: arguments.api_port,
        expose: arguments.expose.clone(),
        pull: arguments.pull,
        metrics: arguments.metrics,
    };
    let mut server = Server::start(options).await.inspect_err(|_refused| arguments.leave_nothing())?;
    let paths: Vec<_> =
        webhooks::SENDERS.iter().map(|sender| format!("/webhooks/{}", sender.name())).collect();
    println!("webhooks   {}{}", server.running.public_url, paths.join(", "));
    if arguments.pull {
        for line in &server.pulled {
            println!("pulled     {line}");
        }
    }
    if let Some(url) = &server.running.api_url {
        println!("api        {url}");
    }
    if let Some(url) = &server.running.exposed_url {
        println!("exposed    {url}");
    }
    if let Some(link) = server.sign_in_link().await? {
        println!("sign in    {link}  (once, within 5 minutes; `ticketsmith auth link` makes another)");
    }
    println!("workflows  {}", server.workflows.names().collect::<Vec<_>>().join(", "));
    // Not a reason to refuse the start: with `--watch`, the workflow may come later.
    let unknown = unknown_workflows(&server.workflows, &configuration);
    let lines = lines_in(&arguments.config, &unknown);
    // The file may be gone by now.
    for line in lines.unwrap_or_else(|_| unknown.iter().map(ToString::to_string).collect()) {
        eprintln!("{line}");
    }
    println!("data       {}", arguments.data.data.display());
    if let Some(url) = &server.running.metrics_url {
        println!("metrics    {url}/metrics");
    }
    let ended = if arguments.watch {
        watch(&mut server, &folder).await
    } else {
        tokio::select! {
            () = stop_signal() => Ok(()),
            failed = server.failed() => Err(failed),
        }
    };
    server.stop().await;
    ended
}

/// Reads the address that the API is exposed at; gives its host, with its port if it has one.
fn exposed(text: &str) -> Result<String, String> {
    const ACCEPTED: &str = "accepted: https:// and a host, such as https://tickets.acme.example";
    let url = reqwest::Url::parse(text).map_err(|error| format!("{error}; {ACCEPTED}"))?;
    let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let is_plain = is_bare && url.username().is_empty() && url.password().is_none();
    match (url.scheme(), url.host_str(), url.port()) {
        ("https", Some(host), None) if is_plain => Ok(host.to_owned()),
        ("https", Some(host), Some(port)) if is_plain => Ok(format!("{host}:{port}")),
        ("http", ..) => Err(format!("the API can be exposed only behind TLS; {ACCEPTED}")),
        _ => Err(format!("it is not a bare address; {ACCEPTED}")),
    }
}

async fn watch(server: &mut Server, folder: &Path) -> Outcome {
    let (mut watched, mut changes) = Watched::start(folder)?;
    let present: Vec<_> = Watched::present(folder).collect();
    for path in &present {
        println!("watching   {}", path.display());
    }
    if present.is_empty() {
        println!(
            "watching   {} for workflows, prompts and agents, of which it has none yet",
            folder.display()
        );
    }
    // One for all rounds: a signal that arrives while workflows are compiled counts, too.
    let mut stopped = std::pin::pin!(stop_signal());
    loop {
        tokio::select! {
            () = &mut stopped => return Ok(()),
            failed = server.failed() => return Err(failed),
            first = changes.recv() => {
                let Some(first) = first else { return Ok(()) };
                let changed = settle(first, &mut changes, LONGEST_SETTLE).await;
                // What changes from now on is noticed, and what has changed until now is read.
                if changed == Changed::Folder && let Err(error) = watched.renew() {
                    eprintln!("{error}\nlater changes of the workflows may go unnoticed");
                }
                replace(server, folder).await;
            }
        }
    }
}

/// Waits until nothing changes for a moment, or until `longest` is over. Returns the greatest of the changes.
async fn settle(
    first: Changed,
    changes: &mut mpsc::UnboundedReceiver<Changed>,
    longest: Duration,
) -> Changed {
    let mut greatest = first;
    let rest = async {
        while let Ok(Some(more)) = tokio::time::timeout(SETTLE, changes.recv()).await {
            greatest = greatest.max(more);
        }
    };
    let _without_end = tokio::time::timeout(longest, rest).await;
    greatest
}

/// Reloads the workflows. Prints mistakes and then keeps the previous ones.
async fn replace(server: &mut Server, folder: &Path) {
    let replaced = match Workflows::load(folder) {
        Ok(workflows) => server.replace_workflows(workflows).await,
        Err(error) => Err(error),
    };
    match replaced {
        Ok(()) => println!("compiled   {}", server.workflows.names().collect::<Vec<_>>().join(", ")),
        Err(error) => eprintln!("{error}\nthe workflows were not changed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Arguments as All;
    use clap::Parser;
    use std::ffi::OsString;

    #[tokio::test]
    async fn files_that_are_written_without_end_are_read_all_the_same() {
        let (sender, mut changes) = mpsc::unbounded_channel();
        let writing = tokio::spawn(async move {
            while sender.send(Changed::Folder).is_ok() {
                tokio::task::yield_now().await;
            }
        });
        let settled = settle(Changed::Content, &mut changes, Duration::from_millis(50));
        let settled = tokio::time::timeout(Duration::from_secs(10), settled).await;
        assert_eq!(settled.expect("it waits for the end of the writing"), Changed::Folder);
        writing.abort();
    }

    #[test]
    fn the_api_is_exposed_at_a_host_behind_tls() {
        assert_eq!(exposed("https://tickets.acme.example"), Ok("tickets.acme.example".to_owned()));
        assert_eq!(exposed("https://Tickets.acme.example:8443/"), Ok("tickets.acme.example:8443".to_owned()));
        for bad in [
            "http://tickets.acme.example",
            "tickets.acme.example",
            "https://a.example/api",
            "https://u@a.example",
            "https://a.example?x",
            "",
        ] {
            assert!(exposed(bad).unwrap_err().contains("accepted: https://"), "{bad}");
        }
    }

    #[test]
    fn a_start_that_is_refused_late_takes_back_what_it_made() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("ticketsmith.yaml");
        std::fs::write(&config, include_str!("../../../ticketsmith.example.yaml")).unwrap();
        let data = folder.path().join("around/data");
        let parse = || {
            let line = ["ticketsmith", "serve", "--listen", "127.0.0.1:0"].map(OsString::from).into_iter();
            let config = ["--config".into(), config.clone().into_os_string()];
            let line = line.chain(config).chain(["--data".into(), data.clone().into_os_string()]);
            match All::try_parse_from(line).unwrap().command {
                crate::commands::Command::Serve(arguments) => arguments,
                other => panic!("{other:?}"),
            }
        };
        let first = parse();
        drop(first.log_file().unwrap());
        assert!(data.join("logs.jsonl").exists());
        first.leave_nothing();
        assert!(!folder.path().join("around").exists());
        // A later start in a folder that is there keeps what is in it.
        drop(parse().log_file().unwrap());
        let second = parse();
        drop(second.log_file().unwrap());
        second.leave_nothing();
        assert!(data.join("logs.jsonl").exists());
    }

    #[test]
    fn days_and_addresses_are_refused_in_our_words() {
        for (arguments, accepted) in [
            (["serve", "--listen", "nonsense"], "accepted: an IP address and a port, as 127.0.0.1:8080"),
            (["serve", "--metrics", "9464"], "accepted: an IP address and a port, as 127.0.0.1:8080"),
        ] {
            let refused = All::try_parse_from(["ticketsmith"].into_iter().chain(arguments)).unwrap_err();
            assert!(refused.to_string().contains(accepted), "{refused}");
        }
        let refused =
            All::try_parse_from(["ticketsmith", "audit", "list", "--day", "yesterday"]).unwrap_err();
        assert!(refused.to_string().contains("accepted: a day as 2026-01-31"), "{refused}");
        for time in ["yesterday", "2026-01-31", "2026-01-31 10:00"] {
            let restore = ["ticketsmith", "restore", "--stage", "prod", "--at", time];
            let refused = All::try_parse_from(restore).unwrap_err();
            assert!(refused.to_string().contains("accepted: a time with its offset from UTC"), "{refused}");
        }
        assert_eq!(address("127.0.0.1:8080").unwrap().port(), 8080);
    }
}
