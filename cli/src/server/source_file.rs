//! Reading one file of text from disk, of a size that somebody may have written.

use crate::exit::{Exit, Outcome};
use std::fs::File;
use std::io::{Error, ErrorKind, Read};
use std::path::Path;
use workflow::{Diagnostic, Source};

/// The largest file that is read, in bytes. What people write is far smaller, and what reads it takes time in proportion.
const LARGEST: u64 = 4 * 1024 * 1024;

/// Reads a YAML file that somebody named.
///
/// # Errors
/// Usage errors for a file that cannot be read, or is larger than 4 MiB.
pub(crate) fn source_at(path: &Path) -> Outcome<Source> {
    Source::from_yaml(path.display().to_string(), bytes_at(path)?).map_err(Exit::usage)
}

/// Reads a file of any text that somebody named.
///
/// # Errors
/// As [`source_at`].
pub(crate) fn text_at(path: &Path) -> Outcome<String> {
    let source = Source::from_bytes(path.display().to_string(), bytes_at(path)?).map_err(Exit::usage)?;
    Ok(source.text)
}

/// Reads a YAML file that was found in a folder. It must be one: a pipe or a device there could be read forever.
///
/// # Errors
/// As [`source_at`], and for what is neither a file nor a link to one.
pub(crate) fn source_in_folder(path: &Path) -> Outcome<Source> {
    check_kind(path)?;
    source_at(path)
}

/// Reads a file of any text that was found in a folder, as [`source_in_folder`] does.
///
/// # Errors
/// As [`source_in_folder`].
pub(crate) fn text_in_folder(path: &Path) -> Outcome<String> {
    check_kind(path)?;
    text_at(path)
}

/// The refusal of a file, with a line for each mistake in it.
pub(crate) fn refusal(mistakes: &[Diagnostic]) -> Exit {
    let lines: Vec<_> = mistakes
        .iter()
        .map(|found| format!("{}:{}:{}: {}", found.path, found.line, found.column, found.message))
        .collect();
    Exit::usage(lines.join("\n"))
}

fn check_kind(path: &Path) -> Outcome {
    let found = std::fs::metadata(path).map_err(|error| at(path, &error))?;
    // A folder is refused in the system's words, once it is read.
    match found.is_file() || found.is_dir() {
        true => Ok(()),
        false => Err(Exit::usage(format!(
            "{}: this is neither a file nor a link to one, so it is not read",
            path.display()
        ))),
    }
}

fn bytes_at(path: &Path) -> Outcome<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| at(path, &error))?;
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| at(path, &error))?;
    if bytes.len() as u64 > LARGEST {
        let most = LARGEST / 1024 / 1024;
        let error =
            Error::new(ErrorKind::FileTooLarge, format!("this is too large; accepted: at most {most} MiB"));
        return Err(at(path, &error));
    }
    Ok(bytes)
}

fn at(path: &Path, error: &Error) -> Exit {
    Exit::usage(format!("{}: {error}", path.display()))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_read_for_ever_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        std::os::unix::fs::symlink("/dev/zero", place("zero.yaml")).unwrap();
        std::fs::write(place("file.yaml"), "name: x\n").unwrap();
        std::os::unix::fs::symlink(place("file.yaml"), place("link.yaml")).unwrap();
        std::fs::create_dir(place("folder.yaml")).unwrap();
        File::create(place("large.yaml")).unwrap().set_len(LARGEST + 1).unwrap();
        for name in ["file.yaml", "link.yaml"] {
            assert_eq!(source_in_folder(&place(name)).unwrap().text, "name: x\n", "{name}");
        }
        for (name, expected) in [
            ("zero.yaml", "neither a file nor a link"),
            ("large.yaml", "at most 4 MiB"),
            ("folder.yaml", "directory"),
        ] {
            for refused in [source_in_folder(&place(name)).map(drop), text_in_folder(&place(name)).map(drop)]
            {
                let message = refused.unwrap_err().to_string();
                assert!(message.contains(expected), "{name}: {message}");
            }
        }
        let named = text_at(Path::new("/dev/zero")).unwrap_err().to_string();
        assert!(named.contains("at most 4 MiB"), "{named}");
    }
}
