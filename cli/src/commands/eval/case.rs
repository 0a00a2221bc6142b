//! Tasks in folders, as `tests/tasks/README.md` describes them.

use crate::commands::demo::by_hand::quoted;
use crate::commands::r#try::ticket::Ticket;
use crate::exit::{Exit, Outcome};
use crate::server::source_file::source_at;
use domain::CheckedFile;
use serde::Deserialize;
use simulators::reading::from_yaml;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The contents of `task.yaml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    /// For the reader.
    #[serde(rename = "language")]
    _language: String,
    ticket: TicketText,
    #[serde(default)]
    delete: Vec<String>,
    #[serde(default, rename = "move")]
    moved: BTreeMap<String, String>,
    #[serde(default)]
    executable: BTreeSet<String>,
    test: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TicketText {
    key: String,
    summary: String,
    description: String,
}

/// One task.
#[derive(Debug)]
pub(super) struct Case {
    /// Its folder's name.
    pub(super) name: String,
    pub(super) ticket: Ticket,
    /// The repository.
    pub(super) before: Vec<CheckedFile>,
    /// The words of the command that runs the tests.
    test: Vec<String>,
    /// The repository as the reference leaves it.
    reference: BTreeMap<String, CheckedFile>,
    hidden: Vec<CheckedFile>,
}

impl Case {
    /// The tasks in a folder, by name: all, or the named ones.
    ///
    /// # Errors
    /// Usage for a folder without tasks, a task that does not exist, or an incomplete one.
    pub(super) fn all(folder: &Path, named: &[String]) -> Outcome<Vec<Self>> {
        let shown = folder.display();
        let wanted = "name a folder of tasks, such as tests/tasks in a checkout of Ticketsmith";
        if !folder.is_dir() {
            return Err(Exit::usage(format!("{shown}: no such folder; {wanted}")));
        }
        let mut folders = BTreeMap::new();
        for path in entries(folder)?.into_iter().filter(|path| path.is_dir()) {
            folders.insert(name_of(&path)?, path);
        }
        if folders.is_empty() {
            return Err(Exit::usage(format!("{shown}: contains no tasks; {wanted}")));
        }
        if let Some(unknown) = named.iter().find(|name| !folders.contains_key(*name)) {
            let known: Vec<&str> = folders.keys().map(String::as_str).collect();
            let known = known.join(", ");
            return Err(Exit::usage(format!(
                "--task {unknown}: {shown} has no such task; accepted: {known}"
            )));
        }
        let is_named = |name: &String| named.is_empty() || named.contains(name);
        let folders = folders.into_iter().filter(|(name, _)| is_named(name));
        folders.map(|(name, path)| Self::read(name, &path)).collect()
    }

    fn read(name: String, folder: &Path) -> Outcome<Self> {
        let path = folder.join("task.yaml");
        if !path.is_file() {
            let shown = folder.display();
            return Err(Exit::usage(format!("{shown}: not a task, because it has no task.yaml")));
        }
        let wrong = |what: String| Exit::usage(format!("{}: {what}", path.display()));
        let text = source_at(&path)?.text;
        let document: Document = from_yaml(&text).map_err(&wrong)?;
        let Document { ticket, delete, moved, executable, test, .. } = document;
        for (field, text) in [("ticket.key", &ticket.key), ("ticket.summary", &ticket.summary)] {
            if text.trim().is_empty() {
                return Err(wrong(format!("{field} is empty")));
            }
        }
        if test.is_empty() || test.iter().any(String::is_empty) {
            return Err(wrong("test is the command that runs the tests, as [cargo, test]".to_owned()));
        }
        let before = files(&folder.join("before"))?;
        let mut reference = before.clone();
        let mut take = |field: &str, path: &str| {
            let file = reference.remove(path);
            file.ok_or_else(|| wrong(format!("{field}: before/{path} is not there")))
        };
        for path in &delete {
            take("delete", path)?;
        }
        let mut taken = Vec::new();
        for (from, to) in moved {
            taken.push((take("move", &from)?, to));
        }
        for (file, path) in taken {
            reference.insert(path.clone(), CheckedFile { path, ..file });
        }
        if folder.join("after").is_dir() {
            reference.extend(files(&folder.join("after"))?);
        }
        for path in &executable {
            let file = reference.get_mut(path);
            file.ok_or_else(|| wrong(format!("executable: {path} is not there")))?.executable = true;
        }
        if before == reference {
            return Err(wrong("the reference changes nothing".to_owned()));
        }
        let ticket = Ticket {
            id: ticket.key,
            title: ticket.summary,
            description: ticket.description,
            labels: Vec::new(),
            url: None,
            repository: None,
        };
        let hidden = files(&folder.join("hidden"))?.into_values().collect();
        let before = before.into_values().collect();
        Ok(Self { name, ticket, before, test, reference, hidden })
    }

    /// The command that runs the tests, as a line of a shell.
    pub(super) fn command(&self) -> String {
        self.test.iter().map(|word| quoted(Path::new(word))).collect::<Vec<_>>().join(" ")
    }

    /// The repository as the reference leaves it.
    pub(super) fn solved(&self) -> Vec<CheckedFile> {
        self.reference.values().cloned().collect()
    }

    /// A result with the hidden tests in it. Files that the command names, such as a script that runs the tests, are the reference's: a model
    /// that changes them cannot choose what runs.
    pub(super) fn with_hidden(&self, result: Vec<CheckedFile>) -> Vec<CheckedFile> {
        let named = self.test.iter().filter_map(|word| self.reference.get(word.trim_start_matches("./")));
        let put = named.chain(&self.hidden).map(|file| (file.path.clone(), file.clone()));
        let mut files: BTreeMap<_, _> = result.into_iter().map(|file| (file.path.clone(), file)).collect();
        files.extend(put);
        files.into_values().collect()
    }
}

/// Every file below a folder, by its path from there.
fn files(folder: &Path) -> Outcome<BTreeMap<String, CheckedFile>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![(folder.to_owned(), String::new())];
    while let Some((next, above)) = folders.pop() {
        for path in entries(&next)? {
            let name = format!("{above}{}", name_of(&path)?);
            let kind = fs::symlink_metadata(&path).map_err(|error| unreadable(&path, &error))?;
            if kind.is_dir() {
                folders.push((path, format!("{name}/")));
            } else if kind.is_file() {
                let content = fs::read(&path).map_err(|error| unreadable(&path, &error))?;
                let file = CheckedFile { path: name.clone(), content, executable: is_executable(&kind) };
                found.insert(name, file);
            } else {
                let shown = path.display();
                return Err(Exit::usage(format!("{shown}: it is neither a file nor a folder")));
            }
        }
    }
    match found.is_empty() {
        true => Err(Exit::usage(format!("{}: contains no files", folder.display()))),
        false => Ok(found),
    }
}

fn entries(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let entries = entries.map_err(|error| unreadable(folder, &error))?;
    Ok(entries.into_iter().map(|entry| entry.path()).collect())
}

fn unreadable(path: &Path, error: &std::io::Error) -> Exit {
    Exit::usage(format!("{}: {error}", path.display()))
}

fn name_of(path: &Path) -> Outcome<String> {
    let name = path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
    name.ok_or_else(|| Exit::usage(format!("{}: its name is not UTF-8", path.display())))
}

#[cfg(unix)]
fn is_executable(kind: &fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&kind.permissions()) & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &fs::Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const TASK: &str =
        "language: shell\nticket: { key: A-1, summary: Say yes, description: Yes }\ntest: [sh, test.sh]\n";

    fn folder(task: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in [
            ("yes/task.yaml", task),
            ("yes/before/test.sh", "sh hidden.sh"),
            ("yes/before/old", "old"),
            ("yes/after/new", "new"),
            ("yes/hidden/hidden.sh", "grep -q new new"),
            ("README.md", "Tasks"),
        ] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    #[test]
    fn a_result_has_the_hidden_tests_and_the_script_that_runs_them() {
        let tasks = folder(&format!("{TASK}move: {{ old: moved }}\nexecutable: [new]\n"));
        let cases = Case::all(tasks.path(), &[]).unwrap();
        let case = &cases[0];
        let shown = |files: Vec<CheckedFile>| -> Vec<_> {
            let of =
                |file: CheckedFile| (file.path, String::from_utf8(file.content).unwrap(), file.executable);
            files.into_iter().map(of).collect()
        };
        let file = |path: &str, text: &str, executable| (path.to_owned(), text.to_owned(), executable);
        let reference =
            [file("moved", "old", false), file("new", "new", true), file("test.sh", "sh hidden.sh", false)];
        assert_eq!(shown(case.solved()), reference);
        let result = CheckedFile { path: "test.sh".into(), content: b"exit 0".to_vec(), executable: false };
        let hidden = [file("hidden.sh", "grep -q new new", false), file("test.sh", "sh hidden.sh", false)];
        assert_eq!(shown(case.with_hidden(vec![result])), hidden);
        assert_eq!(case.command(), "sh test.sh");
    }

    #[test]
    fn what_is_wrong_with_a_task_is_named() {
        let refused =
            |task: &str, named: &[String]| Case::all(folder(task).path(), named).unwrap_err().to_string();
        let with = |line: &str| refused(&format!("{TASK}{line}\n"), &[]);
        assert!(with("delete: [none]").ends_with("yes/task.yaml: delete: before/none is not there"));
        assert!(with("executable: [none]").ends_with("executable: none is not there"));
        let unknown = with("tests: [a]");
        assert!(
            unknown.contains("yes/task.yaml: line 4 column 1: unknown key `tests`; accepted: "),
            "{unknown}"
        );
        assert!(refused(&TASK.replace("[sh, test.sh]", "[]"), &[]).contains("test is the command"));
        assert!(refused(&TASK.replace("Say yes", "''"), &[]).ends_with("ticket.summary is empty"));
        let unknown = refused(TASK, &["no".to_owned()]);
        assert!(unknown.starts_with("--task no: ") && unknown.ends_with("accepted: yes"), "{unknown}");
        let tasks = folder(TASK);
        fs::remove_dir_all(tasks.path().join("yes/hidden")).unwrap();
        assert!(Case::all(tasks.path(), &[]).unwrap_err().to_string().contains("yes/hidden: "));
        fs::remove_file(tasks.path().join("yes/task.yaml")).unwrap();
        assert!(
            Case::all(tasks.path(), &[])
                .unwrap_err()
                .to_string()
                .ends_with("not a task, because it has no task.yaml")
        );
        let nowhere = Case::all(Path::new("no-such-folder"), &[]).unwrap_err().to_string();
        assert!(nowhere.starts_with("no-such-folder: no such folder; name a folder"), "{nowhere}");
        let empty = tempfile::tempdir().unwrap();
        assert!(Case::all(empty.path(), &[]).unwrap_err().to_string().contains("contains no tasks"));
    }
}
