//! The data that the webhook function reads when it starts: the table with a configuration and routes, and the signing secrets.

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use axum::routing::post;
use axum::{Json, Router};
use domain::configuration::Configuration;
use domain::routes::Routes;
use domain::{Clock, SystemClock};
use records::Table;
use serde_json::json;
use std::sync::Arc;
use tokio::net::TcpListener;
use webhooks::Webhooks;

/// DynamoDB and Secrets Manager on loopback, with the operations that the webhook function uses.
#[derive(Debug)]
pub struct Deployment {
    /// Where the embedded DynamoDB listens.
    pub dynamodb_url: String,
    /// Where Secrets Manager listens.
    pub secrets_url: String,
}

impl Deployment {
    /// The table's name.
    pub const TABLE: &str = "ticketsmith";
    /// What precedes a workflow's name in ARNs.
    pub const STATE_MACHINES: &str = "arn:aws:states:us-east-1:000000000000:stateMachine:ticketsmith-";
    /// The secret that deliveries are signed with.
    pub const SECRET: &str = "a secret of the benchmark";

    /// Starts both and puts a project and a workflow in force. They end with the runtime.
    pub async fn start() -> Self {
        let database = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let dynamodb_url = format!("http://{}", database.local_addr().unwrap());
        tokio::spawn(dynoxide::server::serve_on(database, dynoxide::Database::memory().unwrap()));
        let secrets = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let secrets_url = format!("http://{}", secrets.local_addr().unwrap());
        let signing = json!({"slack": Self::SECRET}).to_string();
        let answer = json!({"Name": "ticketsmith/signing", "SecretString": signing});
        let router = Router::new().route("/", post(async move || Json(answer)));
        tokio::spawn(async move { axum::serve(secrets, router).await });
        let deployment = Self { dynamodb_url, secrets_url };
        let table = deployment.table();
        table.create_table().await.unwrap();
        table.put_configuration(&configuration()).await.unwrap();
        table.put_routes(&routes()).await.unwrap();
        deployment
    }

    /// The webhook function as in its executable.
    pub fn webhooks(&self) -> Arc<Webhooks> {
        let config = aws_sdk_secretsmanager::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(credentials())
            .endpoint_url(&self.secrets_url)
            .build();
        // Nothing is started, so nothing listens there.
        let step_functions = aws_sdk_sfn::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(credentials())
            .endpoint_url("http://127.0.0.1:9")
            .build();
        Arc::new(Webhooks::new(
            self.table(),
            aws_sdk_sfn::Client::from_conf(step_functions),
            aws_sdk_secretsmanager::Client::from_conf(config),
            Self::STATE_MACHINES,
            Arc::new(SystemClock) as Arc<dyn Clock>,
        ))
    }

    fn table(&self) -> Table {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(credentials())
            .endpoint_url(&self.dynamodb_url)
            .build();
        Table::new(aws_sdk_dynamodb::Client::from_conf(config), Self::TABLE)
    }
}

fn credentials() -> Credentials {
    Credentials::new("benchmark", "benchmark", None, None, "benchmark")
}

fn configuration() -> Configuration {
    serde_json::from_value(json!({
        "projects": [{"key": "SHOP", "repository": "acme/shop", "may_trigger": ["engineering"]}],
        "groups": {"engineering": ["ada"]},
        "users": [{"name": "ada", "slack": "U1"}],
    }))
    .unwrap()
}

fn routes() -> Routes {
    serde_json::from_value(json!({"workflows": {"development": {
        "title": "Development",
        "inputs": {"task_id": {"type": "string"}},
        "triggers": [{"on": "github.labelled", "conditions": {"label": "agent"}}],
    }}}))
    .unwrap()
}
