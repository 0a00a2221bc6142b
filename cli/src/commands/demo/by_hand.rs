//! What to do with a demo that keeps running.

use super::Running;
use crate::exit::{Exit, Outcome};
use crate::server::data_folder::DataFolder;
use std::path::{Path, PathBuf};

/// Further commands, ready to paste into a shell, in an order in which each of them succeeds.
///
/// # Errors
/// Unreachable if `serve` has not said where it listens.
pub(super) fn commands(running: &Running, trigger: &str, execution: &str) -> Outcome<String> {
    let served = DataFolder::existing(&running.data())
        .and_then(|folder| folder.running().transpose())
        .transpose()
        .map_err(Exit::unreachable)?
        .ok_or_else(|| Exit::unreachable("`serve` did not report its address"))?;
    let program = program()?;
    let data = quoted(&running.data());
    let ids: Vec<_> = running.processes.iter().map(|process| process.id().to_string()).collect();
    let folder = quoted(&running.place);
    Ok(format!(
        "Everything keeps running. Summary:\n  \
         {program} status {execution} --data {data}\n  \
         {program} logs {execution} --data {data}\n\
         Take it back, and do it again:\n  \
         {program} undo {execution} --data {data}\n  \
         {program} deliver {trigger} --world {} --to {}\n  \
         {program} status --data {data}\n\
         Stop it (its files stay in {folder}):\n  \
         kill {}",
        running.control,
        served.public_url,
        ids.join(" "),
    ))
}

/// How to call this program: by its name if the shell finds it by that, else by its path.
fn program() -> Outcome<String> {
    let own = std::env::current_exe().map_err(Exit::unreachable)?;
    let name = own.file_name().map(PathBuf::from).unwrap_or_default();
    let is_own = |found: PathBuf| found.canonicalize().ok() == own.canonicalize().ok();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let first = std::env::split_paths(&path).map(|folder| folder.join(&name)).find(|found| found.is_file());
    Ok(if first.is_some_and(is_own) { quoted(&name) } else { quoted(&own) })
}

/// A path as a word of a shell.
pub(in crate::commands) fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%".contains(c);
    if text.chars().all(is_plain) { text.into_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_of_a_shell() {
        for (path, expected) in [
            ("/tmp/demo-1/.ticketsmith", "/tmp/demo-1/.ticketsmith"),
            ("/tmp/my demo", "'/tmp/my demo'"),
            ("/tmp/it's", r"'/tmp/it'\''s'"),
        ] {
            assert_eq!(quoted(Path::new(path)), expected);
        }
    }
}
