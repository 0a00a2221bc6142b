//! The forms of tickets. People type `shop-1`, `acme/shop#007` or paste a link; all become one canonical `task_id`.
//!
//! Each tracker describes the forms of its tickets as [patterns](Pattern), which are data. [`References`] contains the patterns of
//! every configured tracker and is stored with the configuration, so that functions without any provider can parse tickets too.

mod named_pull_request;
mod numbered;
mod pattern;

pub use named_pull_request::{NamedPullRequest, WhichPullRequest};
pub use numbered::Numbered;
pub use pattern::{InvalidPattern, Pattern};

use pattern::Captured;

use crate::action::PluginType;
use crate::configuration::{InstanceName, KnownProvider, Project};
use crate::typed::bare_ticket;
use serde::{Deserialize, Serialize};

/// How many examples are shown.
const MOST_EXAMPLES: usize = 3;

/// The forms of tickets in every configured tracker, and the projects that they belong to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct References {
    /// The trackers, and code hosts whose issues are tickets.
    pub trackers: Vec<TrackerReferences>,
    /// The configured projects.
    pub projects: Vec<ProjectReference>,
    /// Every existing provider, for checks of a project's choice. Empty if the configuration was put in force by a version that
    /// did not store them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub providers: Vec<KnownProvider>,
}

/// The forms of one tracker's tickets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackerReferences {
    /// The tracker's name in the configuration.
    pub instance: InstanceName,
    /// The patterns, with the site filled in. The first one is the canonical form; where pull requests are numbered apart from tickets,
    /// theirs is the first one with `{pull}`.
    pub patterns: Vec<Pattern>,
}

/// The form of a project's tickets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectReference {
    /// The names before a ticket's number: the project's key in its tracker and its repository.
    pub names: Vec<String>,
    /// The providers whose tickets belong to the project: its tracker, then its code host.
    pub trackers: Vec<InstanceName>,
}

impl From<&Project> for ProjectReference {
    fn from(project: &Project) -> Self {
        let trackers = [PluginType::TaskManagement, PluginType::VersionControl];
        Self {
            names: vec![project.key.clone(), project.repository.as_str().to_owned()],
            trackers: trackers.iter().filter_map(|plugin| project.providers.get(plugin).cloned()).collect(),
        }
    }
}

/// A ticket that someone named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketReference {
    /// The ticket in its canonical form: `SHOP-1`, `acme/shop#7`.
    pub task_id: String,
    /// Where the ticket is: the project's key in the tracker (`SHOP`) or the repository (`acme/shop`).
    pub project: String,
    /// The tracker's name in the configuration.
    pub instance: InstanceName,
}

impl References {
    /// Parses a ticket: its ID in any case, or a link to it, with whatever people put around it. `None` if it does not match any
    /// configured tracker. If several match, the configured project's own wins.
    pub fn read(&self, typed: &str) -> Option<TicketReference> {
        let typed = bare_ticket(typed.trim());
        let candidates: Vec<_> =
            self.trackers.iter().filter_map(|tracker| self.read_as(tracker, typed)).collect();
        let rank = |candidate: &&TicketReference| match self.project(&candidate.project) {
            Some(project) => {
                let place = project.trackers.iter().position(|tracker| *tracker == candidate.instance);
                place.unwrap_or(project.trackers.len())
            }
            None => usize::MAX,
        };
        candidates.iter().min_by_key(rank).cloned()
    }

    /// The ticket's canonical form, or the text as typed if it does not match a tracker. Never an error: the tracker itself reports a
    /// ticket that does not exist.
    pub fn canonical(&self, typed: &str) -> String {
        self.read(typed).map_or_else(|| typed.to_owned(), |ticket| ticket.task_id)
    }

    /// The tracker's name for a project: its key (`SHOP`), or its repository (`acme/shop`) if tickets are numbered in repositories. The key
    /// if the tracker is unknown.
    pub fn name_in_tracker<'a>(&self, project: &'a Project) -> &'a str {
        let instance = project.providers.get(&PluginType::TaskManagement);
        let tracker = self.trackers.iter().find(|tracker| Some(&tracker.instance) == instance);
        let canonical = tracker.and_then(|tracker| tracker.patterns.first());
        let is_written =
            |name: &&str| canonical.is_none_or(|pattern| pattern.write(&Captured::example(name)).is_some());
        let names = [project.key.as_str(), project.repository.as_str()];
        names.into_iter().find(is_written).unwrap_or(&project.key)
    }

    /// A ticket of each project in its canonical form, as examples of accepted values. At most three.
    pub fn examples(&self) -> Vec<String> {
        let names = self.projects.iter().flat_map(|project| &project.names);
        let written = names.filter_map(|name| {
            let example = Captured::example(name);
            self.trackers.iter().find_map(|tracker| tracker.patterns.first()?.write(&example))
        });
        let mut examples = Vec::new();
        for example in written.filter(|example| self.read(example).is_some()) {
            if examples.len() < MOST_EXAMPLES && !examples.contains(&example) {
                examples.push(example);
            }
        }
        examples
    }

    fn read_as(&self, tracker: &TrackerReferences, typed: &str) -> Option<TicketReference> {
        let mut captured = tracker.patterns.iter().find_map(|pattern| pattern.read(typed))?;
        let container = captured.container()?;
        if let Some(spelled) = self.spelling(&container) {
            captured.respell(spelled);
        }
        Some(TicketReference {
            // A pull request with separate numbers has its own form.
            task_id: tracker.patterns.iter().find_map(|pattern| pattern.write(&captured))?,
            project: captured.container()?,
            instance: tracker.instance.clone(),
        })
    }

    fn project(&self, name: &str) -> Option<&ProjectReference> {
        self.projects
            .iter()
            .find(|project| project.names.iter().any(|known| known.eq_ignore_ascii_case(name)))
    }

    /// The configured spelling of a repository, which is the canonical one: code hosts ignore case.
    fn spelling(&self, name: &str) -> Option<&str> {
        let mut names = self.projects.iter().flat_map(|project| &project.names);
        names.find(|known| known.eq_ignore_ascii_case(name)).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(patterns: &[&str], site: &str) -> Vec<Pattern> {
        patterns.iter().map(|text| text.parse::<Pattern>().unwrap().at(site)).collect()
    }

    fn references() -> References {
        let tracker = |instance: &str, texts: &[&str], site: &str| TrackerReferences {
            instance: instance.parse().unwrap(),
            patterns: patterns(texts, site),
        };
        let keys: &[&str] = &[
            "{PROJECT}-{number}",
            "{site}/browse/{PROJECT}-{number}",
            "{site}/{any}?{any}selectedIssue={PROJECT}-{number}",
        ];
        let issues: &[&str] = &[
            "{owner}/{name}#{number}",
            "{site}/{owner}/{name}/issues/{number}",
            "{site}/{owner}/{name}/pull/{number}",
        ];
        let project = |names: &[&str], tracker: &str| ProjectReference {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            trackers: vec![tracker.parse().unwrap(), "github".parse().unwrap()],
        };
        References {
            trackers: vec![
                tracker("github", issues, "https://github.com"),
                tracker("jira", keys, "https://acme.atlassian.net"),
                tracker("old-jira", keys, "https://jira.acme.example/jira"),
            ],
            projects: vec![
                project(&["SHOP", "acme/shop"], "jira"),
                project(&["WEB", "Acme/Web"], "old-jira"),
                project(&["acme/tools"], "github"),
            ],
            providers: Vec::new(),
        }
    }

    fn check(typed: &str, expected: Option<(&str, &str, &str)>) {
        let read = references().read(typed);
        let read = read
            .as_ref()
            .map(|ticket| (ticket.task_id.as_str(), ticket.project.as_str(), ticket.instance.as_str()));
        assert_eq!(read, expected, "{typed}");
    }

    #[test]
    fn a_tracker_knows_a_project_by_the_name_before_its_numbers() {
        let check = |key: &str, tracker: Option<&str>, expected: &str| {
            let providers = tracker.map(|tracker| ("task_management", tracker));
            let providers: std::collections::BTreeMap<_, _> = providers.into_iter().collect();
            let project = serde_json::json!({"key": key, "repository": "acme/shop", "providers": providers});
            let project = serde_json::from_value(project).unwrap();
            assert_eq!(references().name_in_tracker(&project), expected, "{key} in {tracker:?}");
        };
        check("SHOP", Some("jira"), "SHOP");
        check("SHOP", Some("github"), "acme/shop");
        check("acme/tools", Some("github"), "acme/tools");
        check("SHOP", Some("unknown"), "SHOP");
        check("SHOP", None, "SHOP");
    }

    #[test]
    fn every_way_to_write_a_ticket_gives_one_id() {
        let shop = Some(("SHOP-1", "SHOP", "jira"));
        check("SHOP-1", shop);
        check("  shop-1 ", shop);
        check("SHOP-001", shop);
        check("shop-1!", shop);
        check(" *SHOP-1* ", shop);
        check("`SHOP-1`", shop);
        check("\u{201c}SHOP-1\u{201d}", shop);
        check("SHOP-1\u{200b}", shop);
        check("[Limit carts](https://acme.atlassian.net/browse/SHOP-1)", shop);
        check("https://acme.atlassian.net/browse/SHOP-1.", shop);
        check("<https://acme.atlassian.net/browse/SHOP-1>,", shop);
        check("https://acme.atlassian.net/browse/SHOP-1", shop);
        check("https://ACME.atlassian.net/browse/shop-1?x=1", shop);
        check("acme.atlassian.net/browse/SHOP-1/", shop);
        check("<https://acme.atlassian.net/browse/SHOP-1|SHOP-1>", shop);
        check(
            "https://acme.atlassian.net/jira/software/projects/SHOP/boards/1?view=x&selectedIssue=SHOP-1",
            shop,
        );

        let issue = Some(("acme/shop#7", "acme/shop", "github"));
        check("acme/shop#7", issue);
        check("ACME/Shop#007", issue);
        check("https://github.com/acme/shop/issues/7#issuecomment-1", issue);
        check("https://github.com/acme/shop/pull/7/files", issue);
        check("https://github.com/acme/web/issues/7", Some(("Acme/Web#7", "Acme/Web", "github")));
        check("other/one#2", Some(("other/one#2", "other/one", "github")));
    }

    #[test]
    fn issues_and_merge_requests_that_are_numbered_apart_have_signs() {
        let forms: &[&str] = &[
            "{path}#{number}",
            "{path}!{pull}",
            "{site}/{path}/-/issues/{number}",
            "{site}/{path}/-/merge_requests/{pull}",
        ];
        let instance: InstanceName = "gitlab".parse().unwrap();
        let tracker =
            TrackerReferences { instance: instance.clone(), patterns: patterns(forms, "https://gitlab.com") };
        let names = vec!["Acme/Web/Shop".to_owned()];
        let references = References {
            trackers: vec![tracker],
            projects: vec![ProjectReference { names, trackers: vec![instance] }],
            providers: Vec::new(),
        };
        let check = |typed: &str, expected: Option<(&str, &str)>| {
            let read = references.read(typed);
            let read = read.as_ref().map(|ticket| (ticket.task_id.as_str(), ticket.project.as_str()));
            assert_eq!(read, expected, "{typed}");
        };
        let issue = Some(("Acme/Web/Shop#7", "Acme/Web/Shop"));
        check("acme/web/shop#07", issue);
        check("https://gitlab.com/acme/web/shop/-/issues/7#note_12", issue);
        check("<https://gitlab.com/acme/web/shop/-/issues/7|#7>", issue);
        let request = Some(("Acme/Web/Shop!7", "Acme/Web/Shop"));
        check("acme/web/shop!7", request);
        check("gitlab.com/acme/web/shop/-/merge_requests/7/diffs", request);
        check("a/b/c/d/e/f#1", Some(("a/b/c/d/e/f#1", "a/b/c/d/e/f")));
        for other in [
            "acme#7",
            "acme//shop#7",
            "acme/../x#7",
            "acme/shop",
            "https://gitlab.com/acme/shop/-/issues/new",
        ] {
            check(other, None);
        }
        check(&format!("{}#1", ["a"; 21].join("/")), None);
        assert_eq!(references.examples(), ["Acme/Web/Shop#12"]);
    }

    #[test]
    fn the_tracker_of_the_project_wins() {
        check("web-3", Some(("WEB-3", "WEB", "old-jira")));
        check("https://jira.acme.example/jira/browse/WEB-3", Some(("WEB-3", "WEB", "old-jira")));
        check("NEW-3", Some(("NEW-3", "NEW", "jira")));
    }

    #[test]
    fn what_is_no_ticket_is_left_alone() {
        for typed in [
            "",
            "SHOP",
            "SHOP-",
            "SHOP-0",
            "SHOP-1x",
            "1-1",
            "acme/shop",
            "acme/shop#x",
            "acme/../shop#1",
            "https://evil.example/browse/SHOP-1",
            "https://acme.atlassian.net.evil.example/browse/SHOP-1",
            "https://github.com/acme/shop/issues/new",
            "SHOP-99999999999999999999999",
        ] {
            check(typed, None);
        }
        assert_eq!(references().canonical("fix it"), "fix it");
        assert_eq!(references().canonical("shop-7"), "SHOP-7");
        assert_eq!(References::default().read("SHOP-1"), None);
    }

    #[test]
    fn examples_can_be_read() {
        assert_eq!(references().examples(), ["SHOP-12", "acme/shop#12", "WEB-12"]);
        assert!(References::default().examples().is_empty());
    }

    #[test]
    fn references_are_data() {
        let json = serde_json::to_string(&references()).unwrap();
        assert_eq!(serde_json::from_str::<References>(&json).unwrap(), references());
    }
}
