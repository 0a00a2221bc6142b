//! `ticketsmith init`: asks for what it needs, writes `ticketsmith.yaml`, sets secrets, registers webhooks, and ends with `doctor`. Run again, it
//! changes only what is missing.

mod answers;
mod app;
mod credentials;
mod plan;
mod webhook;

use crate::configuration_file::ConfigurationFile;
use crate::exit::{Exit, Outcome};
use crate::place::{DataArgument, PlaceArgument};
use answers::Answers;
use credentials::Credentials;
use plan::Plan;
use std::path::{Path, PathBuf};

/// `ticketsmith init`
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The configuration to write. An existing one is not changed.
    #[arg(long, value_name = "FILE", default_value = "ticketsmith.yaml", env = "TICKETSMITH_CONFIG")]
    config: PathBuf,
    /// The tracker's key of the project, such as `SHOP`, or `owner/name` where tickets are issues of a repository.
    #[arg(long, value_name = "KEY")]
    project: Option<String>,
    /// The repository as `owner/name`.
    #[arg(long, value_name = "NAME")]
    repository: Option<String>,
    /// A provider to use, such as `jira`. May be repeated.
    #[arg(long = "use", value_name = "PROVIDER")]
    uses: Vec<String>,
    /// A key of the project, such as `channel=#shop-dev` or `statuses.in_review=Code Review`; of a provider's section, such as
    /// `jira.base_url=https://acme.atlassian.net`; or the bot's account at a service, such as `own_accounts.github=acme-bot`.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// The public address at which services reach this machine. Webhooks are registered there if possible.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Secrets as JSON, by the providers' names, and `signing` with what services gave: `{"jira": {…}, "signing": {"slack": "…"}}`; `-` is
    /// standard input. Anything missing is asked for at a terminal.
    #[arg(long, value_name = "FILE")]
    secrets: Option<PathBuf>,
    /// Create an app at this service, in a browser on this machine, with the permissions and events that Ticketsmith needs, and set its
    /// secret: `github`. Existing secrets are kept.
    #[arg(long, value_name = "NAME")]
    app: Option<String>,
    #[command(flatten)]
    data: DataArgument,
}

const EXAMPLES: &str = "\
Examples:
  ticketsmith init
  ticketsmith init --url https://tickets.acme.example
  ticketsmith init --url https://tickets.acme.example --app github
  ticketsmith init --project SHOP --repository acme/shop --use jira --use github --use slack --use claude \\
    --set jira.base_url=https://acme.atlassian.net --set channel=#shop-dev --secrets secrets.json

At a terminal, it prompts for what the arguments leave out. It does not change what is already set, so run it again after each step that it asks for. Secrets go to
the data folder of `serve`, encrypted; for a stage in an AWS account, use `secrets set --stage` afterward.

With --app, it prints the address of a page on this machine. The app that you create there belongs to you; its key is stored and never shown.

Exit codes: 0 everything is OK · 1 `doctor` found problems; each line says how to fix it; or no app was created or installed · 2 an argument or
answer is invalid · 3 the app's service did not answer";

/// Runs the command.
///
/// # Errors
/// Usage errors that name an answer that is missing or not accepted; then nothing was written. The errors of `doctor`.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    let url = arguments.url.as_deref().map(webhook::base).transpose()?;
    let given = Credentials::read(arguments.secrets.as_deref())?;
    let answers = Answers::default();
    let file = match arguments.config.exists() {
        true => existing(&arguments)?,
        false => {
            let text = Plan::make(&arguments, &answers)?.to_yaml();
            let file = write(&arguments.config, &text)?;
            println!("{} is written", arguments.config.display());
            file
        }
    };
    if let Some(name) = &arguments.app {
        app::make(&file.configuration, &arguments.data, name, url.as_deref()).await?;
    }
    let changed = given.complete(&file.configuration, &arguments.data, url.as_deref(), &answers).await?;
    match &url {
        Some(url) => webhook::register(&file.configuration, &arguments.data, url, &changed).await?,
        None => webhook::say_what_comes_without(&file.configuration),
    }
    println!();
    let place = PlaceArgument { data: arguments.data, stage: None };
    super::doctor::examine(arguments.config, place).await
}

/// The existing configuration. Arguments that describe another one are refused, because people edit it.
fn existing(arguments: &Arguments) -> Outcome<ConfigurationFile> {
    let file = ConfigurationFile::load(&arguments.config)?;
    let path = arguments.config.display();
    let told = [
        ("--project", arguments.project.is_some()),
        ("--repository", arguments.repository.is_some()),
        ("--use", !arguments.uses.is_empty()),
        ("--set", !arguments.set.is_empty()),
    ];
    if let Some((name, _)) = told.iter().find(|(_, is_told)| *is_told)
        && !describe_the_file(arguments)
    {
        return Err(Exit::usage(format!(
            "{path} is already there, and {name} does not change it; leave {name} out, edit the file, or choose another one with --config"
        )));
    }
    println!("{path} stays as it is");
    Ok(file)
}

/// Whether the file is as these arguments made it, as when the first command is run again.
fn describe_the_file(arguments: &Arguments) -> bool {
    let unasked = Answers { is_terminal: false };
    Plan::make(arguments, &unasked).is_ok_and(|plan| {
        std::fs::read_to_string(&arguments.config).is_ok_and(|present| present == plan.to_yaml())
    })
}

/// Writes the file if it is valid; otherwise there is none.
fn write(path: &Path, text: &str) -> Outcome<ConfigurationFile> {
    let refused = |error: std::io::Error| Exit::usage(format!("{}: {error}", path.display()));
    let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    let draft = tempfile::Builder::new().prefix(".ticketsmith-").suffix(".yaml").tempfile_in(folder);
    let draft = draft.map_err(refused)?;
    std::fs::write(draft.path(), text).map_err(refused)?;
    if let Err(error) = ConfigurationFile::load(draft.path()) {
        let shown = draft.path().display().to_string();
        return Err(Exit::usage(error.to_string().replace(&shown, "what would be written")));
    }
    // It contains no secret, so others may read it like any file that an editor creates.
    draft.persist_noclobber(path).map_err(|error| refused(error.error))?;
    readable(path).map_err(refused)?;
    ConfigurationFile::load(path)
}

#[cfg(unix)]
fn readable(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_: &Path) -> std::io::Result<()> {
    Ok(())
}
