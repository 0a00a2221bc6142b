//! GitHub Apps: signed requests for tokens, and what a narrowed token may do.

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::{KeyPair, KeySize},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};

use super::*;

fn key() -> String {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let body = STANDARD.encode(der.as_ref());
    let lines: Vec<_> = body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
}

/// The moment at which the simulated clock starts.
const START: i64 = 1_772_442_000;

fn jwt(key: &str, issuer: &str, issued: i64, lifetime: i64) -> String {
    let claims = json!({ "iat": START + issued, "exp": START + issued + lifetime, "iss": issuer });
    let key = EncodingKey::from_rsa_pem(key.as_bytes()).unwrap();
    jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &key).unwrap()
}

async fn start(key: &str) -> Server {
    let mut world = world();
    let mut second = world["repositories"][0].clone();
    second["name"] = json!("acme/other");
    world["repositories"].as_array_mut().unwrap().push(second);
    let permissions = json!({ "contents": "write", "issues": "write", "pull_requests": "write" });
    world["app"] = json!({ "slug": "ticketsmith", "permissions": permissions });
    let secret = json!({ "app_id": "77", "installation_id": "99", "private_key": key });
    let mut server = Server::with(world, json!({ "github": secret })).await;
    server.token = Some(jwt(key, "77", -60, 600));
    server
}

const TOKENS: &str = "/app/installations/99/access_tokens";

#[tokio::test]
async fn a_token_does_what_it_was_given_for_and_no_more() {
    let key = key();
    let mut server = start(&key).await;
    let app = server.token.clone();
    let installation = server.get("/installation").await;
    assert_eq!((&installation["id"], &installation["app_slug"]), (&json!(99), &json!("ticketsmith")));
    assert_eq!(
        server.refused("GET", "/contents/README.md", None).await.0,
        403,
        "the app itself reads nothing"
    );

    let narrow = json!({ "repositories": ["shop"], "permissions": { "contents": "read" } });
    let (status, token) = server.call("POST", TOKENS, Some(narrow)).await;
    assert_eq!((status, &token["repository_selection"]), (201, &json!("selected")));
    assert_eq!(token["permissions"], json!({ "contents": "read", "metadata": "read" }));
    assert_eq!(token["expires_at"], "2026-03-02T10:00:00Z");
    // The log may not show a token, so it is read from the answer.
    assert_eq!(server.log.entries().last().unwrap().response["token"], "[redacted]");
    server.token = Some(token["token"].as_str().unwrap().to_string());
    let main = server.get("/git/ref/heads/main").await["object"]["sha"].clone();
    let branch = Some(json!({ "ref": "refs/heads/topic", "sha": main }));
    let denied = (403, "Resource not accessible by integration".to_string());
    assert_eq!(server.refused("POST", "/git/refs", branch.clone()).await, denied);
    assert_eq!(server.refused("POST", "/issues/1/comments", Some(json!({ "body": "x" }))).await, denied);
    assert_eq!(server.call("GET", "/repos/acme/other", None).await.0, 404);

    server.token = app;
    let (_, token) = server.call("POST", TOKENS, Some(json!({}))).await;
    server.token = Some(token["token"].as_str().unwrap().to_string());
    assert_eq!(token["repository_selection"], "all");
    server.ok("POST", "/git/refs", branch).await;
    let comment = server.ok("POST", "/issues/1/comments", Some(json!({ "body": "x" }))).await;
    assert_eq!(
        (&comment["user"]["login"], &comment["user"]["type"]),
        (&json!("ticketsmith[bot]"), &json!("Bot"))
    );
    assert_eq!(server.call("GET", "/repos/acme/other", None).await.0, 200);

    server.pass(SignedDuration::from_hours(1));
    assert_eq!(server.refused("GET", "", None).await, (401, "Bad credentials".into()));
    server.finish();
}

#[tokio::test]
async fn a_token_is_not_given_for_more_than_was_granted_or_to_anyone() {
    let key = key();
    let mut server = start(&key).await;
    let ask = async |server: &Server, body: Value| server.call("POST", TOKENS, Some(body)).await.0;
    assert_eq!(ask(&server, json!({ "permissions": { "actions": "read" } })).await, 422);
    assert_eq!(ask(&server, json!({ "repositories": ["none"] })).await, 422);
    assert_eq!(server.call("POST", "/app/installations/1/access_tokens", None).await.0, 404);
    let stranger = self::key();
    for wrong in [
        jwt(&stranger, "77", -60, 600),
        jwt(&key, "78", -60, 600),
        jwt(&key, "77", -60, 3600),
        jwt(&key, "77", -900, 600),
        jwt(&key, "77", 300, 600),
    ] {
        server.token = Some(wrong);
        assert_eq!(ask(&server, json!({})).await, 401);
    }
    server.finish();
}

#[tokio::test]
async fn the_app_changes_its_own_webhook() {
    let server = start(&key()).await;
    let config =
        json!({ "url": "https://tickets.example/webhooks/github", "content_type": "json", "secret": "s" });
    let (status, changed) = server.call("PATCH", "/app/hook/config", Some(config)).await;
    assert_eq!((status, &changed["secret"]), (200, &json!("********")));
    let (_, present) = server.call("GET", "/app/hook/config", None).await;
    assert_eq!(present["url"], "https://tickets.example/webhooks/github");
}

/// Posts a manifest as a browser does; gives the status, and where the browser is sent or what it is told.
async fn agree(server: &Server, page: &str, manifest: &Value) -> (u16, String) {
    let browser = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let request = browser.post(format!("{}{page}?state=s", server.url));
    let answer = request.form(&[("manifest", manifest.to_string())]).send().await.unwrap();
    let (status, place) = (answer.status().as_u16(), answer.headers().get("location").cloned());
    match place {
        Some(place) => (status, place.to_str().unwrap().to_owned()),
        None => (status, answer.text().await.unwrap()),
    }
}

fn manifest() -> Value {
    json!({
        "name": "Ticketsmith acme", "url": "https://github.com/acme/shop", "public": false,
        "redirect_url": "http://127.0.0.1:9/made",
        "hook_attributes": { "url": "https://tickets.example/webhooks/github", "active": true },
        "default_permissions": { "issues": "write" }, "default_events": ["issues"],
    })
}

#[tokio::test]
async fn an_app_that_is_made_from_a_manifest_has_what_the_manifest_says_once_it_is_installed() {
    let key = key();
    let mut server = start(&key).await;
    let proof = server.token.take();
    let (status, place) = agree(&server, "/organizations/acme/settings/apps/new", &manifest()).await;
    let (back, code) = place.split_once("?code=").unwrap();
    assert_eq!((status, back, code.ends_with("&state=s")), (302, "http://127.0.0.1:9/made", true), "{place}");
    let conversions = format!("/app-manifests/{}/conversions", code.split('&').next().unwrap());
    let (status, made) = server.call("POST", &conversions, None).await;
    assert_eq!((status, &made["id"], &made["slug"]), (201, &json!(77), &json!("ticketsmith")));
    assert_eq!(made["permissions"], json!({ "issues": "write", "metadata": "read" }));
    assert_eq!((&made["events"], &made["pem"]), (&json!(["issues"]), &json!(key)));
    let entries = server.log.entries();
    let shown = &entries.last().unwrap().response;
    assert_ne!(shown["webhook_secret"], made["webhook_secret"], "the log shows no secret");
    assert_eq!(server.call("POST", &conversions, None).await.0, 404, "a code counts once");

    server.token = proof;
    assert_eq!(server.refused("GET", "/installation", None).await.0, 404);
    assert_eq!(server.call("POST", TOKENS, Some(json!({}))).await.0, 404);
    let page = format!("{}/installations/new", made["html_url"].as_str().unwrap());
    assert_eq!(server.client.get(page).send().await.unwrap().status(), 200);
    assert_eq!(server.get("/installation").await["permissions"], made["permissions"]);
    let (_, hook) = server.call("GET", "/app/hook/config", None).await;
    assert_eq!(hook["url"], "https://tickets.example/webhooks/github");
}

#[tokio::test]
async fn a_manifest_is_refused_as_github_refuses_it() {
    let server = start(&key()).await;
    let own = "/settings/apps/new";
    assert_eq!(agree(&server, own, &manifest()).await.0, 302);
    for (change, expected) in [
        (json!({ "url": null }), "url"),
        (json!({ "hook_attributes": { "active": false } }), "url"),
        (json!({ "default_events": ["status"] }), "not supported by permissions: status"),
        (json!({ "default_events": ["installation"] }), "installation"),
        (json!({ "permissions": {} }), "permissions"),
        (json!({ "name": "n".repeat(35) }), "34"),
        (json!({ "redirect_url": null }), "redirect_url"),
    ] {
        let mut whole = manifest();
        whole.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let (status, told) = agree(&server, own, &whole).await;
        assert!(status == 422 && told.contains(expected), "{change}: {status} {told}");
    }
    assert_eq!(agree(&server, "/organizations/nobody/settings/apps/new", &manifest()).await.0, 422);
}
