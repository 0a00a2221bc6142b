//! AWS in the model: a Step Functions that performs its requests, and the table, whose stream reports changes.

use super::turnstile::Backend;
use crate::world::PREFIX;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use records::Table;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Mutex;
use std::time::Duration;

/// After so many refusals, a progress comment is not tried again.
const REFUSALS: usize = 3;

/// Something that a function has to do.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Work {
    /// A delivery of GitHub: its event and body.
    Deliver(&'static str, String),
    /// The table's stream says that an item changed.
    Stream(String, String),
    /// Step Functions says that an execution started or ended.
    Status(String, Value),
    /// The next action of an execution: its agent takes in waiting messages, and then it waits itself.
    Act(String, u32),
    Sweep,
}

/// AWS's state: executions with their status, tokens with waiting callers, and pending notifications to functions.
#[derive(Debug, Default)]
pub(crate) struct Known {
    pub(crate) running: BTreeMap<String, Value>,
    pub(crate) tokens: HashMap<String, (String, u32)>,
    pub(crate) work: Vec<Work>,
    /// The executions whose progress is not shown.
    pub(crate) quiet: BTreeSet<String>,
    /// So many executions still fail.
    pub(crate) failures: u32,
}

pub(crate) struct Aws {
    pub(crate) database: String,
    pub(crate) client: reqwest::Client,
    /// The table without a turnstile.
    pub(crate) table: Table,
    pub(crate) known: Mutex<Known>,
}

/// Clients of AWS at an address.
pub(crate) fn clients(
    url: &str,
) -> (aws_sdk_dynamodb::Client, aws_sdk_sfn::Client, aws_sdk_secretsmanager::Client) {
    let credentials = Credentials::new("test", "test", None, None, "test");
    let region = Region::new("us-east-1");
    let dynamo = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(region.clone())
        .credentials_provider(credentials.clone())
        .endpoint_url(url)
        .build();
    let step_functions = aws_sdk_sfn::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(region.clone())
        .credentials_provider(credentials.clone())
        .endpoint_url(url)
        .build();
    let secrets = aws_sdk_secretsmanager::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(region)
        .credentials_provider(credentials)
        .endpoint_url(url)
        .build();
    (
        aws_sdk_dynamodb::Client::from_conf(dynamo),
        aws_sdk_sfn::Client::from_conf(step_functions),
        aws_sdk_secretsmanager::Client::from_conf(secrets),
    )
}

/// The ARN of an execution.
pub(crate) fn arn(name: &str) -> String {
    format!("{}:{name}", PREFIX.replace("stateMachine", "execution") + "revision")
}

impl Aws {
    pub(crate) fn goes_on(&self, execution: &str) -> bool {
        self.is_running(&self.known.lock().unwrap(), execution)
    }

    fn is_running(&self, known: &Known, execution: &str) -> bool {
        known.running.get(&arn(execution)).is_some_and(|status| status == "RUNNING")
    }

    /// Whether the execution ends here, because one of its steps fails.
    pub(crate) fn fails(&self, execution: &str) -> bool {
        let mut known = self.known.lock().unwrap();
        let fails = known.failures > 0 && self.is_running(&known, execution);
        if fails {
            known.failures -= 1;
            known.end(&arn(execution), "FAILED", json!({"error": "Rejected", "cause": "{}"}));
        }
        fails
    }

    /// Progress comments are not checked here: an execution's counts as one that the service refuses.
    async fn show_no_progress(&self, partition: &str) {
        let name = partition.strip_prefix("EXECUTION#").unwrap();
        if !self.known.lock().unwrap().quiet.insert(name.to_owned()) {
            return;
        }
        let (now, zero) = (Timestamp::UNIX_EPOCH, Duration::ZERO);
        let claimed = self.table.claim_progress_edit(name, "none", now, zero, None, now);
        claimed.await.unwrap();
        for _ in 0..REFUSALS {
            self.table.progress_refused(name).await.unwrap();
        }
    }

    /// Waits with a token, unless a repeat finds it answered.
    pub(crate) fn waits(&self, execution: &str, turn: u32, token: &str) -> bool {
        let mut known = self.known.lock().unwrap();
        if known.tokens.get(token).is_some_and(|(_, answered)| *answered == u32::MAX) {
            return false;
        }
        known.tokens.insert(token.to_owned(), (execution.to_owned(), turn));
        true
    }
}

impl Known {
    fn end(&mut self, arn: &str, status: &str, more: Value) {
        if self.running.get(arn).is_none_or(|known| known != "RUNNING") {
            return;
        }
        self.running.insert(arn.to_owned(), status.into());
        self.tell(arn, status, more);
    }

    fn tell(&mut self, arn: &str, status: &str, more: Value) {
        let name = arn.rsplit(':').next().unwrap();
        let mut detail = json!({"executionArn": arn, "name": name, "status": status});
        detail.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let document = json!({"detail-type": "Step Functions Execution Status Change", "detail": detail});
        self.work.push(Work::Status(arn.to_owned(), document));
    }
}

fn refused(kind: &str) -> (StatusCode, Bytes) {
    (StatusCode::BAD_REQUEST, Bytes::from(json!({"__type": kind, "message": kind}).to_string()))
}

#[async_trait::async_trait]
impl Backend for Aws {
    async fn answer(&self, target: &str, headers: &HeaderMap, body: Bytes) -> (StatusCode, Bytes) {
        if target.starts_with("DynamoDB") {
            let mut headers = headers.clone();
            headers.remove("host");
            headers.remove("content-length");
            let sent =
                self.client.post(&self.database).headers(headers).body(body.clone()).send().await.unwrap();
            let (status, answer) = (sent.status(), sent.bytes().await.unwrap());
            if status.is_success() {
                let changed = changed(target, &body);
                for work in &changed {
                    if let Work::Stream(pk, sk) = work
                        && sk == "EXECUTION"
                    {
                        self.show_no_progress(pk).await;
                    }
                }
                self.known.lock().unwrap().work.extend(changed);
            }
            return (status, answer);
        }
        let input: Value = serde_json::from_slice(&body).unwrap();
        let text = |name: &str| input[name].as_str().unwrap_or_default().to_owned();
        let mut known = self.known.lock().unwrap();
        let answer = match target {
            "secretsmanager.GetSecretValue" => {
                json!({"Name": text("SecretId"), "SecretString": json!({"github": "github-secret", "token": "t"}).to_string()})
            }
            "AWSStepFunctions.StartExecution" => {
                let name = text("name");
                let arn = arn(&name);
                if known.running.contains_key(&arn) {
                    return refused("ExecutionAlreadyExists");
                }
                known.running.insert(arn.clone(), "RUNNING".into());
                known.tell(&arn, "RUNNING", json!({}));
                known.work.push(Work::Act(name, 0));
                json!({"executionArn": arn, "startDate": 1_795_348_800.0})
            }
            "AWSStepFunctions.DescribeExecution" => {
                let arn = text("executionArn");
                let Some(status) = known.running.get(&arn) else { return refused("ExecutionDoesNotExist") };
                json!({"executionArn": arn, "stateMachineArn": format!("{PREFIX}revision"),
                    "name": arn.rsplit(':').next(), "status": status, "startDate": 1_795_348_800.0})
            }
            "AWSStepFunctions.StopExecution" => {
                let arn = text("executionArn");
                known.end(&arn, "ABORTED", json!({"error": "Stopped", "cause": "ada stopped it."}));
                json!({"stopDate": 1_795_348_800.0})
            }
            "AWSStepFunctions.SendTaskSuccess" => {
                let token = text("taskToken");
                let Some((execution, turn)) = known.tokens.get(&token).cloned() else {
                    return refused("TaskDoesNotExist");
                };
                let is_open = known.running.get(&arn(&execution)).is_some_and(|status| status == "RUNNING");
                if turn == u32::MAX || !is_open {
                    return refused("TaskTimedOut");
                }
                known.tokens.insert(token, (execution.clone(), u32::MAX));
                let output: Value = serde_json::from_str(&text("output")).unwrap();
                match output["event"] == "words.waiting" {
                    true => known.work.push(Work::Act(execution, turn + 1)),
                    false => known.end(&arn(&execution), "SUCCEEDED", json!({"output": "{}"})),
                }
                json!({})
            }
            other => panic!("a function asked for {other}"),
        };
        (StatusCode::OK, Bytes::from(answer.to_string()))
    }
}

/// What the table's stream tells of a request that was carried out.
fn changed(target: &str, body: &[u8]) -> Vec<Work> {
    let input: Value = serde_json::from_slice(body).unwrap();
    let operation = target.rsplit('.').next().unwrap_or_default();
    let keys: Vec<&Value> = match operation {
        "PutItem" => vec![&input["Item"]],
        "UpdateItem" | "DeleteItem" => vec![&input["Key"]],
        "TransactWriteItems" => {
            let writes = input["TransactItems"].as_array().unwrap().iter();
            writes
                .flat_map(|write| [&write["Put"]["Item"], &write["Update"]["Key"], &write["Delete"]["Key"]])
                .collect()
        }
        _ => Vec::new(),
    };
    let heard = [records::DECISIONS, records::PROGRESS].concat();
    let keys = keys.into_iter().filter_map(|key| Some((key["pk"]["S"].as_str()?, key["sk"]["S"].as_str()?)));
    let heard = keys.filter(|(pk, sk)| heard.iter().any(|items| items.include(pk, sk)));
    // Nobody is answered here.
    let heard = heard.filter(|(pk, _)| !pk.starts_with("REPLY#"));
    heard.map(|(pk, sk)| Work::Stream(pk.to_owned(), sk.to_owned())).collect()
}
