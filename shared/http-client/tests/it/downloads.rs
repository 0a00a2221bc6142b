//! Files that a service keeps elsewhere.

use crate::{answer, serve};
use axum::body::Body;
use axum::extract::Request;
use axum::http::Response;
use domain::ErrorKind;
use http_client::Client;

const HOSTS: &[&str] = &["media.example"];

/// A service that keeps its files on another host: this machine has two names.
async fn service() -> Client {
    serve(|request: Request| -> Response<Body> {
        let host = request.headers()["host"].to_str().unwrap().to_owned();
        let port = host.rsplit_once(':').map(|(_, port)| port.to_owned()).unwrap();
        let credentials =
            request.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned());
        match request.uri().path() {
            "/base/file" => {
                assert_eq!(credentials.as_deref(), Some("Bearer hunter2-token"));
                answer(303, &[("location", &format!("http://localhost:{port}/kept?key=1"))], "")
            }
            "/kept" if host.starts_with("localhost") => {
                let seen = [credentials.is_some(), request.headers().contains_key("accept-language")];
                answer(200, &[("content-type", "application/octet-stream")], format!("\u{0}{seen:?}"))
            }
            "/base/stolen" => answer(302, &[("location", "https://evil.example/?key=private")], ""),
            "/base/inside" => answer(302, &[("location", "https://169.254.169.254/latest/meta-data")], ""),
            "/base/gone" => answer(404, &[], r#"{"message": "There is no such file"}"#),
            "/base/large" => answer(200, &[], vec![b'x'; 2_000]),
            path => unreachable!("{path}"),
        }
    })
    .await
    .header("accept-language", "en")
}

#[tokio::test]
async fn a_file_elsewhere_is_read_without_credentials() {
    let client = service().await;
    let file = client.get("/file", &[]).downloading_from(HOSTS).send().await.unwrap();
    assert_eq!(file.header("content-type").as_deref(), Some("application/octet-stream"));
    assert_eq!(file.into_bytes(), b"\0[false, false]", "neither credentials nor other headers");
    // Only requests that asked for it are redirected there.
    assert_eq!(client.get("/file", &[]).send().await.unwrap_err().status, Some(303));
}

#[tokio::test]
async fn a_file_is_not_read_from_hosts_that_nobody_named() {
    let client = service().await;
    for (path, host) in [("stolen", "evil.example"), ("inside", "169.254.169.254")] {
        let failure = client.get("/{path}", &[path]).downloading_from(HOSTS).send().await.unwrap_err();
        assert_eq!((failure.status, failure.error.kind), (Some(302), ErrorKind::Rejected));
        let message = failure.error.message;
        assert!(
            message.contains(&format!("was redirected to {host} (302), which is not followed")),
            "{message}"
        );
        assert!(!message.contains("private"), "{message}");
    }
}

#[tokio::test]
async fn an_address_that_an_answer_names_is_read_without_credentials_where_a_redirect_to_it_would_be_followed()
 {
    let client = service().await;
    let elsewhere = client.base_url().replace("127.0.0.1", "localhost").replace("/base", "/kept?key=1");
    let file = client.get_at(&elsewhere, HOSTS).send().await.unwrap();
    assert_eq!(file.into_bytes(), b"\0[false, false]", "neither credentials nor other headers");
    for address in [
        "https://evil.example/?key=private",
        "https://media.example@evil.example/?key=private",
        "https://media.example.evil.example/?key=private",
        "http://169.254.169.254/latest/meta-data?key=private",
        "file:///etc/passwd",
        "/kept?key=private",
        "",
    ] {
        let failure = client.get_at(address, HOSTS).send().await.unwrap_err();
        assert_eq!((failure.status, failure.error.kind), (None, ErrorKind::Rejected), "{address}");
        let message = failure.error.message;
        assert!(message.contains("at a foreign address, which is not read"), "{message}");
        assert!(!message.contains("private"), "{message}");
    }
}

#[tokio::test]
async fn credentials_go_to_an_address_that_an_answer_names_only_at_the_services_own_hosts() {
    let client = service().await;
    // The path asserts that the credentials are there, and redirects to another host, where they are not.
    let own = format!("{}/file", client.base_url());
    let file = client.get_with_credentials_at(&own, HOSTS).send().await.unwrap();
    assert_eq!(file.into_bytes(), b"\0[false, false]");
    for address in [
        // From another origin on this machine, files are read only without credentials.
        client.base_url().replace("127.0.0.1", "localhost"),
        "https://evil.example/file".to_owned(),
        "https://media.example:8443/file".to_owned(),
        "https://media.example@evil.example/file".to_owned(),
        "http://media.example/file".to_owned(),
        "/file".to_owned(),
    ] {
        let failure = client.get_with_credentials_at(&address, HOSTS).send().await.unwrap_err();
        assert_eq!((failure.status, failure.was_sent), (None, false), "{address}");
        assert!(failure.error.message.contains("at a foreign address"), "{}", failure.error);
    }
}

#[tokio::test]
async fn an_answer_that_is_larger_than_its_reader_wants_is_refused() {
    let client = service().await;
    assert_eq!(client.get("/large", &[]).at_most(2_000).send().await.unwrap().size(), 2_000);
    let gone = client.get("/gone", &[]).at_most(1).send().await.unwrap_err();
    assert_eq!((gone.status, gone.words().as_str()), (Some(404), "There is no such file"));
    let error = client.get("/large", &[]).at_most(1_999).send().await.unwrap_err().error;
    assert!(error.message.ends_with("gave an answer of more than 1999 bytes, which is refused"), "{error}");
}
