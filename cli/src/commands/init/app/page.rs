//! The page from which a browser posts a manifest, reachable only on this machine, and the address to which the service sends the browser back.

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::text::escaped_html;
use providers::AppManifest;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use subtle::ConstantTimeEq;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// A browser may only post the page's form.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";

/// The time limit for sending the last answer.
const LAST_ANSWER: Duration = Duration::from_secs(2);

/// The service sent a browser back.
#[derive(Debug)]
pub(super) struct Arrived {
    /// The code that the service gave it.
    pub(super) code: String,
    /// Takes the page where the app is installed, or what went wrong.
    pub(super) answer: oneshot::Sender<Result<String, String>>,
}

/// A page that is served until it is dropped.
#[derive(Debug)]
pub(super) struct Page {
    place: SocketAddr,
    /// Known only to readers of the terminal. The service sends it back as `state`.
    secret: String,
    arrivals: mpsc::Receiver<Arrived>,
    end: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

struct Served {
    secret: String,
    html: String,
    arrivals: mpsc::Sender<Arrived>,
}

impl Page {
    /// Serves the page for a manifest. `manifest` gets the address to which the service sends the browser back.
    ///
    /// # Errors
    /// If no port of this machine is free.
    pub(super) async fn serve(
        service: &str,
        manifest: impl FnOnce(&str) -> AppManifest,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let place = listener.local_addr()?;
        let secret = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
        let html = html(service, &manifest(&format!("http://{place}/made")), &secret);
        let (sender, arrivals) = mpsc::channel(1);
        let served = Arc::new(Served { secret: secret.clone(), html, arrivals: sender });
        let router = Router::new()
            .route(
                &format!("/{secret}"),
                get(async |State(served): State<Arc<Served>>| Html(served.html.clone())),
            )
            .route("/made", get(made))
            .with_state(served)
            .layer(axum::middleware::map_response(guarded));
        let (end, ended) = oneshot::channel();
        let task = tokio::spawn(async move {
            let until = async {
                let _whatever = ended.await;
            };
            if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(until).await {
                tracing::error!(%error, "the page for the app cannot be served anymore");
            }
        });
        Ok(Self { place, secret, arrivals, end: Some(end), task })
    }

    /// Where a browser finds it.
    pub(super) fn address(&self) -> String {
        format!("http://{}/{}", self.place, self.secret)
    }

    /// The command that lets a browser on another machine reach it at the same address.
    pub(super) fn forwarding(&self) -> String {
        let port = self.place.port();
        format!("ssh -L {port}:127.0.0.1:{port} THIS-MACHINE")
    }

    /// Waits until the service sends a browser back.
    pub(super) async fn arrived(&mut self) -> Option<Arrived> {
        self.arrivals.recv().await
    }

    /// Stops serving once pending requests are answered.
    pub(super) async fn close(mut self) {
        if let Some(end) = self.end.take() {
            let _gone = end.send(());
        }
        let _late = tokio::time::timeout(LAST_ANSWER, &mut self.task).await;
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The page is not cached, and no other page can embed it.
async fn guarded(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (HeaderName::from_static("x-content-type-options"), "nosniff"),
    ] {
        headers.insert(name, axum::http::HeaderValue::from_static(value));
    }
    response
}

/// Takes the code, and sends the browser on to install the app.
async fn made(State(served): State<Arc<Served>>, Query(query): Query<Vec<(String, String)>>) -> Response {
    let field = |name: &str| query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let state = field("state").unwrap_or_default();
    let is_ours: bool = state.as_bytes().ct_eq(served.secret.as_bytes()).into();
    let Some(code) = field("code").filter(|code| is_ours && !code.is_empty()) else {
        let told = "This request does not belong to this set-up. Open the address shown in the terminal.";
        return (StatusCode::BAD_REQUEST, told).into_response();
    };
    let (answer, answered) = oneshot::channel();
    let gone = || (StatusCode::GONE, "This set-up has ended; see the terminal.").into_response();
    if served.arrivals.send(Arrived { code: code.to_owned(), answer }).await.is_err() {
        return gone();
    }
    match answered.await {
        Ok(Ok(page)) => Redirect::to(&page).into_response(),
        Ok(Err(problem)) => (StatusCode::BAD_GATEWAY, problem).into_response(),
        Err(_) => gone(),
    }
}

fn html(service: &str, manifest: &AppManifest, secret: &str) -> String {
    let (service, field) = (escaped_html(service), escaped_html(manifest.field));
    let text = escaped_html(&manifest.text);
    let forms = manifest.pages.iter().map(|(owner, page)| {
        format!(
            "<form method=\"post\" action=\"{}?state={secret}\">\
             <input type=\"hidden\" name=\"{field}\" value=\"{text}\"><button>Create it for {}</button></form>\n",
            escaped_html(page),
            escaped_html(owner)
        )
    });
    format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Ticketsmith's app at {service}</title>\n\
         <style>body {{ font: 1rem/1.5 system-ui; margin: 3rem auto; max-width: 40rem; padding: 0 1rem }} form {{ margin: 1rem 0 }}</style>\n\
         <h1>Ticketsmith's app at {service}</h1>\n\
         <p>{service} shows what the app may do and asks for its name. It has the permissions and events that Ticketsmith needs, and only \
         its owner can install it, so create it for the owner of the repository.</p>\n{}</html>\n",
        forms.collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_who_has_the_address_comes_back_with_a_code() {
        let manifest = |back: &str| AppManifest {
            pages: vec![("you & me".to_owned(), "https://example.com/new".to_owned())],
            field: "manifest",
            text: format!("{{\"redirect_url\":\"{back}\"}}"),
        };
        let mut page = Page::serve("Somebody", manifest).await.unwrap();
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let client = client.build().unwrap();
        let get = |address: String| client.get(address).send();
        let shown = get(page.address()).await.unwrap();
        assert_eq!(shown.headers()["content-security-policy"], POLICY);
        let shown = shown.text().await.unwrap();
        let here = format!("http://{}", page.place);
        let secret = page.secret.clone();
        assert!(shown.contains(&format!("action=\"https://example.com/new?state={secret}\"")), "{shown}");
        assert!(
            shown.contains(&format!("value=\"{{&quot;redirect_url&quot;:&quot;{here}/made&quot;}}\"")),
            "{shown}"
        );
        assert!(shown.contains("<button>Create it for you &amp; me</button>"), "{shown}");

        assert_eq!(get(format!("{here}/")).await.unwrap().status(), 404);
        for strange in
            ["made", "made?code=c", "made?code=c&state=x", "made?code=&state=SECRET", "made?state=SECRET"]
        {
            let address = format!("{here}/{}", strange.replace("SECRET", &secret));
            assert_eq!(get(address).await.unwrap().status(), 400, "{strange}");
        }
        let back = get(format!("{here}/made?code=c&state={secret}"));
        let answered = async {
            let arrived = page.arrived().await.unwrap();
            assert_eq!(arrived.code, "c");
            arrived.answer.send(Ok("https://example.com/install".to_owned())).unwrap();
        };
        let (answer, ()) = tokio::join!(back, answered);
        let answer = answer.unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["location"]),
            (303, &"https://example.com/install".parse().unwrap())
        );
    }
}
