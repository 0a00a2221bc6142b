use super::*;
use domain::Scope;
use domain::configuration::User;
use serde_json::{Value, json};

/// Everybody: each role, everywhere and in one project; a member of a group under `may_trigger`; an unknown person.
const EVERYBODY: [&str; 11] = [
    "viewer",
    "developer",
    "approver",
    "admin",
    "shop-viewer",
    "shop-developer",
    "shop-approver",
    "shop-admin",
    "member",
    "unprivileged",
    "stranger",
];

fn configuration() -> Configuration {
    let user = |name: &str, roles: Value| json!({"name": name, "github": name, "roles": roles});
    serde_json::from_value(json!({
        "projects": [
            {"key": "SHOP", "repository": "acme/shop", "may_trigger": ["engineering"]},
            {"key": "OPEN", "repository": "acme/open", "may_trigger": ["repository-writers"]},
        ],
        "groups": {"engineering": ["member"], "leads": ["approver", "unprivileged"]},
        "users": [
            user("viewer", json!(["viewer"])),
            user("developer", json!(["developer"])),
            user("approver", json!(["approver"])),
            user("admin", json!(["admin"])),
            user("shop-viewer", json!({"SHOP": ["viewer"]})),
            user("shop-developer", json!({"SHOP": ["developer"]})),
            user("shop-approver", json!({"SHOP": ["approver"]})),
            user("shop-admin", json!({"SHOP": ["admin"]})),
            user("member", json!([])),
            user("unprivileged", json!([])),
        ],
    }))
    .unwrap()
}

fn actor(configuration: &Configuration, source: SourceName, id: &str) -> Actor {
    configuration.identify(Actor { source, id: id.into(), display_name: None, person: None })
}

fn login(configuration: &Configuration, id: &str) -> Actor {
    actor(configuration, SourceName::from_static("github"), id)
}

/// The people who are allowed, with `?` after those about whom the code host is asked.
fn admitted(operation: &Operation<'_>, is_writer: bool) -> String {
    let configuration = configuration();
    let mut admitted = Vec::new();
    for id in EVERYBODY {
        let actor = login(&configuration, id);
        match decide(&configuration, operation, Some(&actor), &Authority::Roles, is_writer) {
            Authorization::Allowed => admitted.push(id.to_owned()),
            Authorization::AskProvider => admitted.push(format!("{id}?")),
            Authorization::Denied(_) => {}
        }
    }
    admitted.join(" ")
}

#[test]
fn every_operation_with_every_role() {
    let configuration = configuration();
    let [shop, open] = configuration.projects.as_slice() else { panic!("two projects") };
    let everybody = EVERYBODY.join(" ");
    let in_shop =
        "viewer developer approver admin shop-viewer shop-developer shop-approver shop-admin member";
    let work_in_shop = "developer admin shop-developer shop-admin member";
    let (see, answer) = (
        |project| Operation::See { project, starter: None },
        |project| Operation::Answer { project, question: "", approvers: &[], not_by: None },
    );
    for (operation, expected) in [
        (Operation::StartByHand, ""),
        (Operation::StartByMachine, everybody.as_str()),
        (Operation::ChangeTask { project: shop }, work_in_shop),
        (Operation::ChangeTask { project: open }, "developer admin"),
        (Operation::ChangeProject { project: Some(shop) }, "admin shop-admin"),
        (Operation::ChangeProject { project: None }, "admin"),
        (Operation::ChangePerson { before: None, after: None }, "admin"),
        (Operation::ChangeBudgets, "admin"),
        (Operation::AddMoney { project: shop, shared: false }, "approver admin shop-approver shop-admin"),
        (Operation::AddMoney { project: shop, shared: true }, "admin shop-admin"),
        (Operation::SeePeople, "admin"),
        (Operation::SeePlugins, "admin"),
        (Operation::ChangePlugins, "admin"),
        (Operation::SeeAudit, "admin"),
        (Operation::CreateToken { project: Some(shop) }, in_shop),
        (Operation::CreateToken { project: None }, "viewer developer approver admin"),
        (see(Some(shop)), in_shop),
        (see(Some(open)), "viewer developer approver admin"),
        (see(None), "viewer developer approver admin"),
        (Operation::Start { project: shop }, work_in_shop),
        (
            Operation::Start { project: open },
            "viewer? developer approver? admin shop-viewer? shop-developer? shop-approver? shop-admin? member? unprivileged? stranger?",
        ),
        (Operation::Redrive { project: shop }, work_in_shop),
        (
            Operation::Redrive { project: open },
            "viewer? developer approver? admin shop-viewer? shop-developer? shop-approver? shop-admin? member? unprivileged? stranger?",
        ),
        (Operation::Stop { project: shop, starter: None }, work_in_shop),
        (Operation::Stop { project: open, starter: None }, "developer admin"),
        (Operation::Undo { project: shop, starter: None }, work_in_shop),
        (Operation::Undo { project: open, starter: None }, "developer admin"),
        (answer(Some(shop)), "approver admin shop-approver shop-admin"),
        (answer(Some(open)), "approver admin"),
        (answer(None), "approver admin"),
    ] {
        assert_eq!(admitted(&operation, false), expected, "{operation:?}");
    }
}

#[test]
fn a_writer_of_the_repository_is_a_developer_of_the_project() {
    let configuration = configuration();
    let open = &configuration.projects[1];
    let everybody = EVERYBODY.join(" ");
    for (operation, expected) in [
        (Operation::See { project: Some(open), starter: None }, everybody.as_str()),
        (Operation::Stop { project: open, starter: None }, &everybody),
        (Operation::Undo { project: open, starter: None }, &everybody),
        (
            Operation::Answer { project: Some(open), question: "", approvers: &[], not_by: None },
            "approver admin",
        ),
    ] {
        assert_eq!(admitted(&operation, true), expected, "{operation:?}");
    }
}

#[test]
fn whoever_a_question_names_are_its_approvers_and_nobody_else() {
    let configuration = configuration();
    let project = Some(&configuration.projects[0]);
    let check = |approvers: &[&str], expected: &str| {
        let approvers: Vec<String> = approvers.iter().map(|name| (*name).to_owned()).collect();
        let operation = Operation::Answer { project, question: "", approvers: &approvers, not_by: None };
        assert_eq!(admitted(&operation, true), expected, "{approvers:?}");
    };
    check(&["leads"], "approver unprivileged");
    check(&["viewer", "nobody"], "viewer");
    // A stranger who is called as somebody who is named is not that person.
    check(&["stranger"], "");
}

#[test]
fn whoever_started_an_execution_may_see_and_steer_it() {
    let configuration = configuration();
    let (project, starter) = (&configuration.projects[0], login(&configuration, "stranger"));
    let starter = Some(&starter);
    for operation in [
        Operation::See { project: Some(project), starter },
        Operation::Stop { project, starter },
        Operation::Undo { project, starter },
    ] {
        assert_eq!(authorize(&configuration, &operation, starter), Authorization::Allowed);
    }
    // They joined the account to a person since.
    let joined = Actor { person: Some("unprivileged".to_owned()), ..login(&configuration, "stranger") };
    let stop = Operation::Stop { project, starter };
    assert_eq!(authorize(&configuration, &stop, Some(&joined)), Authorization::Allowed);
    let elsewhere = actor(&configuration, SourceName::from_static("jira"), "stranger");
    assert!(matches!(authorize(&configuration, &stop, Some(&elsewhere)), Authorization::Denied(_)));
}

#[test]
fn tokens_and_sessions_belong_to_whoever_has_them_and_to_admins() {
    let configuration = configuration();
    let owner = login(&configuration, "viewer");
    let manage = Operation::ManageSignIns { owner: &owner };
    assert_eq!(admitted(&manage, true), "viewer admin");
}

#[test]
fn a_machine_token_takes_from_its_owners_roles_and_never_adds_to_them() {
    let configuration = configuration();
    let [shop, open] = configuration.projects.as_slice() else { panic!("two projects") };
    let admitted = |id: &str, roles: &[Role], projects: Option<&[&str]>| {
        let projects = projects.map(|keys| keys.iter().map(|key| (*key).to_owned()).collect());
        let authority = Authority::Scoped(Scope { roles: roles.iter().copied().collect(), projects });
        let actor = login(&configuration, id);
        [
            Operation::See { project: Some(shop), starter: None },
            Operation::See { project: None, starter: Some(&actor) },
            Operation::Start { project: shop },
            Operation::Stop { project: open, starter: Some(&actor) },
            Operation::Answer { project: Some(shop), question: "", approvers: &[], not_by: None },
            Operation::ChangeBudgets,
            Operation::CreateToken { project: Some(shop) },
            Operation::ManageSignIns { owner: &actor },
        ]
        .map(|operation| decide(&configuration, &operation, Some(&actor), &authority, false))
        .map(|decided| decided == Authorization::Allowed)
    };
    let (yes, no) = (true, false);
    let every = [Role::Viewer, Role::Developer, Role::Approver, Role::Admin];
    assert_eq!(admitted("admin", &every, None), [yes, yes, yes, yes, yes, yes, no, yes]);
    assert_eq!(admitted("admin", &every, Some(&["SHOP"])), [yes, no, yes, no, yes, no, no, no]);
    assert_eq!(admitted("admin", &[Role::Viewer], None), [yes, yes, no, no, no, no, no, no]);
    assert_eq!(admitted("viewer", &every, None), [yes, yes, no, yes, no, no, no, yes]);
    assert_eq!(admitted("admin", &[], None), [no; 8]);
    assert_eq!(admitted("unprivileged", &every, Some(&["SHOP"])), [no; 8]);
}

#[test]
fn the_installations_own_credentials_allow_everything_but_a_persons_word() {
    let configuration = configuration();
    let project = &configuration.projects[0];
    let stranger = login(&configuration, "stranger");
    for operation in [Operation::StartByHand, Operation::Redrive { project }, Operation::SeeAudit] {
        let decided = decide(&configuration, &operation, Some(&stranger), &Authority::Installation, false);
        assert_eq!(decided, Authorization::Allowed, "{operation:?}");
        assert!(matches!(authorize(&configuration, &operation, Some(&stranger)), Authorization::Denied(_)));
    }
    let decided = |operation: &Operation<'_>, id: &str| {
        decide(&configuration, operation, Some(&login(&configuration, id)), &Authority::Installation, false)
    };
    let answer = Operation::Answer { project: Some(project), question: "", approvers: &[], not_by: None };
    for word in
        [answer, Operation::Stop { project, starter: None }, Operation::Undo { project, starter: None }]
    {
        assert!(matches!(decided(&word, "stranger"), Authorization::Denied(_)), "{word:?}");
        assert_eq!(decided(&word, "admin"), Authorization::Allowed, "{word:?}");
    }
}

#[test]
fn what_outlives_a_token_is_not_done_with_one() {
    let configuration = configuration();
    let admin = login(&configuration, "admin");
    let scope = Scope { roles: BTreeSet::from([Role::Admin]), projects: None };
    let with_token = Authority::Scoped(scope);
    for operation in [
        Operation::ChangePlugins,
        Operation::ChangePerson { before: None, after: None },
        Operation::CreateToken { project: None },
    ] {
        let decided = |authority| authorize_with(&configuration, &operation, Some(&admin), authority);
        assert_eq!(decided(&Authority::Roles), Authorization::Allowed, "{operation:?}");
        assert!(matches!(decided(&with_token), Authorization::Denied(_)), "{operation:?}");
    }
}

#[test]
fn schedules_start_work_and_nobody_in_particular_does_not() {
    let configuration = configuration();
    let project = &configuration.projects[0];
    let start = Operation::Start { project };
    let schedule = actor(&configuration, SourceName::SCHEDULE, "nightly");
    assert_eq!(authorize(&configuration, &start, Some(&schedule)), Authorization::Allowed);
    let stop = Operation::Stop { project, starter: None };
    assert!(matches!(authorize(&configuration, &stop, Some(&schedule)), Authorization::Denied(_)));
    for operation in
        [start, stop, Operation::Answer { project: None, question: "", approvers: &[], not_by: None }]
    {
        assert!(matches!(authorize(&configuration, &operation, None), Authorization::Denied(_)));
    }
    assert_eq!(authorize(&configuration, &Operation::StartByMachine, None), Authorization::Allowed);
}

#[test]
fn a_denial_says_who_may() {
    let configuration = configuration();
    let project = &configuration.projects[0];
    let mut mallory = actor(&configuration, SourceName::from_static("slack"), "U9");
    mallory.display_name = Some("mallory".into());
    let approvers = ["leads".to_owned()];
    for (operation, expected) in [
        (
            Operation::Start { project },
            "mallory may not start work on SHOP; members of engineering may, and people with the role developer or admin",
        ),
        (
            Operation::Answer {
                project: Some(project),
                question: "Ship it?",
                approvers: &approvers,
                not_by: None,
            },
            "mallory may not answer “Ship it?”; leads may",
        ),
        (
            Operation::Answer { project: Some(project), question: "Ship it?", approvers: &[], not_by: None },
            "mallory may not answer “Ship it?”; people with the role approver or admin may",
        ),
        (
            Operation::See { project: Some(project), starter: None },
            "mallory may not see work on SHOP; allowed: the person who started it, members of engineering, people with the role \
             viewer, developer, approver or admin",
        ),
        (
            Operation::Stop { project, starter: None },
            "mallory may not steer work on SHOP; allowed: the person who started it, members of engineering, people with the role \
             developer or admin",
        ),
    ] {
        let denied = Authorization::Denied(expected.to_owned());
        assert_eq!(authorize(&configuration, &operation, Some(&mallory)), denied);
    }
}

#[test]
fn who_asked_for_work_may_be_kept_from_approving_it() {
    let configuration = configuration();
    let [shop, _] = configuration.projects.as_slice() else { panic!("two projects") };
    let asks =
        |not_by| Operation::Answer { project: Some(shop), question: "Ship it?", approvers: &[], not_by };
    for (not_by, expected) in [
        (None, "approver admin shop-approver shop-admin"),
        (Some("approver"), "admin shop-approver shop-admin"),
        (Some("shop-admin"), "approver admin shop-approver"),
    ] {
        assert_eq!(admitted(&asks(not_by), false), expected, "{not_by:?}");
    }
}

#[test]
fn nobody_takes_the_role_admin_from_themselves_and_nobody_else_gives_themselves_roles() {
    let configuration = configuration();
    let user = |name: &str| configuration.users.iter().find(|user| user.name == name).unwrap();
    let with = |name: &str, roles: Value| -> User {
        serde_json::from_value(json!({"name": name, "github": name, "roles": roles})).unwrap()
    };
    let decided = |who: &str, before: &User, after: Option<&User>, authority: &Authority| {
        let actor = login(&configuration, who);
        let operation = Operation::ChangePerson { before: Some(before), after };
        decide(&configuration, &operation, Some(&actor), authority, false)
    };
    let check = |who: &str, before: &str, after: Option<Value>, expected: bool| {
        let after = after.map(|roles| with(before, roles));
        for authority in [Authority::Roles, Authority::Installation] {
            let decided = decided(who, user(before), after.as_ref(), &authority);
            let expected = expected || authority == Authority::Installation && who != before;
            assert_eq!(decided == Authorization::Allowed, expected, "{who} {before} {after:?}: {decided:?}");
        }
    };
    check("admin", "admin", None, false);
    check("admin", "admin", Some(json!(["developer"])), false);
    check("admin", "admin", Some(json!({"SHOP": ["admin"]})), false);
    check("admin", "admin", Some(json!(["admin", "developer"])), true);
    check("admin", "developer", None, true);
    check("admin", "developer", Some(json!(["admin"])), true);
    check("shop-admin", "viewer", Some(json!(["admin"])), false);
    for who in ["viewer", "developer", "approver", "shop-admin", "unprivileged"] {
        let after = with(who, json!(["admin"]));
        let refused = decided(who, user(who), Some(&after), &Authority::Roles);
        let Authorization::Denied(reason) = refused else { panic!("{who}: {refused:?}") };
        assert!(
            reason.ends_with("may not change people and their roles; people with the role admin may"),
            "{reason}"
        );
    }
    // A machine's token of an admin does not outlive itself through its creations.
    let scope = Scope { roles: [Role::Admin].into(), projects: None };
    let token = decided("admin", user("viewer"), None, &Authority::Scoped(scope));
    assert!(matches!(token, Authorization::Denied(_)), "{token:?}");
}
