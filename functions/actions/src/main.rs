//! Every action's Lambda function as one executable; its handler names the action.

#[tokio::main]
async fn main() -> Result<(), runtime::lambda::Error> {
    runtime::lambda::run_documents(&actions::functions()).await
}
