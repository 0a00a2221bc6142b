//! Signing in at GitHub and at a provider of OpenID Connect, each simulated strictly: whatever the real one would refuse is refused.

use crate::answer::Answer;
use crate::world::{World, serve};
use axum::extract::{Form, RawQuery, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

const REDIRECT: &str = "http://127.0.0.1:8081/api/v1/auth";
/// It has characters that the header for an OAuth client must encode.
const SECRET: &str = "client:secret+%";

type Fields = BTreeMap<String, String>;

/// A provider's knowledge of one sign-in: its beginning.
#[derive(Debug, Default)]
struct Provider {
    /// The issued codes that were not exchanged yet, with the beginning of their sign-in.
    codes: BTreeMap<String, Fields>,
    /// The person who signs in next.
    account: Value,
    /// The wrong values in its ID tokens.
    lies: Value,
    address: String,
    key: Option<EncodingKey>,
    /// How often its discovery document was read.
    discovered: usize,
}

type Shared = Arc<Mutex<Provider>>;

fn fields(query: &str) -> Fields {
    url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// Acts as a browser and a person: follows to the provider, confirms there, and comes back with the cookie.
async fn sign_in(world: &World, provider: &Shared, way: &str) -> Answer {
    let (query, cookie) = begin(world, provider, way).await;
    let code = confirm(provider, &query);
    come_back(world, way, &format!("code={code}&state={}", query["state"]), &cookie).await
}

async fn begin(world: &World, provider: &Shared, way: &str) -> (Fields, String) {
    let begun = world.ask(Method::GET, &format!("/api/v1/auth/{way}"), None, None).await;
    assert_eq!(begun.status, 303, "{}", begun.text);
    let location = begun.headers[header::LOCATION].to_str().unwrap().to_owned();
    let address = provider.lock().unwrap().address.clone();
    let (to, query) = location.split_once('?').unwrap();
    let page = if way == "github" { "/login/oauth/authorize" } else { "/authorize" };
    assert_eq!(to, format!("{address}{page}"));
    let set = begun.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(set.contains("SameSite=Lax") && set.contains("HttpOnly") && set.contains("Max-Age=600"), "{set}");
    (fields(query), begun.cookie("ticketsmith_state"))
}

/// The provider's page: checks the beginning of the sign-in, and issues a code.
fn confirm(provider: &Shared, query: &Fields) -> String {
    let redirect = &query["redirect_uri"];
    assert!(redirect.starts_with(REDIRECT) && redirect.ends_with("/callback"), "{redirect}");
    assert_eq!(
        (query["client_id"].as_str(), query["code_challenge_method"].as_str()),
        ("ticketsmith", "S256")
    );
    assert_eq!(query["code_challenge"].len(), 43);
    let code = format!("code-{}", crate::world::rand_text());
    provider.lock().unwrap().codes.insert(code.clone(), query.clone());
    code
}

async fn come_back(world: &World, way: &str, query: &str, cookie: &str) -> Answer {
    let cookie = [("cookie", format!("ticketsmith_state={cookie}"))];
    world.send(Method::GET, &format!("/api/v1/auth/{way}/callback?{query}"), &cookie, None).await
}

/// Exchanges a code, once, for the client that can prove that it began.
fn exchanged(provider: &mut Provider, form: &Fields) -> Option<Fields> {
    let began = provider.codes.remove(form.get("code")?)?;
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(form.get("code_verifier")?.as_bytes()));
    let is_it = began["code_challenge"] == challenge && began["redirect_uri"] == *form.get("redirect_uri")?;
    is_it.then_some(began)
}

async fn github() -> (Shared, World) {
    let provider = Shared::default();
    let router = Router::new()
        .route("/login/oauth/access_token", post(github_token))
        .route("/user", get(github_user))
        .with_state(provider.clone());
    let address = serve(router).await;
    provider.lock().unwrap().address.clone_from(&address);
    let settings = json!({"github": {"client_id": "ticketsmith", "url": address, "api_url": address}});
    let world = World::with(settings, json!({"github": {"client_secret": SECRET}})).await;
    (provider, world)
}

async fn github_token(
    State(provider): State<Shared>,
    headers: HeaderMap,
    Form(form): Form<Fields>,
) -> Response {
    assert_eq!(headers[header::ACCEPT], "application/json");
    assert_eq!((form["client_id"].as_str(), form["client_secret"].as_str()), ("ticketsmith", SECRET));
    // GitHub refuses with the status 200.
    match exchanged(&mut provider.lock().unwrap(), &form) {
        Some(_) => {
            Json(json!({"access_token": "gho_1", "token_type": "bearer", "scope": ""})).into_response()
        }
        None => Json(json!({"error": "bad_verification_code", "error_description": "no"})).into_response(),
    }
}

async fn github_user(State(provider): State<Shared>, headers: HeaderMap) -> Response {
    assert!(headers.contains_key(header::USER_AGENT), "GitHub refuses requests without one");
    match headers[header::AUTHORIZATION] == "Bearer gho_1" {
        true => Json(provider.lock().unwrap().account.clone()).into_response(),
        false => StatusCode::UNAUTHORIZED.into_response(),
    }
}

fn account(provider: &Shared, account: Value) {
    provider.lock().unwrap().account = account;
}

/// The person whom a page's cookie and proof sign in.
async fn name(world: &World, answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(answer.headers.get(header::LOCATION).is_none());
    let proof = answer.text.split("data-proof=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let session = answer.cookie("ticketsmith_session");
    let headers = [("cookie", format!("ticketsmith_session={session}")), ("ticketsmith-proof", proof)];
    let me = world.send(Method::GET, "/api/v1/me", &headers, None).await.json();
    me["name"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn github_signs_in_the_person_with_the_account() {
    let (provider, world) = github().await;
    account(&provider, json!({"id": 17, "login": "Developer", "type": "User"}));
    let answer = sign_in(&world, &provider, "github").await;
    assert_eq!(name(&world, &answer).await, "developer");
    // The name was given to another account.
    account(&provider, json!({"id": 99, "login": "developer", "type": "User"}));
    assert_eq!(sign_in(&world, &provider, "github").await.status, 401);
    account(&provider, json!({"id": 18, "login": "stranger", "type": "User"}));
    assert_eq!(sign_in(&world, &provider, "github").await.status, 401);
    account(&provider, json!({"id": 19, "login": "viewer", "type": "Organization"}));
    assert_eq!(sign_in(&world, &provider, "github").await.status, 401);
    let audit = world.ask(Method::GET, "/api/v1/audit", Some(&world.session("admin")), None).await.json();
    let changes = audit["items"].as_array().unwrap();
    assert_eq!(
        (changes.len(), &changes[0]["by"], &changes[0]["who"]),
        (1, &json!("github"), &json!("developer"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_counts_once_and_in_the_browser_where_it_began() {
    let (provider, world) = github().await;
    account(&provider, json!({"id": 17, "login": "developer", "type": "User"}));
    let (query, cookie) = begin(&world, &provider, "github").await;
    let callback = |code: &str| format!("code={code}&state={}", query["state"]);
    // Somebody leads another's browser here, which has no cookie or that of another sign-in.
    let (_, other) = begin(&world, &provider, "github").await;
    for wrong in ["", other.as_str(), "x"] {
        let code = confirm(&provider, &query);
        assert_eq!(come_back(&world, "github", &callback(&code), wrong).await.status, 401);
    }
    let state = query["state"].clone();
    for wrong in [
        "",
        "code=x",
        "state=x&code=x",
        &format!("state={state}"),
        &format!("state={state}&error=access_denied"),
    ] {
        let (query, cookie) = begin(&world, &provider, "github").await;
        let wrong = wrong.replace(&state, &query["state"]);
        assert_eq!(come_back(&world, "github", &wrong, &cookie).await.status, 401, "{wrong}");
    }
    let code = confirm(&provider, &query);
    assert_eq!(come_back(&world, "github", &callback(&code), &cookie).await.status, 200);
    let code = confirm(&provider, &query);
    assert_eq!(come_back(&world, "github", &callback(&code), &cookie).await.status, 401, "a second time");
    // Too late, and a code that was given to another sign-in.
    let (query, cookie) = begin(&world, &provider, "github").await;
    let (another, _) = begin(&world, &provider, "github").await;
    let stolen = confirm(&provider, &another);
    let path = format!("code={stolen}&state={}", query["state"]);
    assert_eq!(come_back(&world, "github", &path, &cookie).await.status, 401, "PKCE");
    let (query, cookie) = begin(&world, &provider, "github").await;
    world.advance(jiff::SignedDuration::from_mins(10));
    let path = format!("code={}&state={}", confirm(&provider, &query), query["state"]);
    assert_eq!(come_back(&world, "github", &path, &cookie).await.status, 401);
    for path in
        ["/api/v1/auth/oidc", "/api/v1/auth/gitlab", "/api/v1/auth/%ff", "/api/v1/auth/%ff/callback?state=x"]
    {
        let answer = world.ask(Method::GET, path, None, None).await;
        assert_eq!((answer.status, answer.json()["code"].clone()), (404, json!("not_found")), "{path}");
    }
}

async fn oidc() -> (Shared, World) {
    let provider = Shared::default();
    let random = aws_lc_rs::rand::SystemRandom::new();
    let pkcs8 = aws_lc_rs::signature::EcdsaKeyPair::generate_pkcs8(
        &aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING,
        &random,
    )
    .unwrap();
    let router = Router::new()
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/token/", post(oidc_token))
        .route("/keys/", get(oidc_keys))
        .with_state(provider.clone());
    let address = serve(router).await;
    {
        let mut provider = provider.lock().unwrap();
        provider.address.clone_from(&address);
        provider.key = Some(EncodingKey::from_ec_der(pkcs8.as_ref()));
        provider.lies = json!({});
    }
    let settings = json!({"oidc": {"issuer": address, "client_id": "ticketsmith"}});
    let world = World::with(settings.clone(), json!({"oidc": {"client_secret": SECRET}})).await;
    let mut configuration = crate::world::configuration(settings);
    for (user, account) in configuration.users.iter_mut().zip(["viewer@acme.example", "u-2"]) {
        user.accounts.insert("oidc".to_owned(), account.to_owned());
    }
    world.table.put_configuration(&configuration).await.unwrap();
    (provider, world)
}

/// The endpoints are as some providers have them: with a slash at the end, and with a query that says which of its pages people see.
async fn discovery(State(provider): State<Shared>) -> Json<Value> {
    let mut provider = provider.lock().unwrap();
    provider.discovered += 1;
    let address = &provider.address;
    Json(json!({
        "issuer": provider.lies.get("discovered").cloned().unwrap_or(json!(address)),
        "authorization_endpoint": format!("{address}/authorize?page=sign-in"),
        "token_endpoint": format!("{address}/token/?page=sign-in"),
        "jwks_uri": format!("{address}/keys/?page=sign-in"),
    }))
}

async fn oidc_keys(State(provider): State<Shared>, RawQuery(query): RawQuery) -> Json<JwkSet> {
    assert_eq!(query.as_deref(), Some("page=sign-in"));
    let provider = provider.lock().unwrap();
    let mut key = Jwk::from_encoding_key(provider.key.as_ref().unwrap(), Algorithm::ES256).unwrap();
    key.common.key_id = Some("k1".to_owned());
    Json(JwkSet { keys: vec![key] })
}

async fn oidc_token(
    State(provider): State<Shared>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    Form(form): Form<Fields>,
) -> Response {
    assert_eq!(query.as_deref(), Some("page=sign-in"));
    let secret: String = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    let basic = format!("Basic {}", STANDARD.encode(format!("ticketsmith:{secret}")));
    assert_eq!(headers[header::AUTHORIZATION], basic.as_str());
    assert_eq!(form["grant_type"], "authorization_code");
    let mut provider = provider.lock().unwrap();
    let Some(began) = exchanged(&mut provider, &form) else {
        return (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response();
    };
    assert_eq!((began["response_type"].as_str(), began["scope"].as_str()), ("code", "openid email profile"));
    assert_eq!(began["page"], "sign-in");
    let now = "2026-11-29T12:00:00Z".parse::<jiff::Timestamp>().unwrap().as_second();
    let mut claims = json!({
        "iss": provider.address, "aud": "ticketsmith", "nonce": began["nonce"], "iat": now, "exp": now + 60,
    });
    for (name, value) in
        provider.account.as_object().unwrap().iter().chain(provider.lies.as_object().unwrap())
    {
        claims[name] = value.clone();
    }
    let mut header = Header::new(Algorithm::ES256);
    header.kid = Some("k1".to_owned());
    let token = jsonwebtoken::encode(&header, &claims, provider.key.as_ref().unwrap()).unwrap();
    Json(json!({"access_token": "a", "token_type": "Bearer", "id_token": token})).into_response()
}

#[tokio::test(flavor = "multi_thread")]
async fn openid_connect_signs_in_by_id_or_verified_address() {
    let (provider, world) = oidc().await;
    account(&provider, json!({"sub": "u-1", "email": "viewer@acme.example", "email_verified": true}));
    let answer = sign_in(&world, &provider, "oidc").await;
    assert_eq!(name(&world, &answer).await, "viewer");
    account(&provider, json!({"sub": "u-2"}));
    let answer = sign_in(&world, &provider, "oidc").await;
    assert_eq!(name(&world, &answer).await, "developer");
    for (nobody, why) in [
        (
            json!({"sub": "u-9", "email": "viewer@acme.example", "email_verified": true}),
            "the address is another's now",
        ),
        (json!({"sub": "u-3", "email": "viewer@acme.example"}), "not verified"),
        (json!({"sub": "u-4"}), "not configured"),
    ] {
        account(&provider, nobody);
        assert_eq!(sign_in(&world, &provider, "oidc").await.status, 401, "{why}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_token_for_somebody_else_signs_nobody_in() {
    let (provider, world) = oidc().await;
    account(&provider, json!({"sub": "u-2"}));
    for (lie, status) in [
        (json!({"iss": "https://evil.example"}), 401),
        (json!({"aud": "other"}), 401),
        (json!({"nonce": "other"}), 401),
        (json!({"exp": 1}), 401),
        (json!({}), 200),
    ] {
        provider.lock().unwrap().lies = lie.clone();
        assert_eq!(sign_in(&world, &provider, "oidc").await.status, status, "{lie}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_discovery_document_is_read_once_an_hour_by_one_request() {
    let (provider, world) = oidc().await;
    let begin = async || world.ask(Method::GET, "/api/v1/auth/oidc", None, None).await.status;
    let discovered = || provider.lock().unwrap().discovered;
    let statuses = futures::future::join_all((0..20).map(|_| begin())).await;
    assert_eq!((statuses, discovered()), (vec![303; 20], 1));
    world.advance(jiff::SignedDuration::from_mins(59));
    assert_eq!((begin().await, discovered()), (303, 1));
    // A document that is not that provider's signs nobody in, and is not asked for again and again.
    world.advance(jiff::SignedDuration::from_mins(1));
    provider.lock().unwrap().lies = json!({"discovered": "https://evil.example"});
    for _ in 0..3 {
        assert_eq!((begin().await, discovered()), (503, 2));
    }
    provider.lock().unwrap().lies = json!({});
    world.advance(jiff::SignedDuration::from_secs(5));
    assert_eq!((begin().await, discovered()), (303, 3));
}
