//! A real git repository behind a simulated one, driven through git's own plumbing commands.
//!
//! Nothing of the machine's or its user's git configuration reaches these commands, and every identity and date is
//! given, so the same requests make the same object names everywhere.

mod reading;

use std::{
    ffi::OsStr,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::git_answers::GitAnswers;
pub(crate) use crate::git_objects::{Commit, Reference, Signature, TreeChange, TreeEntry};
use jiff::Timestamp;

/// A git command that failed, or could not be run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GitError {
    #[error("cannot run git: {0}")]
    Start(#[from] std::io::Error),
    #[error("git {command}: {message}")]
    Failed { command: String, message: String },
    #[error("git {command} answered {answer:?}, which cannot be read")]
    Unreadable { command: &'static str, answer: String },
}

/// A bare repository on disk, which is changed only here.
#[derive(Debug)]
pub(crate) struct Git {
    folder: PathBuf,
    /// Replaces the user's configuration, also for processes that git starts itself.
    configuration: PathBuf,
    /// Answers about objects, which never change.
    about_objects: GitAnswers,
    /// Answers about references, until one changes.
    about_references: GitAnswers,
}

/// Repositories are read no matter who owns them: a checkout in a container often has another owner.
const CONFIGURATION: &str = "\
[core]
    quotePath = false
    autocrlf = false
[gc]
    auto = 0
[maintenance]
    auto = false
[safe]
    directory = *
";

impl Git {
    /// Makes an empty bare repository in a folder.
    pub(crate) fn init(folder: &Path, default_branch: &str) -> Result<Self, GitError> {
        let git = Self::at(folder.into(), folder.join("simulator.gitconfig"));
        std::fs::create_dir_all(folder)?;
        std::fs::write(&git.configuration, CONFIGURATION)?;
        git.run(["init", "--quiet", "--bare", "--initial-branch", default_branch])?;
        Ok(git)
    }

    fn at(folder: PathBuf, configuration: PathBuf) -> Self {
        let (about_objects, about_references) = (GitAnswers::default(), GitAnswers::default());
        Self { folder, configuration, about_objects, about_references }
    }

    /// Fetches all branches and tags of another repository on this machine.
    pub(crate) fn fetch(&self, from: &Path) -> Result<(), GitError> {
        let from = from.to_string_lossy();
        let all = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"];
        self.change_references(&["fetch", "--quiet", &from, all[0], all[1]])
    }

    /// The tree of a folder's files, without those that its `.gitignore` files name.
    pub(crate) fn tree_of_folder(&self, folder: &Path) -> Result<String, GitError> {
        let index = self.scratch_index()?;
        let mut add = self.command(["add", "--all", "."]);
        add.current_dir(folder).env("GIT_WORK_TREE", folder).env("GIT_INDEX_FILE", &index.file);
        self.finish(add, b"")?;
        self.write_index(&index.file)
    }

    /// The full name of the object of the given kind (`commit`, `tree`, `blob`) that a full reference name or a whole or
    /// shortened object name leads to, if any. Git's other ways to name objects are not GitHub's.
    pub(crate) fn resolve(&self, name: &str, kind: &str) -> Option<String> {
        let is_object_name = name.len() >= 4 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_object_name && !name.starts_with("refs/") {
            return None;
        }
        let wanted = format!("{name}^{{{kind}}}");
        let answer = self.run(["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted]).ok()?;
        Some(text(answer).trim().to_string())
    }

    /// The file or folder at a path of a commit or tree; an empty path is the tree itself.
    pub(crate) fn resolve_path(&self, tree: &str, path: &str) -> Option<String> {
        let wanted = format!("{tree}:{path}");
        let arguments = ["rev-parse", "--verify", "--quiet", "--end-of-options", wanted.as_str()];
        let answer = self.ask_about(&[tree], &arguments).ok()?;
        Some(text(answer).trim().to_string())
    }

    pub(crate) fn kind(&self, sha: &str) -> Option<String> {
        let answer = self.run(["cat-file", "-t", sha]).ok()?;
        Some(text(answer).trim().to_string())
    }

    pub(crate) fn write_blob(&self, content: &[u8]) -> Result<String, GitError> {
        self.write_object("blob", content)
    }

    /// Stores files, and gives their objects' names in the same order.
    pub(crate) fn write_blobs(&self, contents: &[&[u8]]) -> Result<Vec<String>, GitError> {
        let folder = tempfile::tempdir()?;
        let mut names = String::new();
        for (number, content) in contents.iter().enumerate() {
            std::fs::write(folder.path().join(number.to_string()), content)?;
            names.push_str(&format!("{number}\n"));
        }
        let mut store = self.command(["hash-object", "-w", "-t", "blob", "--no-filters", "--stdin-paths"]);
        store.current_dir(folder.path());
        Ok(text(self.finish(store, names.as_bytes())?).lines().map(String::from).collect())
    }

    fn write_object(&self, kind: &str, content: &[u8]) -> Result<String, GitError> {
        let answer = self.finish(self.command(["hash-object", "-w", "-t", kind, "--stdin"]), content)?;
        Ok(text(answer).trim().to_string())
    }

    pub(crate) fn read_commit(&self, sha: &str) -> Result<Commit, GitError> {
        const FORMAT: &str = "--format=format:%H%x00%T%x00%P%x00%an%x00%ae%x00%at%x00%cn%x00%ce%x00%ct%x00%B";
        let arguments = ["log", "-1", "--no-show-signature", FORMAT, "--end-of-options", sha, "--"];
        let answer = text(self.ask_about(&[sha], &arguments)?);
        let fields: Vec<&str> = answer.splitn(10, '\0').collect();
        let unreadable = || GitError::Unreadable { command: "log", answer: answer.clone() };
        let date = |seconds: &str| {
            let seconds = seconds.parse().map_err(|_| unreadable())?;
            Timestamp::from_second(seconds).map_err(|_| unreadable())
        };
        let [sha, tree, parents, name, email, at, committer, committer_email, committed_at, message] =
            fields[..]
        else {
            return Err(unreadable());
        };
        Ok(Commit {
            sha: sha.into(),
            tree: tree.into(),
            parents: parents.split_whitespace().map(String::from).collect(),
            author: Signature { name: name.into(), email: email.into(), date: date(at)? },
            committer: Signature {
                name: committer.into(),
                email: committer_email.into(),
                date: date(committed_at)?,
            },
            message: message.trim_end_matches('\n').into(),
        })
    }

    /// Stores a commit; git refuses a malformed identity.
    pub(crate) fn write_commit(
        &self,
        tree: &str,
        parents: &[String],
        author: &Signature,
        committer: &Signature,
        message: &str,
    ) -> Result<String, GitError> {
        let parents: String = parents.iter().map(|parent| format!("parent {parent}\n")).collect();
        let person = |role: &str, who: &Signature| {
            format!("{role} {} <{}> {} +0000\n", who.name, who.email, who.date.as_second())
        };
        let (author, committer) = (person("author", author), person("committer", committer));
        self.write_object(
            "commit",
            format!("tree {tree}\n{parents}{author}{committer}\n{message}").as_bytes(),
        )
    }

    /// Stores the tree that results from changes to another one, or to an empty one.
    pub(crate) fn write_tree(&self, base: Option<&str>, changes: &[TreeChange]) -> Result<String, GitError> {
        let index = self.scratch_index()?;
        let with_index = |arguments: &[&str], input: &[u8]| {
            let mut command = self.command(arguments);
            command.env("GIT_INDEX_FILE", &index.file);
            self.finish(command, input)
        };
        if let Some(base) = base {
            with_index(&["read-tree", base], b"")?;
        }
        let update = |lines: &mut String| {
            if !lines.is_empty() {
                with_index(&["update-index", "-z", "--replace", "--index-info"], lines.as_bytes())?;
                lines.clear();
            }
            Ok::<_, GitError>(())
        };
        // Changes of files in a row are one command.
        let mut lines = String::new();
        for change in changes {
            let line = match &change.object {
                None => format!("0 {}\t{}\0", "0".repeat(40), change.path),
                Some((mode, tree)) if mode == "040000" => {
                    update(&mut lines)?;
                    let below = format!("{}/", change.path);
                    with_index(
                        &["rm", "-r", "--cached", "--quiet", "--ignore-unmatch", "--", &change.path],
                        b"",
                    )?;
                    with_index(&["read-tree", &format!("--prefix={below}"), tree], b"")?;
                    continue;
                }
                Some((mode, sha)) => format!("{mode} {sha}\t{}\0", change.path),
            };
            lines.push_str(&line);
        }
        update(&mut lines)?;
        self.write_index(&index.file)
    }

    fn write_index(&self, index: &Path) -> Result<String, GitError> {
        let mut command = self.command(["write-tree"]);
        command.env("GIT_INDEX_FILE", index);
        Ok(text(self.finish(command, b"")?).trim().to_string())
    }

    /// References whose full name is `prefix` or begins with it and a slash; all of them for an empty prefix.
    pub(crate) fn references(&self, prefix: &str) -> Result<Vec<Reference>, GitError> {
        let all = ["for-each-ref", "--format=%(refname)%00%(objectname)%00%(objecttype)"];
        let answer = text(self.about_references.of(&all, || self.run(all))?);
        let ends = |rest: &str| prefix.is_empty() || rest.is_empty() || rest.starts_with('/');
        let is_meant = |name: &str| name.strip_prefix(prefix).is_some_and(ends);
        let lines = answer.lines().filter_map(|line| {
            let [name, sha, kind] = line.split('\0').collect::<Vec<_>>()[..] else { return None };
            is_meant(name).then(|| Reference { name: name.into(), sha: sha.into(), kind: kind.into() })
        });
        Ok(lines.collect())
    }

    /// The reference of exactly this full name.
    pub(crate) fn reference(&self, name: &str) -> Option<Reference> {
        self.references(name).ok()?.into_iter().find(|reference| reference.name == name)
    }

    pub(crate) fn is_legal_reference(&self, name: &str) -> bool {
        self.run(["check-ref-format", name]).is_ok()
    }

    pub(crate) fn set_reference(&self, name: &str, sha: &str) -> Result<(), GitError> {
        self.change_references(&["update-ref", name, sha])
    }

    pub(crate) fn delete_reference(&self, name: &str) -> Result<(), GitError> {
        self.change_references(&["update-ref", "-d", name])
    }

    fn change_references(&self, arguments: &[&str]) -> Result<(), GitError> {
        let changed = self.run(arguments);
        self.about_references.clear();
        changed.map(drop)
    }

    pub(crate) fn is_ancestor(&self, ancestor: &str, descendant: &str) -> bool {
        self.run(["merge-base", "--is-ancestor", ancestor, descendant]).is_ok()
    }

    pub(crate) fn merge_base(&self, one: &str, other: &str) -> Option<String> {
        Some(text(self.ask_about(&[one, other], &["merge-base", one, other]).ok()?).trim().to_string())
    }

    /// The commits in `until` that are not in `since`, oldest first.
    pub(crate) fn commits_between(&self, since: &str, until: &str) -> Result<Vec<String>, GitError> {
        let range = format!("{since}..{until}");
        let answer = self.ask_about(&[since, until], &["rev-list", "--reverse", "--topo-order", &range])?;
        Ok(text(answer).lines().map(String::from).collect())
    }

    /// The tree of merging `head` into `base`, or nothing if they conflict.
    pub(crate) fn merged_tree(&self, base: &str, head: &str) -> Option<String> {
        let arguments = ["merge-tree", "--write-tree", "--no-messages", base, head];
        let answer = self.ask_about(&[base, head], &arguments).ok()?;
        Some(text(answer).trim().to_string())
    }

    /// The difference between two trees or commits as text, of some paths or all.
    pub(crate) fn diff(&self, before: &str, after: &str, paths: &[&str]) -> Result<String, GitError> {
        let mut arguments = vec!["diff", "--no-color", "--no-ext-diff", "-M", before, after, "--"];
        arguments.extend(paths);
        Ok(text(self.ask_about(&[before, after], &arguments)?))
    }

    /// What changed between two trees or commits, in git's `--raw` form split at its NUL bytes.
    pub(crate) fn raw_diff(&self, before: &str, after: &str) -> Result<Vec<String>, GitError> {
        let arguments = ["diff-tree", "-r", "-M", "--raw", "-z", "--no-abbrev", before, after];
        let answer = self.ask_about(&[before, after], &arguments)?;
        Ok(text(answer).split_terminator('\0').map(String::from).collect())
    }

    /// Clones the repository into a folder that does not exist or is empty, with every branch as a local one.
    pub(crate) fn export(&self, target: &Path, remote: &str, default_branch: &str) -> Result<(), GitError> {
        let target_text = target.to_string_lossy();
        let from = self.folder.to_string_lossy();
        self.run(["clone", "--quiet", "--no-hardlinks", "--branch", default_branch, &from, &target_text])?;
        let clone = Self::at(target.join(".git"), self.configuration.clone());
        for branch in self.references("refs/heads")? {
            let name = branch.name.trim_start_matches("refs/heads/");
            if name != default_branch {
                clone.run(["branch", "--quiet", "--track", name, &format!("origin/{name}")])?;
            }
        }
        clone.run(["remote", "set-url", "origin", remote]).map(drop)
    }

    fn scratch_index(&self) -> Result<ScratchIndex, GitError> {
        // Only the folder is made: git refuses an empty index file.
        let folder = tempfile::tempdir()?;
        Ok(ScratchIndex { file: folder.path().join("index"), _folder: folder })
    }

    /// An answer that depends on these objects alone. If their names are whole, it is asked for once.
    fn ask_about(&self, objects: &[&str], arguments: &[&str]) -> Result<Vec<u8>, GitError> {
        let is_whole = |name: &&str| name.len() == 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        match objects.iter().all(is_whole) {
            true => self.about_objects.of(arguments, || self.run(arguments)),
            false => self.run(arguments),
        }
    }

    fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Result<Vec<u8>, GitError> {
        self.finish(self.command(arguments), b"")
    }

    fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new("git");
        command
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .env("GIT_DIR", &self.folder)
            .env("HOME", &self.folder)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", &self.configuration)
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .args(arguments);
        command
    }

    fn finish(&self, mut command: Command, input: &[u8]) -> Result<Vec<u8>, GitError> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let mut stdin = child.stdin.take();
        let output = std::thread::scope(|scope| {
            // Written while reading, since either pipe may fill up.
            scope.spawn(move || stdin.take().map(|mut stdin| stdin.write_all(input)));
            child.wait_with_output()
        })?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let words = command.get_args().map(|word| word.to_string_lossy());
        Err(GitError::Failed {
            command: words.collect::<Vec<_>>().join(" "),
            message: text(output.stderr).trim().to_string(),
        })
    }
}

/// A separate index file for one operation.
struct ScratchIndex {
    _folder: tempfile::TempDir,
    file: PathBuf,
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}
