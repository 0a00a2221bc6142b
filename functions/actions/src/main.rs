//! Every action's Lambda function as one executable, which is told by its handler which action it performs.

#[tokio::main]
async fn main() -> Result<(), runtime::lambda::Error> {
    runtime::lambda::run_documents(&actions::functions()).await
}
