use axum::http::HeaderValue;
use serde_json::json;

use super::*;

/// Checks a JSON request and gives the places of its violations.
fn places(description: &Description, method: &str, uri: &str, body: Option<Value>) -> Vec<String> {
    let (path, query) = uri.split_once('?').map_or((uri, None), |(path, query)| (path, Some(query)));
    let mut headers = HeaderMap::new();
    headers.insert("anthropic-version", HeaderValue::from_static("2023-06-01"));
    if body.is_some() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    }
    let body = body.map(|body| body.to_string()).unwrap_or_default();
    let checked = description.check(&method.parse().unwrap(), path, query, &headers, body.as_bytes());
    checked.err().into_iter().flatten().map(|violation| violation.at).collect()
}

fn library() -> Description {
    let document = json!({
        "openapi": "3.0.3",
        "servers": [{ "url": "https://api.example.com/v1/" }],
        "components": { "schemas": {
            "named": { "type": "object", "properties": { "name": { "type": "string" } }, "required": ["name"] },
            "book": {
                "allOf": [
                    { "$ref": "#/components/schemas/named" },
                    { "type": "object", "properties": {
                        "id": { "type": "integer", "readOnly": true },
                        "year": { "type": "integer", "minimum": 0, "exclusiveMinimum": true, "nullable": true },
                        "free": { "type": "object" },
                        "author": { "$ref": "#/components/schemas/named" },
                    }, "required": ["id"] },
                ],
            },
        } },
        "paths": {
            "/shelves/{shelf}/books": {
                "parameters": [{ "name": "shelf", "in": "path", "required": true, "schema": { "type": "integer" } }],
                "get": { "parameters": [
                    { "name": "limit", "in": "query", "schema": { "type": "integer", "maximum": 9 } },
                    { "name": "tag", "in": "query", "schema": { "type": "array", "items": { "type": "string", "enum": ["a", "b"] } } },
                    { "name": "x-reader", "in": "header", "required": true, "schema": { "type": "string" } },
                ] },
                "post": { "requestBody": { "required": true, "content": { "application/json": {
                    "schema": { "oneOf": [
                        { "$ref": "#/components/schemas/book" },
                        { "type": "array", "items": { "$ref": "#/components/schemas/book" } },
                    ] },
                } } }, "responses": { "201": { "content": { "application/json": {
                    "schema": { "$ref": "#/components/schemas/named" },
                } } } } },
            },
        },
    });
    Description::new(document).unwrap()
}

#[test]
fn bodies_are_closed_where_properties_are_listed() {
    let library = library();
    #[track_caller]
    fn check(library: &Description, body: Value, expected: &[&str]) {
        let places = places(library, "POST", "/v1/shelves/1/books", Some(body.clone()));
        for place in expected {
            assert!(places.iter().any(|found| found == place), "{body} gave {places:?}, not {place}");
        }
        assert_eq!(places.is_empty(), expected.is_empty(), "{body} gave {places:?}");
    }
    check(&library, json!({ "name": "Emma", "year": 1815 }), &[]);
    check(&library, json!({ "name": "Emma", "year": null, "free": { "any": 1 } }), &[]);
    check(&library, json!([{ "name": "Emma", "author": { "name": "Jane" } }]), &[]);
    check(&library, json!({ "name": "Emma", "yaer": 1815 }), &["body"]);
    check(&library, json!({ "name": "Emma", "year": 0 }), &["body/year"]);
    check(
        &library,
        json!([{ "name": "Emma", "author": { "name": "Jane", "nmae": "" } }]),
        &["body/0/author"],
    );
    check(&library, json!({ "year": 1815 }), &["body"]);
}

#[test]
fn parameters_are_read_as_their_types() {
    let library = library();
    let headers = HeaderMap::from_iter([("x-reader".parse().unwrap(), HeaderValue::from_static("me"))]);
    let check = |path: &str, query: &str| {
        let checked = library.check(&Method::GET, path, Some(query), &headers, b"");
        checked.err().into_iter().flatten().map(|violation| violation.at).collect::<Vec<_>>()
    };
    assert_eq!(check("/v1/shelves/1/books", "limit=9&tag=a&tag=b"), [""; 0]);
    assert_eq!(check("/v1/shelves/1/books", "tag=a,b"), [""; 0]);
    assert_eq!(check("/v1/shelves/1/books", "limit=10"), ["query limit"]);
    assert_eq!(check("/v1/shelves/1/books", "limit=many&tag=c"), ["query limit", "query tag/0"]);
    assert_eq!(check("/v1/shelves/1/books", "limit=1&limit=2"), ["query limit"]);
    assert_eq!(check("/v1/shelves/one/books", "sort=up"), ["path parameter shelf", "query sort"]);
    let without = library.check(&Method::GET, "/v1/shelves/1/books", None, &HeaderMap::new(), b"{}");
    let places: Vec<_> = without.unwrap_err().into_iter().map(|violation| violation.to_string()).collect();
    assert_eq!(places, ["header x-reader: it is required", "body: the operation takes no body"]);
}

#[test]
fn unknown_paths_methods_and_media_types_are_named() {
    let library = library();
    assert_eq!(places(&library, "GET", "/v1/rooms", None), ["path"]);
    assert_eq!(places(&library, "GET", "/shelves/1/books", None), ["path"]);
    assert_eq!(places(&library, "DELETE", "/v1/shelves/1/books", None), ["method"]);
    assert_eq!(places(&library, "POST", "/v1/shelves/1/books", None), ["body"]);
    let form = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"))]);
    let violations = library.check(&Method::POST, "/v1/shelves/1/books", None, &form, b"x").unwrap_err();
    assert_eq!(
        violations[0].to_string(),
        "header content-type: `text/plain` is not among the described application/json"
    );
}

#[test]
fn bytes_of_any_media_type_are_counted_and_not_read() {
    let library = Description::new(json!({ "openapi": "3.1.0", "paths": { "/scans": {
        "post": { "requestBody": { "content": { "*/*": { "schema": { "maxLength": 4 } } } } },
    } } }))
    .unwrap();
    for kind in ["application/json", "application/octet-stream", ""] {
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(kind))]);
        let check = |body: &[u8]| library.check(&Method::POST, "/scans", None, &headers, body);
        assert_eq!((check(b"{\"a\""), check("\u{20ac}1".as_bytes())), (Ok(()), Ok(())), "{kind}");
        let violations = check("\u{20ac}12".as_bytes()).unwrap_err();
        assert_eq!(violations[0].to_string(), "body: it has 5 bytes, and the description allows 4");
    }
}

#[test]
fn answers_are_held_against_the_description_too() {
    let library = library();
    let check = |status, body| library.check_answer(&Method::POST, "/v1/shelves/1/books", status, &body);
    assert_eq!(check(201, json!({ "name": "Emma", "more": 1 })), Ok(()));
    assert_eq!(check(201, json!({})).unwrap_err()[0].at, "body");
    assert_eq!(check(418, json!({})).unwrap_err()[0].at, "status");
}

/// An official description; when it is absent, the skip is recorded.
fn official(name: &str) -> Option<Description> {
    let path = test_inputs::description("reading a service's official description", name)?;
    Some(Description::load(&path).unwrap())
}

#[test]
fn github() {
    let Some(github) = official("api.github.com.json") else { return };
    let check = |method: &str, uri: &str, body: Option<Value>| places(&github, method, uri, body);
    let none = [""; 0];
    assert_eq!(check("GET", "/repos/a/b/git/ref/heads/topic/one", None), none);
    assert_eq!(check("GET", "/repos/a/b/git/ref/heads%2Ftopic%2Fone", None), none);
    assert_eq!(check("GET", "/repos/a/b/commits/topic/one/check-runs?per_page=100", None), none);
    assert_eq!(check("GET", "/repos/a/b/contents/src/main.rs?ref=main", None), none);
    assert_eq!(check("GET", "/repos/a/b/compare/main...topic/one", None), none);
    assert_eq!(check("POST", "/repos/a/b/issues/1/labels", Some(json!({ "labels": ["bug"] }))), none);
    let entry = json!({ "path": "a", "mode": "100644", "type": "blob", "sha": null });
    assert_eq!(check("POST", "/repos/a/b/git/trees", Some(json!({ "tree": [entry] }))), none);
    assert_eq!(
        check("POST", "/repos/a/b/git/trees", Some(json!({ "tree": [{ "path": "a", "mode": "0644" }] }))),
        ["body/tree/0/mode"]
    );
    let pull = json!({ "title": "t", "head": "h", "base": "main", "drfat": true });
    assert_eq!(check("POST", "/repos/a/b/pulls", Some(pull)), ["body"]);
    assert_eq!(check("POST", "/repos/a/b/pulls", Some(json!({ "title": "t", "head": "h" }))), ["body"]);
    assert_eq!(check("GET", "/repos/a/b/pulls?state=merged", None), ["query state"]);
    assert_eq!(check("GET", "/repos/a/b/pulls/one", None), ["path parameter pull_number"]);
    assert_eq!(check("GET", "/repos/a/b/pulls?page=one", None), ["query page"]);
    let token = json!({ "permissions": { "contents": "admin" } });
    assert_eq!(
        check("POST", "/app/installations/7/access_tokens", Some(token)),
        ["body/permissions/contents"]
    );
}

#[test]
fn jira_confluence_and_claude() {
    let none = [""; 0];
    if let Some(jira) = official("jira-v3.json") {
        let check = |method: &str, uri: &str, body: Option<Value>| places(&jira, method, uri, body);
        assert_eq!(check("GET", "/rest/api/3/issue/SHOP-1?fields=summary,status", None), none);
        let transition = json!({ "transition": { "id": "31" } });
        assert_eq!(check("POST", "/rest/api/3/issue/SHOP-1/transitions", Some(transition)), none);
        assert_ne!(
            check("POST", "/rest/api/3/issue/SHOP-1/transitions", Some(json!({ "transitoin": 1 }))),
            none
        );
        let document = json!({ "type": "doc", "version": 1, "content": [] });
        assert_eq!(
            check("POST", "/rest/api/3/issue/SHOP-1/comment", Some(json!({ "body": document }))),
            none
        );
    }
    if let Some(confluence) = official("confluence-v2.json") {
        let page =
            json!({ "spaceId": "1", "title": "t", "body": { "representation": "storage", "value": "" } });
        assert_eq!(places(&confluence, "POST", "/wiki/api/v2/pages", Some(page)), none);
        let page = json!({ "spaceId": "1", "titel": "t" });
        assert_ne!(places(&confluence, "POST", "/wiki/api/v2/pages", Some(page)), none);
    }
    if let Some(claude) = official("anthropic.json") {
        let message = json!({ "role": "user", "content": "hello" });
        let mut request = json!({ "model": "claude-sonnet-5-5", "max_tokens": 10, "messages": [message] });
        assert_eq!(places(&claude, "POST", "/v1/messages", Some(request.clone())), none);
        request["max_tokens"] = json!("ten");
        assert_eq!(places(&claude, "POST", "/v1/messages", Some(request.clone())), ["body/max_tokens"]);
        request["max_tokens"] = json!(10);
        request["maximum"] = json!(10);
        assert_eq!(places(&claude, "POST", "/v1/messages", Some(request)), ["body"]);
    }
}

#[tokio::test]
async fn a_service_behind_the_check_is_asked_only_what_is_described() {
    let violations = Violations::default();
    let check = RequestCheck {
        service: "library",
        descriptions: vec![Arc::new(library())],
        undescribed: &["/graphql"],
        violations: violations.clone(),
    };
    let router = axum::Router::new()
        .route("/v1/shelves/{shelf}/books", axum::routing::post(async |body: String| body))
        .route("/graphql", axum::routing::post(async || "checked there"))
        .layer(axum::middleware::from_fn_with_state(check, check_requests));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = format!("http://{}", listener.local_addr().unwrap());
    let url = format!("{host}/v1/shelves/1/books");
    tokio::spawn(async move { axum::serve(listener, router).await });
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let post = async |body: Value| client.post(&url).json(&body).send().await.unwrap();
    let good = json!({ "name": "Emma" });
    assert_eq!(post(good.clone()).await.json::<Value>().await.unwrap(), good);
    let undescribed = client.post(format!("{host}/graphql")).send().await.unwrap();
    assert_eq!(undescribed.text().await.unwrap(), "checked there");
    assert_eq!(violations.all(), []);
    let refused = post(json!({ "title": "Emma" })).await;
    assert_eq!(refused.status(), 500);
    let body: Value = refused.json().await.unwrap();
    assert_eq!(json!(violations.all()[0].violations), body["violations"]);
    assert_eq!(violations.all()[0].path, "/v1/shelves/1/books");
}
