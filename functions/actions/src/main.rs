//! Every action's Lambda function as one executable; the handler selects the action.

#[tokio::main]
async fn main() -> Result<(), runtime::lambda::Error> {
    runtime::lambda::run_documents(&actions::functions()).await
}
