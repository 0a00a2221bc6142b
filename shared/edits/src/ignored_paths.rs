//! Paths that a repository ignores.

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::collections::BTreeMap;

/// The name of the files with ignore rules.
const NAME: &str = ".gitignore";

/// The rules of a tree's `.gitignore` files. Without any, nothing is ignored.
#[derive(Debug, Clone, Default)]
pub struct IgnoredPaths {
    /// The rules of each folder by its path, which is empty for the root.
    rules: BTreeMap<String, Gitignore>,
}

impl IgnoredPaths {
    /// The paths of the `.gitignore` files that may ignore one of these paths, sorted: the ones to look for and to give to
    /// [`IgnoredPaths::read`].
    pub fn files<'a>(paths: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        let folders = paths.into_iter().flat_map(|path| {
            path.match_indices('/')
                .map(|(end, _)| format!("{}/{NAME}", &path[..end]))
                .chain([NAME.to_owned()])
        });
        let mut files: Vec<_> = folders.collect();
        files.sort();
        files.dedup();
        files
    }

    /// Reads `.gitignore` files, given as pairs of path and content. Like git, it skips lines that are not patterns.
    pub fn read<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut ignored = Self::default();
        for (path, content) in files {
            ignored.replace(path, Some(content));
        }
        ignored
    }

    /// Whether a path is a file with ignore rules.
    pub(crate) fn is_file(path: &str) -> bool {
        path.rsplit('/').next() == Some(NAME)
    }

    /// Puts another content in place of one `.gitignore` file; `None` if it is gone.
    pub(crate) fn replace(&mut self, path: &str, content: Option<&str>) {
        let folder = path.strip_suffix(NAME).unwrap_or(path).trim_end_matches('/');
        self.rules.remove(folder);
        let Some(content) = content else { return };
        let mut builder = GitignoreBuilder::new(folder);
        for line in content.trim_start_matches('\u{feff}').lines() {
            if builder.add_line(None, &with_braces_as_they_are(line)).is_err() {
                continue;
            }
        }
        if let Ok(read) = builder.build() {
            self.rules.insert(folder.to_owned(), read);
        }
    }

    /// The path of the `.gitignore` that ignores a file, and its pattern; `None` if the file is not ignored. Everything in an ignored
    /// folder is ignored, whatever the `.gitignore` files inside it say.
    pub fn ignoring(&self, path: &str) -> Option<(String, String)> {
        let folders = path.match_indices('/').map(|(end, _)| (&path[..end], true));
        folders.chain([(path, false)]).find_map(|(path, is_folder)| self.decision(path, is_folder))
    }

    /// What the nearest matching rule says about one file or folder.
    fn decision(&self, path: &str, is_folder: bool) -> Option<(String, String)> {
        // Of folders that a path leads through, the deeper is the later by name.
        for (folder, rules) in self.rules.iter().rev().filter(|(folder, _)| is_above(folder, path)) {
            match rules.matched(path, is_folder) {
                Match::Ignore(glob) => {
                    let file = if folder.is_empty() { NAME.to_owned() } else { format!("{folder}/{NAME}") };
                    return Some((file, glob.original().replace("\\{", "{").replace("\\}", "}")));
                }
                Match::Whitelist(_) => return None,
                Match::None => {}
            }
        }
        None
    }
}

/// A pattern in which braces mean themselves, as they do to git: `*.{log,tmp}` matches one odd name, and no `a.log`.
fn with_braces_as_they_are(pattern: &str) -> String {
    let mut written = String::with_capacity(pattern.len());
    let (mut is_escaped, mut in_class) = (false, false);
    for character in pattern.chars() {
        if matches!(character, '{' | '}') && !is_escaped && !in_class {
            written.push('\\');
        }
        written.push(character);
        in_class = match character {
            '[' if !is_escaped => true,
            ']' => false,
            _ => in_class,
        };
        is_escaped = character == '\\' && !is_escaped;
    }
    written
}

fn is_above(folder: &str, path: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_ignored_as_git_ignores_it() {
        let ignored = IgnoredPaths::read([
            (
                ".gitignore",
                "\u{feff}build/\r\n*.log\n!keep.log\n/root.txt\n# comment\n\n[\n*.{tmp,bak}\n[{]x\n",
            ),
            ("src/.gitignore", "generated*\n!important.log\n/only.txt\n"),
        ]);
        for (path, by) in [
            ("build/out.txt", Some((".gitignore", "build/"))),
            ("a/build/keep.log", Some((".gitignore", "build/"))),
            ("x.log", Some((".gitignore", "*.log"))),
            ("keep.log", None),
            ("root.txt", Some((".gitignore", "/root.txt"))),
            ("a/root.txt", None),
            ("build", None),
            ("x.tmp", None),
            ("x.{tmp,bak}", Some((".gitignore", "*.{tmp,bak}"))),
            ("{x", Some((".gitignore", "[{]x"))),
            ("src/generated/x.py", Some(("src/.gitignore", "generated*"))),
            ("generated/x.py", None),
            ("src/important.log", None),
            ("src/only.txt", Some(("src/.gitignore", "/only.txt"))),
            ("src/a/only.txt", None),
        ] {
            let found = ignored.ignoring(path);
            assert_eq!(found.as_ref().map(|(file, glob)| (file.as_str(), glob.as_str())), by, "{path}");
        }
        assert_eq!(IgnoredPaths::default().ignoring("build/x"), None);
        assert_eq!(IgnoredPaths::files(["a/b/c", "a/d"]), [".gitignore", "a/.gitignore", "a/b/.gitignore"]);
    }
}
