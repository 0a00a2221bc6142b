//! The runner: sandboxes in one folder, a bounded number at a time.

use crate::arguments::Plan;
use crate::isolation::{Isolation, NotIsolated};
use crate::layout::{give, lay_out, make_folder, remove};
use crate::running::{Ended, run};
use crate::set_ups::SetUps;
use async_trait::async_trait;
use domain::configuration::ProjectChecks;
use domain::{ActionError, CheckReport, CheckRun, CheckRunner, CheckedFile};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;

/// How long `setup` may take.
const SET_UP_LIMIT: Duration = Duration::from_mins(6);
/// How much `setup` may leave on the disk.
const SET_UP_DISK: u64 = 4 * 1024 * 1024 * 1024;
/// How long a sandbox may take that only shows that it can begin.
const PROBE_LIMIT: Duration = Duration::from_secs(20);

/// Runs checks in sandboxes on this machine.
#[derive(Debug)]
pub struct Sandbox {
    folder: PathBuf,
    isolation: Result<Isolation, NotIsolated>,
    /// Paths that no sandbox may see, with links resolved.
    private: Vec<PathBuf>,
    set_ups: SetUps,
    /// One for each sandbox at a time; if they run as separate users, with the free users.
    places: Semaphore,
    users: Mutex<Vec<u32>>,
    /// One `setup` at a time: two that need the same would do it twice.
    setting_up: tokio::sync::Mutex<()>,
    /// Why nothing can be run, once a probe has shown it.
    refusal: OnceLock<String>,
}

/// The place of one sandbox: a folder that is removed, and a user that is freed.
struct Place<'s> {
    sandbox: &'s Sandbox,
    folder: PathBuf,
    user: Option<u32>,
    _turn: tokio::sync::SemaphorePermit<'s>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.folder) {
            tracing::warn!(%error, "the folder of a sandbox is removed at the next start");
        }
        let mut users = self.sandbox.users.lock().unwrap_or_else(PoisonError::into_inner);
        users.extend(self.user);
    }
}

impl Sandbox {
    /// Sandboxes in this folder, which is created if it does not exist and belongs only to this process: what an earlier process left in it
    /// is removed. `private` are folders that no toolchain may contain. Whether the machine can isolate commands shows later.
    ///
    /// # Errors
    /// When the folder cannot be used: it is a link, is not ours, or is below `/usr`, which commands see.
    pub fn open(folder: &Path, private: &[&Path]) -> io::Result<Self> {
        match make_folder(folder, 0o711) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        check_ours(folder)?;
        let folder = folder.canonicalize()?;
        let mut hidden = vec![folder.clone()];
        for path in private {
            hidden.push(path.canonicalize()?);
        }
        if let Some(seen) = hidden.iter().find(|path| path.starts_with("/usr")) {
            let message =
                format!("{} is below /usr, which checks see; use another data folder", seen.display());
            return Err(io::Error::other(message));
        }
        let runs = folder.join("runs");
        remove(&runs)?;
        make_folder(&runs, 0o711)?;
        let set_ups = SetUps::open(folder.join("set-ups"))?;
        let isolation = Isolation::find();
        let most = std::thread::available_parallelism().map_or(1, usize::from);
        let users = isolation.as_ref().map(|found| found.users.clone()).unwrap_or_default();
        let most = if users.is_empty() { most } else { most.min(users.len()) };
        Ok(Self {
            folder,
            isolation,
            private: hidden,
            set_ups,
            places: Semaphore::new(most),
            users: Mutex::new(users),
            setting_up: tokio::sync::Mutex::default(),
            refusal: OnceLock::new(),
        })
    }

    /// Runs nothing in a sandbox, to see whether this machine can isolate commands. If not, that is remembered.
    ///
    /// # Errors
    /// What prevents it and what to do, or that the folder cannot be written.
    pub async fn probe(&self) -> Result<(), ActionError> {
        let probed = self.run_nothing().await;
        if let Err(error) = &probed {
            let _remembered_once = self.refusal.set(error.message.clone());
        }
        probed
    }

    async fn run_nothing(&self) -> Result<(), ActionError> {
        let place = self.place().await?;
        let checks = ProjectChecks { disk_megabytes: 16, ..ProjectChecks::default() };
        let commands = vec!["true"];
        let report = self.run_in(&place, &checks, commands, &[], Vec::new(), None, PROBE_LIMIT).await?;
        match report.1.passed() {
            true => Ok(()),
            false => Err(ActionError::unavailable(format!("a sandbox does not run `true`: {:?}", report.1))),
        }
    }

    async fn place(&self) -> Result<Place<'_>, ActionError> {
        let isolation =
            self.isolation.as_ref().map_err(|missing| ActionError::unavailable(missing.to_string()))?;
        let turn =
            self.places.acquire().await.map_err(|_| ActionError::unavailable("the sandbox is closed"))?;
        let user = match isolation.users.is_empty() {
            true => None,
            false => self.users.lock().unwrap_or_else(PoisonError::into_inner).pop(),
        };
        let folder = self.folder.join("runs").join(uuid::Uuid::new_v4().to_string());
        let place = Place { sandbox: self, folder, user, _turn: turn };
        let made = make_folder(&place.folder, 0o700).and_then(|()| give(&place.folder, user));
        made.map_err(|error| no_room(&error))?;
        Ok(place)
    }

    /// The toolchains, by their names in the configuration and their paths without links.
    fn toolchains(&self, checks: &ProjectChecks) -> Result<Vec<(String, PathBuf)>, ActionError> {
        let found = checks.mounts.iter().map(|name| {
            let path = Path::new(name).canonicalize();
            let path =
                path.map_err(|error| ActionError::rejected(format!("checks.mounts: {name}: {error}")))?;
            let hides = |private: &PathBuf| private.starts_with(&path) || path.starts_with(private);
            if !path.is_dir() || self.private.iter().any(hides) {
                let message =
                    format!("checks.mounts: {name} is not a folder, or is where Ticketsmith keeps its data");
                return Err(ActionError::rejected(message));
            }
            Ok((name.trim_end_matches('/').to_owned(), path))
        });
        found.collect()
    }

    /// Runs commands in a place; gives the index of the last one.
    #[expect(clippy::too_many_arguments, reason = "each is part of one sandbox, and named where it is given")]
    async fn run_in(
        &self,
        place: &Place<'_>,
        checks: &ProjectChecks,
        commands: Vec<&str>,
        set_up: &[(PathBuf, String)],
        files: Vec<CheckedFile>,
        kept: Option<(&Path, &Path)>,
        limit: Duration,
    ) -> Result<(usize, CheckReport), ActionError> {
        let isolation =
            self.isolation.as_ref().map_err(|missing| ActionError::unavailable(missing.to_string()))?;
        let toolchains = self.toolchains(checks)?;
        let size: usize = files.iter().map(|file| file.content.len()).sum();
        let most = u64::from(checks.disk_megabytes) * 1024 * 1024;
        if size as u64 > most {
            let message =
                format!("the files have {size} bytes, more than checks.disk_megabytes allows ({most})");
            return Err(ActionError::rejected(message));
        }
        let source = place.folder.join("source");
        let (folder, target, user) = (place.folder.clone(), source.clone(), place.user);
        let written = tokio::task::spawn_blocking(move || -> io::Result<()> {
            lay_out(&target, &files, user)?;
            let names =
                [("passwd", "checks:x:1000:1000::/tmp/home:/bin/sh\n"), ("group", "checks:x:1000:\n")];
            for (name, line) in names {
                fs::write(folder.join(name), line)?;
                give(&folder.join(name), user)?;
            }
            Ok(())
        });
        let written =
            written.await.map_err(|error| ActionError::internal(format!("laying files out: {error}")))?;
        written.map_err(|error| no_room(&error))?;
        let plan = Plan {
            source: &source,
            names: &place.folder,
            kept,
            set_up,
            checks,
            toolchains: &toolchains,
            network: checks.network || kept.is_some(),
            commands,
        };
        match run(isolation, &plan, place.user, limit, SET_UP_DISK).await? {
            Ended::Ran(last, report) => Ok((last, report)),
            Ended::NotIsolated(missing) => Err(ActionError::unavailable(missing.to_string())),
            Ended::NotLaidOut(why) => {
                Err(ActionError::rejected(format!("the files cannot be laid out for the checks: {why}")))
            }
        }
    }

    async fn set_up_here(
        &self,
        key: &str,
        files: Vec<CheckedFile>,
        checks: &ProjectChecks,
        command: &str,
    ) -> Result<CheckReport, ActionError> {
        let place = self.place().await?;
        let folder = self.set_ups.begin(key).map_err(|error| no_room(&error))?;
        let (workspace, home) = (folder.join("workspace"), folder.join("home"));
        for path in [&workspace, &home] {
            let made = make_folder(path, 0o755).and_then(|()| give(path, place.user));
            made.map_err(|error| no_room(&error))?;
        }
        let kept = Some((workspace.as_path(), home.as_path()));
        let ran = self.run_in(&place, checks, vec![command], &[], files.clone(), kept, SET_UP_LIMIT).await;
        let passed = ran.as_ref().is_ok_and(|(_, report)| report.passed());
        if passed {
            self.set_ups.keep(key, &files, place.user.is_some()).map_err(|error| no_room(&error))?;
        } else {
            remove(&folder).map_err(|error| no_room(&error))?;
        }
        let (_, report) = ran?;
        Ok(CheckReport { last: Some("setup".to_owned()), changed_files: Vec::new(), ..report })
    }
}

#[async_trait]
impl CheckRunner for Sandbox {
    fn refusal(&self) -> Option<&str> {
        self.refusal.get().map(String::as_str)
    }

    async fn is_set_up(&self, key: &str) -> bool {
        self.set_ups.is_kept(key)
    }

    async fn set_up(
        &self,
        key: &str,
        files: Vec<CheckedFile>,
        checks: &ProjectChecks,
    ) -> Result<CheckReport, ActionError> {
        let is_plain = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let Some(command) = checks.setup.as_deref().filter(|_| is_plain) else {
            return Err(ActionError::internal(format!("there is nothing to set up by the key `{key}`")));
        };
        let _turn = self.setting_up.lock().await;
        if self.set_ups.is_kept(key) {
            return Ok(CheckReport::unrun());
        }
        self.set_up_here(key, files, checks, command).await
    }

    async fn run(&self, run: CheckRun) -> Result<CheckReport, ActionError> {
        let place = self.place().await?;
        let (set_up, _using) = match &run.set_up {
            Some(key) => {
                let (mounts, using) = self.set_ups.use_one(key).map_err(|error| {
                    ActionError::unavailable(format!("the files that `setup` created are gone: {error}"))
                })?;
                (mounts, Some(using))
            }
            None => (Vec::new(), None),
        };
        let wanted = run.checks.commands().filter(|(name, _)| run.names.contains(name));
        let (names, commands): (Vec<_>, Vec<_>) = wanted.unzip();
        let limit = Duration::from_secs(u64::from(run.checks.minutes) * 60);
        let (last, report) =
            self.run_in(&place, &run.checks, commands, &set_up, run.files, None, limit).await?;
        Ok(CheckReport { last: names.get(last).map(|name| (*name).to_owned()), ..report })
    }
}

fn no_room(error: &io::Error) -> ActionError {
    ActionError::unavailable(format!("the folder for checks cannot be used: {error}"))
}

/// Refuses a folder that somebody else created, perhaps to read what is written there.
#[cfg(unix)]
fn check_ours(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let found = fs::symlink_metadata(folder)?;
    if found.is_dir() && found.uid() == rustix::process::geteuid().as_raw() && found.mode() & 0o022 == 0 {
        return Ok(());
    }
    let message =
        format!("{} is a link, or belongs to somebody else, or others may write to it", folder.display());
    Err(io::Error::other(message))
}

#[cfg(not(unix))]
fn check_ours(_: &Path) -> io::Result<()> {
    Ok(())
}
