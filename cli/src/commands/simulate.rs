//! `ticketsmith simulate`: simulates the outside services on this machine, in a separate process.

use crate::exit::{Exit, Outcome};
use crate::server::data_folder::DataFolder;
use crate::server::secret_file::SecretFile;
use crate::stop_signal::stop_signal;
use crate::world_folder;
use secrecy::ExposeSecret;
use serde_json::json;
use simulators::simulation::{Options, Simulation};
use simulators::world::World;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// `ticketsmith simulate`
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The world: a YAML file with tickets, people, channels, a repository and the model's replies; or the name of a shipped one: shop (the
    /// default), parcels or weather.
    #[arg(long, value_name = "FILE|NAME")]
    world: Option<PathBuf>,
    /// Which of the world's stacks of services: `default`, or one of its key `stacks`.
    #[arg(long, value_name = "NAME", default_value = simulators::stack::DEFAULT)]
    stack: String,
    /// Write `ticketsmith.yaml` and the secrets that `serve` needs for this world to a folder.
    #[arg(long, value_name = "FOLDER")]
    configure: Option<PathBuf>,
    /// The port of the control address. The services use free ports.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// A folder with the services' official API descriptions; every request is checked against them.
    #[arg(long, value_name = "FOLDER", env = "TICKETSMITH_DESCRIPTIONS")]
    descriptions: Option<PathBuf>,
    /// The folder that `/_world/export` may write repositories to.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    exports: PathBuf,
    /// Let the checks of the first commit on each branch fail, and those of the others succeed.
    #[arg(long)]
    first_checks_fail: bool,
    /// Print the addresses as one JSON line.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  ticketsmith simulate --configure shop --port 4400
  ticketsmith serve --config shop/ticketsmith.yaml --data shop/.ticketsmith --listen 127.0.0.1:8080
  ticketsmith deliver jira-label --world http://127.0.0.1:4400 --to http://127.0.0.1:8080

The world file's format is described in docs/worlds.md.";

/// Runs until it is stopped.
///
/// # Errors
/// Usage errors when the world file is invalid, unreachable when a port is not available.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    let shipped = tempfile::tempdir().map_err(Exit::unreachable)?;
    let path = world_folder::find(arguments.world.as_deref(), shipped.path())?;
    let mut world = World::load_stack(&path, &arguments.stack).map_err(Exit::usage)?;
    if arguments.first_checks_fail {
        world.fail_first_checks();
    }
    let options = Options {
        descriptions: arguments.descriptions.clone(),
        control_port: arguments.port,
        exports: arguments.exports.clone(),
        clock: None,
    };
    let simulation = Simulation::start(world, options).await.map_err(Exit::usage)?;
    if let Some(folder) = &arguments.configure {
        configure(&simulation, folder)?;
    }
    if arguments.json {
        println!("{}", json!({ "control": simulation.control_url(), "services": simulation.urls() }));
    } else {
        for service in simulators::services::ALL {
            if let Some(url) = simulation.urls().get(service.name) {
                println!("{:<11} {url}", service.title);
            }
        }
        println!("control     {}/_world/log, /state, /violations", simulation.control_url());
    }
    stop_signal().await;
    for violation in simulation.violations() {
        eprintln!("the real service would not accept this request: {violation:?}");
    }
    if simulation.violations().is_empty() {
        Ok(())
    } else {
        Err(Exit::negative("the simulation received unexpected requests"))
    }
}

/// Writes the configuration and secrets that `serve` needs for this world.
fn configure(simulation: &Simulation, folder: &Path) -> Outcome {
    let wrong = |error: std::io::Error| Exit::usage(format!("{}: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(wrong)?;
    std::fs::write(folder.join("ticketsmith.yaml"), simulation.configuration()).map_err(wrong)?;
    let data = DataFolder::open(&folder.join(".ticketsmith")).map_err(wrong)?;
    let mut secrets = SecretFile::open(&data).map_err(Exit::usage)?;
    for (name, fields) in simulation.secrets().by_name() {
        let plain: BTreeMap<&str, &str> =
            fields.iter().map(|(field, value)| (field.as_str(), value.expose_secret())).collect();
        let text = serde_json::to_string(&plain).map_err(Exit::usage)?;
        secrets.set(name, text.into()).map_err(Exit::usage)?;
    }
    Ok(())
}
