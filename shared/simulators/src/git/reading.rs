//! Reading trees and files, many with one command: each starts a process.

use super::{Git, GitError, text};
use crate::git_objects::TreeEntry;
use std::collections::HashMap;

/// How much of an answer that cannot be read is shown.
const SHOWN: usize = 200;

impl Git {
    pub(crate) fn list_tree(&self, tree: &str, recursive: bool) -> Result<Vec<TreeEntry>, GitError> {
        let mut arguments = vec!["ls-tree", "-l", "-z"];
        if recursive {
            arguments.extend(["-r", "-t"]);
        }
        arguments.push(tree);
        entries_of(self.ask_about(&[tree], &arguments)?)
    }

    /// The files and folders at these paths of a commit or tree, by their paths. What is not there is left out.
    pub(crate) fn entries_at(
        &self,
        tree: &str,
        paths: &[&str],
    ) -> Result<HashMap<String, TreeEntry>, GitError> {
        let is_plain = |path: &&str| {
            !path.contains('\0') && !path.split('/').any(|part| matches!(part, "" | "." | ".."))
        };
        let paths: Vec<&str> = paths.iter().copied().filter(is_plain).collect();
        // Without paths, git would list everything.
        if paths.is_empty() {
            return Ok(HashMap::new());
        }
        let mut arguments =
            vec!["--literal-pathspecs", "ls-tree", "-l", "-z", "-t", "--full-tree", tree, "--"];
        arguments.extend(paths);
        let entries = entries_of(self.run(arguments)?)?;
        Ok(entries.into_iter().map(|entry| (entry.path.clone(), entry)).collect())
    }

    pub(crate) fn read_blob(&self, sha: &str) -> Result<Vec<u8>, GitError> {
        self.run(["cat-file", "blob", sha])
    }

    /// The contents of files, by their objects' whole names.
    pub(crate) fn read_blobs(&self, names: &[&str]) -> Result<HashMap<String, Vec<u8>>, GitError> {
        let input: String = names.iter().map(|name| format!("{name}\n")).collect();
        let answer = self.finish(self.command(["cat-file", "--batch"]), input.as_bytes())?;
        let mut blobs = HashMap::new();
        let mut rest = answer.as_slice();
        while !rest.is_empty() {
            let (name, content, after) = first_object(rest).ok_or_else(|| GitError::Unreadable {
                command: "cat-file",
                answer: String::from_utf8_lossy(&rest[..rest.len().min(SHOWN)]).into_owned(),
            })?;
            blobs.insert(name.to_owned(), content.to_vec());
            rest = after;
        }
        Ok(blobs)
    }
}

/// The entries in an answer of `ls-tree -l -z`.
fn entries_of(answer: Vec<u8>) -> Result<Vec<TreeEntry>, GitError> {
    let answer = text(answer);
    let entries = answer.split_terminator('\0').map(|line| {
        let (columns, path) = line.split_once('\t')?;
        let [mode, kind, sha, size] = columns.split_whitespace().collect::<Vec<_>>()[..] else {
            return None;
        };
        let (mode, kind, sha) = (mode.into(), kind.into(), sha.into());
        Some(TreeEntry { mode, kind, sha, size: size.parse().ok(), path: path.into() })
    });
    entries
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| GitError::Unreadable { command: "ls-tree", answer: answer.clone() })
}

/// The name of the first object in an answer of `cat-file --batch`, its content, and what follows. A line with the name, the kind and the size
/// comes before the content, and a line break after it.
fn first_object(answer: &[u8]) -> Option<(&str, &[u8], &[u8])> {
    let end = answer.iter().position(|byte| *byte == b'\n')?;
    let (line, rest) = (std::str::from_utf8(answer.get(..end)?).ok()?, answer.get(end + 1..)?);
    let [name, _kind, size] = line.split(' ').collect::<Vec<_>>()[..] else { return None };
    let (content, after) = rest.split_at_checked(size.parse().ok()?)?;
    Some((name, content, after.strip_prefix(b"\n")?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git_objects::TreeChange;

    #[test]
    fn files_are_stored_and_read_many_at_once_whatever_their_names() {
        let folder = tempfile::tempdir().unwrap();
        let git = Git::init(&folder.path().join("repository"), "main").unwrap();
        let files: [(&str, &[u8]); 6] = [
            ("src/a.py", b"a\n"),
            ("src/deep/b.py", b""),
            ("-l", b"two\n\nlines"),
            (":(glob)c", b"\0\xff"),
            ("d*", b"d"),
            ("df", b"f"),
        ];
        let names = git.write_blobs(&files.map(|(_, content)| content)).unwrap();
        let object = |name: &String| Some(("100644".to_owned(), name.clone()));
        let changes = files.iter().zip(&names);
        let changes =
            changes.map(|((path, _), name)| TreeChange { path: (*path).into(), object: object(name) });
        let tree = git.write_tree(None, &changes.collect::<Vec<_>>()).unwrap();
        let asked =
            ["src", "src/a.py", "src/deep/b.py", "-l", ":(glob)c", "d*", "e", "src/", "", "../x", "a\0"];
        let entries = git.entries_at(&tree, &asked).unwrap();
        assert_eq!(entries["src"].kind, "tree");
        assert!(["df", "e", "src/", ""].iter().all(|path| !entries.contains_key(*path)), "{entries:?}");
        let blobs = git.read_blobs(&names.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
        for ((path, content), name) in files.iter().zip(&names) {
            assert_eq!(blobs[name], *content, "{path}");
            assert_eq!(entries.get(*path).map(|entry| &entry.sha), Some(name).filter(|_| *path != "df"));
        }
        assert!(git.entries_at(&tree, &[""]).unwrap().is_empty());
        assert!(git.read_blobs(&["0000000000000000000000000000000000000001"]).is_err());
    }
}
