//! A simulator answers what a client calls, and nothing else: what no client calls is not proven by anything.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use regex::Regex;

fn shared() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The Rust files below a folder, tests aside.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "tests" {
            found.extend(sources(&path));
        } else if name.ends_with(".rs") && name != "tests.rs" {
            found.push(path);
        }
    }
    found
}

/// A path whose parameters have no names, so that both sides write it alike: a client fills `{+branch}` of
/// `/git/ref/heads/{+branch}` where a simulator takes all of `/git/ref/{*name}`.
fn plain(path: &str) -> String {
    let path = Regex::new(r"\{[^}]*\}").unwrap().replace_all(path, "{}").into_owned();
    Regex::new(r"^(.*/git/(?:matching-)?refs?)/heads/").unwrap().replace(&path, "$1/").into_owned()
}

/// Every path that a regular expression finds below a folder.
fn paths(folder: &Path, pattern: &str) -> BTreeSet<String> {
    let pattern = Regex::new(pattern).unwrap();
    let texts = sources(folder).into_iter().map(|path| std::fs::read_to_string(path).unwrap());
    let found =
        texts.flat_map(|text| pattern.captures_iter(&text).map(|found| plain(&found[1])).collect::<Vec<_>>());
    found.collect()
}

#[test]
fn no_route_is_left_that_no_client_calls() {
    let mut unused = Vec::new();
    for service in simulators::services::ALL.iter().map(|service| service.name) {
        let called = paths(&shared().join(format!("provider-{service}/src")), r#""(/[^"\s]*)""#);
        let routes = paths(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(service),
            // `.route("/issue", …)`, and a line of GitHub's table, `("/issues", GET, …)`.
            r#"(?m)(?:\.route\(\s*|^\s*\()"(/[^"\s]*)","#,
        );
        assert!(!routes.is_empty() && !called.is_empty(), "{service}: {} routes", routes.len());
        for route in routes {
            // Pages that people see, and addresses that a service itself gives out.
            let by_people = [
                "/{}/{}/actions/logs/{}",
                "/{}/{}/issues/{}",
                "/{}/{}/pull/{}",
                "/apps/{}/installations/new",
                "/commands/{}/{}/{}",
                "/files-pri/{}/download/{}",
                "/link",
                "/media/{}",
                "/organizations/{}/settings/apps/new",
                "/settings/apps/new",
                "/uploads/{}/{}/{}",
                "/user-assets/{}",
            ]
            .contains(&route.as_str());
            if !by_people && !called.iter().any(|path| path.ends_with(&route)) {
                unused.push(format!("{service} {route}"));
            }
        }
    }
    assert_eq!(unused, Vec::<String>::new());
}
