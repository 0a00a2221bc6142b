//! A separate world for each test: the executable's `simulate` and `serve` as processes, deliveries over HTTP, and the
//! effects that the services report. The executable is next to the test's own (`cargo build` makes it), or where
//! `TICKETSMITH_EXECUTABLE` says. The file is longer than others because a world's processes and what a test asks of them share its state.

use crate::folders::bring_repositories;
use crate::process::{Process, executable};
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Uri};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// How long an execution may take before its test fails.
pub(crate) const EXECUTION_LIMIT: Duration = Duration::from_secs(120);
/// How often records and the world's state are looked at.
const INTERVAL: Duration = Duration::from_millis(200);

/// A development workflow whose change is one reply of a model, in place of the agent's.
pub(crate) const ONE_REPLY: &str = include_str!("worlds/one_reply.yaml");

/// The folder of the repository's own worlds.
pub(crate) fn worlds() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/simulators/worlds")
}

/// A world file, and the files next to its configuration.
pub(crate) struct WorldFile {
    document: Value,
    files: Vec<(String, String)>,
    /// The input of `simulate` in place of the document.
    shipped: Vec<String>,
}

impl WorldFile {
    /// The shop that comes with the program, as it stands.
    pub(crate) fn shop() -> Self {
        let text = std::fs::read_to_string(worlds().join("shop.yaml")).unwrap();
        let mut file = Self::parse(&text);
        let repository = &mut file.document["github"]["repositories"][0]["path"];
        *repository = json!(worlds().join(repository.as_str().unwrap()));
        file
    }

    /// The shop with services that accept a thousand calls a second, for tests that are not about waiting.
    pub(crate) fn quick_shop() -> Self {
        Self::shop().quick()
    }

    /// A world of YAML text. Paths in it must be absolute.
    pub(crate) fn parse(yaml: &str) -> Self {
        Self { document: serde_saphyr::from_str(yaml).unwrap(), files: Vec::new(), shipped: Vec::new() }
    }

    /// A world that comes with the program, as it stands: the arguments that name it.
    pub(crate) fn shipped(arguments: &[&str]) -> Self {
        let shipped = arguments.iter().map(|&argument| argument.to_owned()).collect();
        Self { document: Value::Null, files: Vec::new(), shipped }
    }

    /// Lets every plugin of the configuration make a thousand calls a second.
    pub(crate) fn quick(self) -> Self {
        self.edit(|document| {
            for plugin in document["configuration"]["plugins"].as_object_mut().unwrap().values_mut() {
                plugin["rate_limit"] = json!("1000/s");
            }
        })
    }

    /// Changes the world's document.
    pub(crate) fn edit(mut self, change: impl FnOnce(&mut Value)) -> Self {
        change(&mut self.document);
        self
    }

    /// Puts a file next to the configuration, such as `workflows/a.yaml`.
    pub(crate) fn with_file(mut self, path: &str, content: &str) -> Self {
        self.files.push((path.to_owned(), content.to_owned()));
        self
    }

    /// Starts `simulate` with this world, and `serve` with the configuration it writes.
    pub(crate) async fn start(self) -> World {
        let mut world = self.simulate().await;
        world.serve().await;
        world
    }

    /// Starts only `simulate`.
    pub(crate) async fn simulate(mut self) -> World {
        count_missing_descriptions();
        let folder = TempDir::with_prefix("ticketsmith-test-").unwrap();
        let place = folder.path();
        bring_repositories(&mut self.document, place);
        let file = place.join("world.yaml");
        std::fs::write(&file, serde_json::to_string_pretty(&self.document).unwrap()).unwrap();
        for (path, content) in &self.files {
            let path = place.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        let exports = std::env::temp_dir();
        let arguments =
            ["simulate", "--json", "--configure", path_text(place), "--exports", path_text(&exports)];
        let own = ["--world", path_text(&file)].map(str::to_owned).to_vec();
        let named = if self.shipped.is_empty() { own } else { self.shipped };
        let arguments = arguments.into_iter().map(str::to_owned).chain(named).collect::<Vec<_>>();
        let simulation = Process::start("simulate", place, &arguments).await;
        let addresses: Value = serde_json::from_str(&simulation.first_line).unwrap();
        let control = addresses["control"].as_str().unwrap().to_owned();
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().unwrap();
        World { control, client, server: None, address: String::new(), _simulation: simulation, folder }
    }
}

/// Records a skip for each description that `simulate` will not find in `TICKETSMITH_DESCRIPTIONS`, where it reads them.
fn count_missing_descriptions() {
    let folder = std::env::var_os("TICKETSMITH_DESCRIPTIONS").map(PathBuf::from).unwrap_or_default();
    for (what, file) in [
        ("Claude", "anthropic.json"),
        ("Confluence", "confluence-v2.json"),
        ("GitHub", "api.github.com.json"),
        ("Jira", "jira-v3.json"),
    ] {
        if !folder.join(file).exists() {
            test_inputs::skip(&format!("requests to {what}"), &format!("no description {file}"));
        }
    }
}

/// A delivery as it would have been posted: signed, and not sent yet.
#[derive(Debug, Clone)]
pub(crate) struct Captured {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// A running world, and the program at work in it. Both processes end with it.
pub(crate) struct World {
    control: String,
    client: reqwest::Client,
    server: Option<Process>,
    /// Where webhooks are taken, as `http://127.0.0.1:PORT`.
    pub(crate) address: String,
    _simulation: Process,
    folder: TempDir,
}

impl World {
    /// The folder with `ticketsmith.yaml`, `workflows/` and the data folder.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn data(&self) -> PathBuf {
        self.folder().join(".ticketsmith")
    }

    /// Starts `serve`, again if it was killed.
    pub(crate) async fn serve(&mut self) {
        self.serve_with(&[]).await;
    }

    /// The same with further arguments.
    pub(crate) async fn serve_with(&mut self, more: &[&str]) {
        assert!(self.server.is_none(), "it serves already");
        let config = self.folder().join("ticketsmith.yaml");
        let data = self.data();
        let arguments =
            ["serve", "--config", path_text(&config), "--data", path_text(&data), "--listen", "127.0.0.1:0"];
        let arguments = [&arguments[..], &["--metrics", "127.0.0.1:0"], more].concat();
        let arguments: Vec<String> = arguments.into_iter().map(str::to_owned).collect();
        let server = Process::start("serve", self.folder(), &arguments).await;
        let address = server.first_line.split_whitespace().find_map(|word| word.split_once("/webhooks/"));
        self.address =
            address.unwrap_or_else(|| panic!("no address in {:?}", server.first_line)).0.to_owned();
        self.server = Some(server);
    }

    /// Kills `serve` with SIGKILL.
    pub(crate) async fn kill(&mut self) {
        self.server.take().expect("it does not serve").kill().await;
    }

    /// Has somebody do something (by its name in the world, or a whole delivery) and gives `{"status", "body"}` of the answer
    /// to its webhook.
    pub(crate) async fn deliver(&self, trigger: impl Into<Value>) -> Value {
        self.deliver_to(trigger, &self.address).await
    }

    async fn deliver_to(&self, trigger: impl Into<Value>, to: &str) -> Value {
        self.post("deliver", &json!({ "trigger": trigger.into(), "to": to })).await
    }

    /// Delivers, expects that exactly one execution starts, and gives its name.
    pub(crate) async fn start_by(&self, trigger: impl Into<Value>) -> String {
        let before = self.executions().await;
        let receipt = self.deliver(trigger).await;
        assert_eq!(receipt["status"], 200, "{receipt}");
        let mut started = self.executions().await;
        // Only the newest are listed.
        started.retain(|one| before.iter().all(|known| known["execution"] != one["execution"]));
        assert_eq!(started.len(), 1, "{receipt} should start one execution: {started:?}");
        started[0]["execution"].as_str().unwrap().to_owned()
    }

    /// Performs a person's action, and keeps its webhook.
    pub(crate) async fn capture(&self, trigger: impl Into<Value>) -> Captured {
        let (sender, mut received) = mpsc::unbounded_channel();
        let router =
            Router::new().fallback(move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
                assert_eq!(method, Method::POST);
                sender.send(Captured { path: uri.path().to_owned(), headers, body }).unwrap();
                async {}
            });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let to = format!("http://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(axum::serve(listener, router).into_future());
        self.deliver_to(trigger, &to).await;
        task.abort();
        received.recv().await.unwrap()
    }

    /// Posts a captured delivery to `serve`.
    pub(crate) async fn send(&self, captured: &Captured) -> reqwest::Response {
        let mut headers = captured.headers.clone();
        headers.remove("host");
        headers.remove("content-length");
        let request = self.client.post(format!("{}{}", self.address, captured.path));
        request.headers(headers).body(captured.body.clone()).send().await.unwrap()
    }

    /// Queues one fault or a list of them.
    pub(crate) async fn add_faults(&self, faults: &Value) {
        self.post("faults", faults).await;
    }

    /// Removes the faults that no request has met yet.
    pub(crate) async fn clear_faults(&self) {
        let request = self.client.delete(format!("{}/_world/faults", self.control));
        request.send().await.unwrap().error_for_status().unwrap();
    }

    /// The faults that no request has met yet.
    pub(crate) async fn waiting_faults(&self) -> Value {
        self.get("faults").await
    }

    /// The current state of the services.
    pub(crate) async fn state(&self) -> Value {
        self.get("state").await
    }

    /// Every request that reached the services so far, with its answer.
    pub(crate) async fn log(&self) -> Vec<Value> {
        let Value::Array(entries) = self.get("log").await else { panic!("the log is a list") };
        entries
    }

    /// Entries of the log: a service, a method, and a text that occurs in the path.
    pub(crate) async fn requests(&self, service: &str, method: &str, path: &str) -> Vec<Value> {
        let is_asked_for = |entry: &Value| {
            entry["service"] == service
                && entry["method"] == method
                && entry["path"].as_str().is_some_and(|text| text.contains(path))
        };
        self.log().await.into_iter().filter(is_asked_for).collect()
    }

    /// Requests for a reply of the model, with their answers; requests to count tokens are not included.
    pub(crate) async fn asked_of_model(&self) -> Vec<Value> {
        let requests = self.requests("claude", "POST", "/v1/messages").await;
        requests.into_iter().filter(|entry| entry["path"] == "/v1/messages").collect()
    }

    /// Clones a repository into a folder.
    pub(crate) async fn export(&self, repository: &str, folder: &Path) {
        self.post("export", &json!({ "dir": folder, "repository": repository })).await;
    }

    /// Requests that the real services would not know, and those the model did not expect.
    pub(crate) async fn violations(&self) -> Value {
        self.get("violations").await
    }

    /// Ends a test: nothing was asked of the services that they do not know.
    pub(crate) async fn finish(self) {
        let violations = self.violations().await;
        assert_eq!(violations, json!([]), "{violations:#}");
    }

    /// Runs the command against this world's `serve`: its exit code, output and errors.
    pub(crate) async fn command(&self, arguments: &[&str]) -> (i32, String, String) {
        self.command_with_input(arguments, "").await
    }

    /// The same, with a text on standard input.
    pub(crate) async fn command_with_input(&self, arguments: &[&str], input: &str) -> (i32, String, String) {
        let mut child = tokio::process::Command::new(executable())
            .args(arguments)
            .arg("--data")
            .arg(self.data())
            .current_dir(self.folder())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        // Dropped when it is written, which ends the input. A command that reads none may have ended already.
        let _unread = child.stdin.take().unwrap().write_all(input.as_bytes()).await;
        let output = child.wait_with_output().await.unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
    }

    /// What `status --json` lists, newest first.
    pub(crate) async fn executions(&self) -> Vec<Value> {
        let (code, printed, errors) = self.command(&["status", "--limit", "100", "--json"]).await;
        assert_eq!(code, 0, "{errors}");
        let mut document: Value = serde_json::from_str(&printed).unwrap();
        let Value::Array(list) = document["executions"].take() else { panic!("{printed}") };
        list
    }

    /// What `status EXECUTION --json` says.
    pub(crate) async fn execution(&self, name: &str) -> Value {
        let (code, printed, errors) = self.command(&["status", name, "--json"]).await;
        assert_eq!(code, 0, "{errors}");
        serde_json::from_str(&printed).unwrap()
    }

    /// Waits until the execution has ended, with any outcome, and returns its `status`.
    pub(crate) async fn ended(&self, name: &str) -> Value {
        self.ended_within(name, EXECUTION_LIMIT).await
    }

    /// The same, for executions that are held up on purpose.
    pub(crate) async fn ended_within(&self, name: &str, limit: Duration) -> Value {
        let ended = async || {
            let execution = self.execution(name).await;
            (!execution["ended_at"].is_null()).then_some(execution)
        };
        eventually(&format!("the end of {name}"), limit, ended).await
    }

    /// Waits until people see the execution's end: the text of its progress comment or message.
    pub(crate) async fn told(&self, name: &str) -> String {
        let told = async || {
            let texts = comments(&self.state().await);
            texts.into_iter().find(|text| text.contains(name) && text.contains("took "))
        };
        eventually(&format!("the last word on {name}"), EXECUTION_LIMIT, told).await
    }

    async fn get(&self, what: &str) -> Value {
        let response = self.client.get(format!("{}/_world/{what}", self.control)).send().await.unwrap();
        response.error_for_status().unwrap().json().await.unwrap()
    }

    async fn post(&self, what: &str, body: &Value) -> Value {
        let request = self.client.post(format!("{}/_world/{what}", self.control)).json(body);
        let response = request.send().await.unwrap();
        let (status, text) = (response.status(), response.text().await.unwrap());
        assert!(status.is_success(), "{what} {body}: {status} {text}");
        if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() }
    }
}

fn path_text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Texts of every comment on a ticket, an issue or a pull request, and of every message.
pub(crate) fn comments(state: &Value) -> Vec<String> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut texts = Vec::new();
    let mut add = |text: &Value| texts.extend(text.as_str().map(str::to_owned));
    for ticket in list(&state["jira"]) {
        list(&ticket["comments"]).iter().for_each(|comment| add(&comment["text"]));
    }
    for repository in list(&state["github"]["repositories"]) {
        for issue in list(&repository["issues"]).iter().chain(&list(&repository["pull_requests"])) {
            list(&issue["comments"]).iter().for_each(|comment| add(&comment["body"]));
        }
    }
    list(&state["slack"]["messages"]).iter().for_each(|message| add(&message["text"]));
    texts
}

/// Looks again and again until there is something, and fails the test when there is nothing by the time limit.
pub(crate) async fn eventually<T>(what: &str, limit: Duration, look: impl AsyncFn() -> Option<T>) -> T {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "{what} did not come within {} s", limit.as_secs());
        tokio::time::sleep(INTERVAL).await;
    }
}
