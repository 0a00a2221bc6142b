//! The configuration of a world, as the simulation wrote it.

use crate::configuration_file::ConfigurationFile;
use crate::exit::{Exit, Outcome};
use std::path::Path;

/// Checks the configuration of a world before `serve` reads it.
///
/// # Errors
/// Usage for each mistake. It names the world's key instead of the file, which people have not seen and which is removed.
pub(super) fn check(path: &Path) -> Outcome {
    ConfigurationFile::load(path).map(drop).map_err(|refused| in_world(&refused.to_string(), path))
}

fn in_world(refused: &str, path: &Path) -> Exit {
    let place = path.display().to_string();
    let in_words = |line: &str| match line.strip_prefix(&place) {
        Some(rest) => {
            let is_position = |c: char| c.is_ascii_digit() || c == ':';
            format!("`configuration` of the world: {}", rest.trim_start_matches(is_position).trim_start())
        }
        None => line.to_owned(),
    };
    Exit::usage(refused.lines().map(in_words).collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_is_in_the_world() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ticketsmith.yaml");
        std::fs::write(&file, "projects: []\nnope: 1\n").unwrap();
        let refused = check(&file).unwrap_err().to_string();
        let mistakes: Vec<&str> = refused.lines().collect();
        assert_eq!(mistakes.len(), 2, "{refused}");
        assert!(mistakes[0].starts_with("`configuration` of the world: projects: "), "{refused}");
        assert!(mistakes[1].starts_with("`configuration` of the world: nope: unknown key"), "{refused}");
    }
}
