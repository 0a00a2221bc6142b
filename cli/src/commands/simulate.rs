//! `ticketsmith simulate`: the outside world on this machine, in a process of its own.

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
    /// The world: a YAML file with tickets, people, channels, a repository and the model's replies. Without it, the built-in shop.
    #[arg(long, value_name = "FILE")]
    world: Option<PathBuf>,
    /// Write `ticketsmith.yaml` and the secrets of `serve` for this world into a folder.
    #[arg(long, value_name = "FOLDER")]
    configure: Option<PathBuf>,
    /// The port of the control address; the services take any that is free.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// A folder with the services' official API descriptions; every request is held against them.
    #[arg(long, value_name = "FOLDER", env = "TICKETSMITH_DESCRIPTIONS")]
    descriptions: Option<PathBuf>,
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
/// Usage errors when the world file is wrong, unreachable when a port cannot be had.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    let built_in;
    let path = match &arguments.world {
        Some(path) => path.clone(),
        None => {
            built_in = tempfile::tempdir().map_err(Exit::unreachable)?;
            world_folder::write(built_in.path()).map_err(Exit::unreachable)?
        }
    };
    let world = World::load(&path).map_err(Exit::usage)?;
    let options =
        Options { descriptions: arguments.descriptions.clone(), control_port: arguments.port, clock: None };
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
        eprintln!("a request that the real service would not know: {violation:?}");
    }
    if simulation.violations().is_empty() {
        Ok(())
    } else {
        Err(Exit::negative("the world saw unexpected requests"))
    }
}

/// Writes what `serve` needs to work with this world.
fn configure(simulation: &Simulation, folder: &Path) -> Outcome {
    let wrong = |error: std::io::Error| Exit::usage(format!("{}: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(wrong)?;
    std::fs::write(folder.join("ticketsmith.yaml"), simulation.configuration()).map_err(wrong)?;
    let data = DataFolder::open(&folder.join(".ticketsmith")).map_err(wrong)?;
    let mut secrets = SecretFile::open(&data.secrets(), &data.secrets_key(), None).map_err(Exit::usage)?;
    for (name, fields) in simulation.secrets().by_name() {
        let plain: BTreeMap<&str, &str> =
            fields.iter().map(|(field, value)| (field.as_str(), value.expose_secret())).collect();
        let text = serde_json::to_string(&plain).map_err(Exit::usage)?;
        secrets.set(name, text.into()).map_err(Exit::usage)?;
    }
    Ok(())
}
