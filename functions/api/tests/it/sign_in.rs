//! Signing in by a link, machine tokens, and their removal.

use crate::world::{OPERATOR, World, configuration};
use axum::http::Method;
use domain::configuration::Role;
use jiff::SignedDuration;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sign_in::Ticket;

async fn ticket(world: &World, person: Option<&str>) -> String {
    let ticket = Ticket::new(person.map(str::to_owned), world.now());
    world.table.put_sign_in_ticket(&ticket.digest(), &ticket.kept).await.unwrap();
    ticket.text.expose_secret().to_owned()
}

async fn exchange(world: &World, ticket: &str, carrier: &str) -> crate::answer::Answer {
    let body = json!({"ticket": ticket, "carrier": carrier});
    world.ask(Method::POST, "/api/v1/auth/ticket", None, Some(body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_signs_in_once_and_within_five_minutes() {
    let world = World::new().await;
    let text = ticket(&world, None).await;
    let signed_in = exchange(&world, &text, "bearer").await;
    assert_eq!(signed_in.status, 200, "{}", signed_in.text);
    let token = signed_in.json()["token"].as_str().unwrap().to_owned();
    let me = world.ask(Method::GET, "/api/v1/me", Some(&token), None).await.json();
    assert_eq!(
        (&me["name"], &me["is_operator"], &me["signed_in_by"]),
        (&json!("operator"), &json!(true), &json!("link"))
    );
    assert_eq!(exchange(&world, &text, "bearer").await.status, 401, "a second time");
    let late = ticket(&world, Some("viewer")).await;
    world.advance(SignedDuration::from_mins(5));
    assert_eq!(exchange(&world, &late, "bearer").await.status, 401, "too late");
    let stranger = ticket(&world, Some("stranger")).await;
    assert_eq!(exchange(&world, &stranger, "bearer").await.status, 401, "nobody");
    for wrong in ["", "x", &"A".repeat(43), &"A".repeat(10_000)] {
        let status = exchange(&world, wrong, "bearer").await.status;
        assert!(matches!(status, 401 | 422), "{status}");
    }
    world.advance(SignedDuration::from_hours(12));
    assert_eq!(
        world.ask(Method::GET, "/api/v1/me", Some(&token), None).await.status,
        401,
        "twelve hours later"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browsers_session_needs_its_proof() {
    let world = World::new().await;
    let signed_in = exchange(&world, &ticket(&world, Some("viewer")).await, "cookie").await;
    let cookie = signed_in.headers["set-cookie"].to_str().unwrap();
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/api/v1"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let body = signed_in.json();
    assert_eq!(body.get("token"), None);
    let proof = body["proof"].as_str().unwrap().to_owned();
    let session = signed_in.cookie("ticketsmith_session");
    let cookie = ("cookie", format!("ticketsmith_session={session}"));
    let with_proof = [cookie.clone(), ("ticketsmith-proof", proof)];
    let get = async |headers: &[(&str, String)]| world.send(Method::GET, "/api/v1/me", headers, None).await;
    assert_eq!(get(&with_proof).await.json()["name"], "viewer");
    assert_eq!(
        get(std::slice::from_ref(&cookie)).await.status,
        401,
        "another port's page has only the cookie"
    );
    assert_eq!(get(&[cookie, ("ticketsmith-proof", "guess".to_owned())]).await.status, 401);
    let bearer = [("authorization", format!("Bearer {session}"))];
    assert_eq!(get(&bearer).await.status, 401, "a cookie's session is no bearer's");

    let out = world.send(Method::POST, "/api/v1/auth/sign-out", &with_proof, None).await;
    assert_eq!((out.status, out.cookie("ticketsmith_session").as_str()), (204, ""));
    assert_eq!(get(&with_proof).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_removed_loses_access_within_a_minute() {
    let world = World::new().await;
    let session = world.session("developer");
    let (token, _) = world.machine_token("developer", &[Role::Viewer], None).await;
    let get = async |token: &str| world.ask(Method::GET, "/api/v1/me", Some(token), None).await.status;
    assert_eq!((get(&session).await, get(&token).await), (200, 200));
    let mut without = configuration(json!({}));
    without.users.retain(|user| user.name != "developer");
    // As another function would: this one's copy may be a minute old.
    let writer = records::Table::new(world.table_client(), "ticketsmith");
    writer.put_configuration(&without).await.unwrap();
    world.advance(SignedDuration::from_secs(60));
    assert_eq!((get(&session).await, get(&token).await), (401, 401));
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_of_a_person_end_together_and_only_theirs() {
    let world = World::new().await;
    let (one, two, other) = (world.session("viewer"), world.session("viewer"), world.session("approver"));
    let path = "/api/v1/users/viewer/sign-out";
    let by = async |token: &str| world.ask(Method::POST, path, Some(token), None).await.status;
    assert_eq!(by(&other).await, 403);
    assert_eq!(by(&one).await, 204);
    let get = async |token: &str| world.ask(Method::GET, "/api/v1/me", Some(token), None).await.status;
    assert_eq!((get(&one).await, get(&two).await, get(&other).await), (401, 401, 200));
    world.advance(SignedDuration::from_secs(1));
    assert_eq!(get(&world.session("viewer")).await, 200, "a new one");
    assert_eq!(
        world.ask(Method::POST, "/api/v1/users/nobody/sign-out", Some(OPERATOR), None).await.status,
        404
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_whose_name_no_path_can_hold_is_signed_out_by_their_id() {
    let world = World::new().await;
    let ask = async |path: &str, body: Option<Value>| {
        world.ask(Method::POST, path, Some(&world.session("admin")), body).await
    };
    let person = ask("/api/v1/people", Some(json!({"name": "ops/ada l", "roles": ["viewer"]}))).await;
    assert_eq!(person.status, 201, "{}", person.text);
    // `ops/ada l` in base64url. In an account, `%2F` arrives as `/`.
    for path in ["/api/v1/users/b3BzL2FkYSBs/sign-out", "/api/v1/users/ops%2Fada%20l/sign-out"] {
        world.advance(SignedDuration::from_secs(1));
        let session = world.session("ops/ada l");
        let get = async || world.ask(Method::GET, "/api/v1/me", Some(&session), None).await.status;
        assert_eq!(get().await, 200, "{path}");
        assert_eq!((ask(path, None).await.status, get().await), (204, 401), "{path}");
    }
    assert_eq!(ask("/api/v1/users/ops/ada%20l/sign-out", None).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_shown_once_and_holds_what_was_asked_for() {
    let world = World::new().await;
    let admin = world.session("admin");
    let create = async |token: &str, body: Value| {
        world.ask(Method::POST, "/api/v1/tokens", Some(token), Some(body)).await
    };
    let body = json!({"name": "report", "roles": ["viewer"], "projects": ["shop"], "valid_days": 90});
    let created = create(&admin, body.clone()).await;
    assert_eq!(created.status, 201, "{}", created.text);
    let token = created.json();
    assert_eq!(created.headers["location"], format!("/api/v1/tokens/{}", token["id"].as_str().unwrap()));
    assert_eq!((&token["owner"], &token["projects"]), (&json!("admin"), &json!(["SHOP"])));
    let text = token["token"].as_str().unwrap();
    let list = world.ask(Method::GET, "/api/v1/tokens", Some(&admin), None).await;
    assert_eq!(list.json()["items"].as_array().unwrap().len(), 1);
    // The secret may have `_`, too.
    assert!(!list.text.contains(text) && !list.text.contains(text.splitn(3, '_').nth(2).unwrap()));
    let others = world.ask(Method::GET, "/api/v1/tokens", Some(&world.session("viewer")), None).await;
    assert_eq!(others.json()["items"], json!([]));

    let me = world.ask(Method::GET, "/api/v1/me", Some(text), None).await.json();
    assert_eq!((&me["limited_to_roles"], &me["limited_to_projects"]), (&json!(["viewer"]), &json!(["SHOP"])));
    assert_eq!(create(text, body.clone()).await.status, 403, "a token creates no other");
    assert_eq!(world.ask(Method::GET, "/api/v1/users", Some(text), None).await.status, 403, "its owner may");
    assert_eq!(create(OPERATOR, body).await.status, 403, "the operator is nobody under users");
    for (field, wrong) in [
        ("valid_days", json!(91)),
        ("valid_days", json!(0)),
        ("roles", json!([])),
        ("roles", json!(["boss"])),
        ("projects", json!(["X"])),
        ("projects", json!([])),
        ("name", json!("")),
        ("name", json!("  ")),
        ("name", json!("a".repeat(10_000))),
        ("extra", json!(1)),
    ] {
        let mut body = json!({"name": "x", "roles": ["viewer"], "valid_days": 1});
        body[field] = wrong.clone();
        let answer = create(&admin, body).await;
        assert_eq!(answer.status, 422, "{field} {wrong}: {}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_leaves_a_record_with_its_answer() {
    let world = World::new().await;
    let admin = world.session("admin");
    let (machine, id) = world.machine_token("viewer", &[Role::Viewer], None).await;
    let asked = [
        (
            Method::POST,
            "/api/v1/tokens".to_owned(),
            &admin,
            Some(json!({"name": "x", "roles": ["viewer"], "valid_days": 1})),
        ),
        (Method::POST, "/api/v1/tokens".to_owned(), &admin, Some(json!({}))),
        (Method::POST, "/api/v1/users/admin/sign-out".to_owned(), &machine, None),
        (Method::GET, "/api/v1/me".to_owned(), &admin, None),
    ];
    let mut statuses = Vec::new();
    for (method, path, token, body) in asked {
        statuses.push(world.ask(method, &path, Some(token), body).await.status);
        world.advance(SignedDuration::from_secs(1));
    }
    assert_eq!(statuses, [201, 422, 403, 200]);
    let audit = world.ask(Method::GET, "/api/v1/audit?day=2026-11-29", Some(&admin), None).await.json();
    let found: Vec<Value> = audit["items"].as_array().unwrap().iter().rev().cloned().collect();
    let found: Vec<[&Value; 4]> =
        found.iter().map(|change| ["who", "by", "what", "status"].map(|name| &change[name])).collect();
    let by_machine = json!(format!("token {id}"));
    assert_eq!(
        found,
        [
            [&json!("admin"), &json!("link"), &json!("POST /api/v1/tokens"), &json!(201)],
            [&json!("admin"), &json!("link"), &json!("POST /api/v1/tokens"), &json!(422)],
            [&json!("viewer"), &by_machine, &json!("POST /api/v1/users/admin/sign-out"), &json!(403)],
        ]
    );
    let first = world.ask(Method::GET, "/api/v1/audit?limit=2", Some(&admin), None).await.json();
    let next = format!("/api/v1/audit?limit=2&cursor={}", first["next"].as_str().unwrap());
    assert_eq!(
        world.ask(Method::GET, &next, Some(&admin), None).await.json()["items"].as_array().unwrap().len(),
        1
    );
    for wrong in ["yesterday", "2026-13-01", "2026-11-29T00:00"] {
        let path = format!("/api/v1/audit?day={wrong}");
        assert_eq!(world.ask(Method::GET, &path, Some(&admin), None).await.status, 422, "{wrong}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_used_too_often_is_told_when_to_come_again() {
    let world = World::new().await;
    let (one, other) = (world.session("viewer"), world.session("viewer"));
    let get = async |token: &str| world.ask(Method::GET, "/api/v1/me", Some(token), None).await;
    let mut refused = None;
    for _ in 0..60 {
        let answer = get(&one).await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
        assert_eq!(answer.status, 200);
    }
    let refused = refused.unwrap();
    assert_eq!(
        (refused.headers["retry-after"].to_str().unwrap(), &refused.json()["code"]),
        ("1", &json!("too_many_requests"))
    );
    assert_eq!(get(&other).await.status, 200);
    world.advance(SignedDuration::from_secs(1));
    assert_eq!(get(&one).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_a_link_runs_its_own_script_alone() {
    let world = World::new().await;
    let page = world.ask(Method::GET, "/api/v1/sign-in", None, None).await;
    assert_eq!(page.status, 200);
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(page.headers["referrer-policy"], "no-referrer");
    let script = world.ask(Method::GET, "/api/v1/sign-in.js", None, None).await;
    assert!(script.headers["content-type"].to_str().unwrap().starts_with("text/javascript"));
}
