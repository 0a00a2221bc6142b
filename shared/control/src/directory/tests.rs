use super::*;
use serde_json::json;

fn directory(keys: &[&str], references: References) -> Directory {
    let projects: Vec<_> = keys
        .iter()
        .map(|key| json!({"key": key, "repository": format!("acme/{}", key.to_lowercase())}))
        .collect();
    let configuration = serde_json::from_value(json!({ "projects": projects })).unwrap();
    Directory::new(Arc::new(configuration), Arc::new(references))
}

fn found(keys: &[&str], query: ProjectQuery<'_>) -> Result<String, String> {
    let directory = directory(keys, References::default());
    let found = directory.project(&query);
    found.map(|project| project.key.clone()).map_err(|error| error.to_string())
}

#[test]
fn what_is_said_first_decides() {
    let none = ProjectQuery::default();
    let both = ["SHOP", "WEB"];
    for (query, expected) in [
        (ProjectQuery { named: Some("web"), ticket: Some("SHOP-1"), place: None }, "WEB"),
        (ProjectQuery { named: Some("Acme/Web"), ..none }, "WEB"),
        (ProjectQuery { ticket: Some("shop-1"), place: Some("WEB"), ..none }, "SHOP"),
        (ProjectQuery { ticket: Some("acme/web#3"), ..none }, "WEB"),
        (ProjectQuery { place: Some("acme/shop"), ..none }, "SHOP"),
        (ProjectQuery { place: Some("WEB"), ..none }, "WEB"),
    ] {
        assert_eq!(found(&both, query).as_deref(), Ok(expected), "{query:?}");
    }
    assert_eq!(found(&["SHOP"], none).as_deref(), Ok("SHOP"));
}

#[test]
fn what_cannot_be_told_lists_what_is_known() {
    let none = ProjectQuery::default();
    for (query, expected) in [
        (ProjectQuery { named: Some("X"), ..none }, "unknown project `X`; known: SHOP, WEB"),
        (
            ProjectQuery { ticket: Some("TES-1"), place: Some("WEB"), ..none },
            "TES-1 does not belong to any configured project; known: SHOP, WEB",
        ),
        (
            ProjectQuery { place: Some("acme/x"), ..none },
            "acme/x does not belong to any configured project; known: SHOP, WEB",
        ),
        (none, "no project was specified; known: SHOP, WEB"),
    ] {
        assert_eq!(found(&["SHOP", "WEB"], query), Err(expected.to_owned()), "{query:?}");
    }
}

#[test]
fn whatever_is_archived_says_why() {
    let archived = ManagedProject {
        item: serde_json::from_value(json!({"key": "GIFT", "repository": "acme/gift"})).unwrap(),
        revision: 2,
        changed_at: "2026-11-29T12:00:00Z".parse().unwrap(),
        changed_by: "ada".into(),
        archived: Some(Archived::Deleted),
    };
    let directory =
        Directory { archived: Arc::new([archived]), ..directory(&["SHOP"], References::default()) };
    let expected =
        "the project `GIFT` is archived: ada deleted it at 2026-11-29 12:00 UTC; nothing starts there";
    assert_eq!(directory.ticket("gift-7").unwrap_err().to_string(), expected);
    let none = ProjectQuery::default();
    for query in
        [ProjectQuery { named: Some("gift"), ..none }, ProjectQuery { place: Some("acme/GIFT"), ..none }]
    {
        assert_eq!(directory.project(&query).unwrap_err().to_string(), expected);
    }
    let outside = directory.ticket("WEB-7").unwrap_err();
    assert_eq!(outside.to_string(), "WEB-7 does not belong to any configured project; known: SHOP");
    // People who may not see it get the error of a project that never existed.
    for (query, expected) in [
        (
            ProjectQuery { named: Some("gift"), ..none },
            "unknown project `gift`; known: none that you may see",
        ),
        (
            ProjectQuery { ticket: Some("gift-7"), ..none },
            "GIFT-7 does not belong to any configured project; known: none that you may see",
        ),
    ] {
        let told = directory.project(&query).unwrap_err().for_whoever_sees(&[]);
        assert_eq!(told.to_string(), expected);
    }
}

#[test]
fn whoever_may_not_see_a_project_is_not_told_of_it() {
    let directory = directory(&["SHOP", "SECRET"], References::default());
    let none = ProjectQuery::default();
    let told = |error: DirectoryError| error.for_whoever_sees(&["SHOP"]).to_string();
    for (hidden, unknown) in [
        (ProjectQuery { named: Some("SECRET"), ..none }, ProjectQuery { named: Some("NOWHERE"), ..none }),
        (
            ProjectQuery { ticket: Some("secret-7"), ..none },
            ProjectQuery { ticket: Some("nowhere-7"), ..none },
        ),
        (
            ProjectQuery { place: Some("acme/SECRET"), ..none },
            ProjectQuery { place: Some("acme/NOWHERE"), ..none },
        ),
        (none, none),
    ] {
        let hidden = told(DirectoryError::hidden(&directory, &hidden));
        let unknown = told(directory.project(&unknown).unwrap_err());
        assert_eq!(hidden.replace("SECRET", "NOWHERE"), unknown);
        assert!(!unknown.contains("SECRET"), "{unknown}");
    }
    for error in [directory.project(&none), directory.ticket("the cart").map(|ticket| ticket.project())] {
        let told = told(error.unwrap_err());
        assert!(!told.contains("SECRET"), "{told}");
    }
    let nothing = directory.project(&none).unwrap_err().for_whoever_sees(&[]).to_string();
    assert_eq!(nothing, "no project was specified; known: none that you may see");
}

#[test]
fn a_ticket_has_one_name_however_it_is_typed_or_pasted() {
    let references: References = serde_json::from_value(json!({
        "trackers": [
            {"instance": "jira", "patterns": [
                "{PROJECT}-{number}",
                "{site}acme.atlassian.net/browse/{PROJECT}-{number}",
                "{site}acme.atlassian.net/{any}?{any}selectedIssue={PROJECT}-{number}",
            ]},
            {"instance": "github", "patterns": [
                "{owner}/{name}#{number}",
                "{site}github.com/{owner}/{name}/issues/{number}",
            ]},
        ],
        "projects": [{"names": ["SHOP", "acme/shop"], "trackers": ["jira"]}],
    }))
    .unwrap();
    let directory = directory(&["SHOP"], references);
    for (typed, expected) in [
        ("shop-7", "SHOP-7"),
        ("SHOP-007", "SHOP-7"),
        ("https://acme.atlassian.net/browse/SHOP-7", "SHOP-7"),
        ("https://acme.atlassian.net/jira/boards/1?selectedIssue=SHOP-7", "SHOP-7"),
        ("ACME/shop#007", "acme/shop#7"),
        ("<https://github.com/acme/shop/issues/7|#7>", "acme/shop#7"),
    ] {
        let ticket = directory.ticket(typed).unwrap();
        assert_eq!((ticket.task_id(), ticket.project().key.as_str()), (expected, "SHOP"), "{typed}");
    }
    let outside = directory.ticket("https://github.com/acme/web/issues/7").unwrap_err();
    assert_eq!(outside.to_string(), "acme/web#7 does not belong to any configured project; known: SHOP");
    let unreadable = directory.ticket("the cart").unwrap_err();
    assert_eq!(
        unreadable.to_string(),
        "`the cart` is not a ticket; accepted: `SHOP-12`, `acme/shop#12`, a link to a ticket"
    );
}

#[test]
fn pull_requests_are_called_as_their_code_host_calls_them() {
    let known = |id: &str, called: Option<&str>| -> domain::configuration::KnownProvider {
        serde_json::from_value(json!({"id": id, "serves": [], "needs_section": true, "pull_request": called}))
            .unwrap()
    };
    let directory = |hosts: &[&str]| {
        let project = |host: &&str| {
            let providers = json!({"version_control": host, "task_management": "jira"});
            json!({"key": host.to_uppercase(), "repository": "acme/shop", "providers": providers})
        };
        let configuration = json!({
            "projects": hosts.iter().map(project).collect::<Vec<_>>(),
            "plugins": {"jira": {}, "forge": {}, "own": {"provider": "lab"}},
        });
        let providers = vec![
            known("forge", Some("pull request")),
            known("jira", None),
            known("lab", Some("merge request")),
        ];
        let references = References { providers, ..References::default() };
        Directory::new(Arc::new(serde_json::from_value(configuration).unwrap()), Arc::new(references))
    };
    let one = directory(&["own"]);
    let project = |directory: &Directory, key: &str| directory.configuration().project(key).unwrap().clone();
    assert_eq!(one.pull_request_name(&project(&one, "OWN")), "merge request");
    assert_eq!(
        (one.pull_request_name_at("slack"), one.pull_request_name_at("forge")),
        ("merge request", "pull request")
    );
    let two = directory(&["own", "forge"]);
    assert_eq!(two.pull_request_name(&project(&two, "FORGE")), "pull request");
    assert_eq!(two.pull_request_name_at("jira"), "pull request", "they differ");
    assert_eq!(two.pull_request_name_at("lab"), "merge request");
    assert_eq!(two.pull_request_name_at("own"), "merge request", "an instance of it");
    let earlier = self::directory(&["SHOP"], References::default());
    assert_eq!(earlier.pull_request_name(&project(&earlier, "SHOP")), "pull request");
}
