//! What runs projects' checks on this machine.

use super::data_folder::DataFolder;
use super::private_files::private_folder;
use crate::exit::{Exit, Outcome};
use domain::CheckRunner;
use domain::configuration::Configuration;
use sandbox::Sandbox;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The folder of sandboxes that run as separate users, who cannot enter our folders.
#[cfg(unix)]
const FOR_OTHER_USERS: &str = "/var/tmp";

/// The runner, if a project declares checks. If the machine cannot isolate commands, this logs a warning and the runner refuses.
///
/// # Errors
/// Usage errors for a folder that cannot be used.
pub(super) async fn runner(
    folder: &DataFolder,
    configuration: &Configuration,
) -> Outcome<Option<Arc<dyn CheckRunner>>> {
    if configuration.projects.iter().all(|project| project.checks.is_none()) {
        return Ok(None);
    }
    let place = place_of(folder.path()).map_err(Exit::usage)?;
    let sandbox = Sandbox::open(&place, &[folder.path()])
        .map_err(|error| Exit::usage(format!("{}: {error}", place.display())))?;
    if let Err(error) = sandbox.probe().await {
        tracing::warn!(%error, "projects declare checks, but none can be run; `ticketsmith doctor` says it, too");
    }
    Ok(Some(Arc::new(sandbox)))
}

/// Whether this machine can run checks.
///
/// # Errors
/// What prevents it, and what to do.
pub(crate) async fn probe() -> Result<(), String> {
    let folder = private_folder("ticketsmith-checks-").map_err(|error| error.to_string())?;
    let place = place_of(folder.path()).map_err(|error| error.to_string())?;
    let sandbox = Sandbox::open(&place, &[]).map_err(|error| format!("{}: {error}", place.display()))?;
    let probed = sandbox.probe().await.map_err(|error| error.message);
    if let Err(error) = std::fs::remove_dir_all(&place) {
        tracing::warn!(%error, "the folder of a trial is left in {}", place.display());
    }
    probed
}

/// The folder for sandboxes that belongs to a data folder: in it, or where we are root outside of it.
///
/// # Errors
/// When the data folder cannot be read.
pub(crate) fn place_of(data: &Path) -> std::io::Result<PathBuf> {
    #[cfg(unix)]
    if rustix::process::geteuid().is_root() {
        use std::os::unix::fs::MetadataExt;
        let found = std::fs::metadata(data)?;
        let name = format!("ticketsmith-checks-{:x}-{:x}", found.dev(), found.ino());
        return Ok(Path::new(FOR_OTHER_USERS).join(name));
    }
    Ok(data.join("checks"))
}
