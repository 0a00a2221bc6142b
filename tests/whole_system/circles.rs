//! No two files need each other: the imports between the files of a crate, and between those of `infra/cdk`, form no circle.

mod imports;

use imports::Graph;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The groups of files that all depend on each other, directly or through others.
fn circles(graph: &Graph) -> Vec<BTreeSet<PathBuf>> {
    let reach: BTreeMap<&PathBuf, BTreeSet<&PathBuf>> =
        graph.keys().map(|file| (file, reachable(graph, file))).collect();
    let mut found: BTreeSet<BTreeSet<PathBuf>> = BTreeSet::new();
    for (file, reached) in &reach {
        let circle: BTreeSet<PathBuf> = reached
            .iter()
            .filter(|other| reach.get(**other).is_some_and(|back| back.contains(file)))
            .map(|other| (*other).clone())
            .collect();
        if !circle.is_empty() {
            found.insert(circle);
        }
    }
    found.into_iter().collect()
}

fn reachable<'a>(graph: &'a Graph, from: &PathBuf) -> BTreeSet<&'a PathBuf> {
    let mut seen = BTreeSet::new();
    let mut next: Vec<&PathBuf> = graph.get(from).into_iter().flatten().collect();
    while let Some(file) = next.pop() {
        if seen.insert(file) {
            next.extend(graph.get(file).into_iter().flatten());
        }
    }
    seen
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// The roots of every crate of the workspace: its library and its executables.
fn crates() -> Vec<PathBuf> {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let members = manifest.split("members = [").nth(1).unwrap().split(']').next().unwrap();
    let folders = members.lines().filter_map(|line| line.trim().strip_prefix('"')?.strip_suffix("\","));
    folders
        .flat_map(|folder| ["src/lib.rs", "src/main.rs"].map(|file| root().join(folder).join(file)))
        .filter(|file| file.is_file())
        .collect()
}

/// Which TypeScript file imports which.
fn scripts() -> Graph {
    let folder = root().join("infra/cdk");
    let files = ["bin", "lib", "tests"]
        .into_iter()
        .flat_map(|inner| std::fs::read_dir(folder.join(inner)).unwrap().map(|entry| entry.unwrap().path()));
    files
        .filter(|file| file.extension().is_some_and(|extension| extension == "ts"))
        .map(|file| {
            let text = std::fs::read_to_string(&file).unwrap();
            let imported = text
                .lines()
                .filter_map(|line| line.split(" from \"").nth(1)?.split('"').next())
                .filter(|path| path.starts_with('.'))
                .map(|path| file.parent().unwrap().join(path).canonicalize().unwrap())
                .collect();
            (file, imported)
        })
        .collect()
}

fn described(circle: &BTreeSet<PathBuf>, graph: &Graph) -> String {
    let short = |file: &PathBuf| file.strip_prefix(root()).unwrap_or(file).display().to_string();
    let mut text = String::new();
    for file in circle {
        let needed: Vec<_> = graph[file].iter().filter(|other| circle.contains(*other)).map(short).collect();
        text.push_str(&format!("  {} needs {}\n", short(file), needed.join(", ")));
    }
    text
}

#[test]
fn no_files_need_each_other() {
    let crates = crates();
    assert!(crates.len() > 20, "only {} crates were found", crates.len());
    let mut graph: Graph = crates.iter().flat_map(|file| imports::of_crate(file)).collect();
    graph.extend(scripts());
    let mut problems = String::new();
    for circle in circles(&graph) {
        problems.push_str(&format!("these files need each other:\n{}", described(&circle, &graph)));
    }
    assert!(problems.is_empty(), "{problems}");
}

/// Which file needs which in a crate of these files.
fn needs(files: &[(&str, &str)]) -> BTreeMap<String, BTreeSet<String>> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let short = |file: &PathBuf| file.strip_prefix(folder.path()).unwrap().display().to_string();
    let graph = imports::of_crate(&folder.path().join("lib.rs"));
    graph.iter().map(|(file, needed)| (short(file), needed.iter().map(short).collect())).collect()
}

#[test]
fn names_lead_to_the_files_that_define_them() {
    let found = needs(&[
        ("lib.rs", "mod a; mod b; mod c; pub use a::A; pub use b::inner::B;"),
        ("a.rs", "use crate::B; pub struct A(B);"),
        ("b.rs", "pub mod inner; use super::c;  fn f() { c::g(); }"),
        ("b/inner.rs", "pub struct B; #[cfg(test)] mod tests { use crate::A; use super::*; }"),
        ("c.rs", "pub fn g() { assert!(crate::a::A::is(1)); } fn h() { let inner = 1; inner; }"),
    ]);
    let expected: [(&str, &[&str]); 3] =
        [("a.rs", &["b/inner.rs"]), ("b.rs", &["c.rs"]), ("c.rs", &["a.rs"])];
    assert_eq!(found, owned(&expected));
}

#[test]
fn children_that_use_their_parent_close_no_circle_and_children_that_use_each_other_do() {
    let found = needs(&[
        ("lib.rs", "mod a; mod b; pub use a::f; pub struct S; fn g() { f(S) }"),
        ("a.rs", "use crate::{S, b::h}; pub fn f(_: S) { h() }"),
        ("b.rs", "pub fn h() {} fn i() { super::f(super::S) }"),
    ]);
    let expected: [(&str, &[&str]); 3] = [("a.rs", &["b.rs"]), ("b.rs", &["a.rs"]), ("lib.rs", &["a.rs"])];
    assert_eq!(found, owned(&expected));
    let graph = found
        .into_iter()
        .map(|(file, needed)| (file.into(), needed.into_iter().map(PathBuf::from).collect()));
    assert_eq!(circles(&graph.collect()), [BTreeSet::from(["a.rs".into(), "b.rs".into()])]);
}

fn owned(graph: &[(&str, &[&str])]) -> BTreeMap<String, BTreeSet<String>> {
    let files = |files: &[&str]| files.iter().map(|file| (*file).to_owned()).collect();
    graph.iter().map(|(file, needed)| ((*file).to_owned(), files(needed))).collect()
}
