//! `--wait`: commands that begin an execution wait for what becomes of it.

use super::watch::until_outcome;
use crate::api_client::{Call, ClientArguments, Column};
use crate::exit::{Exit, Outcome};
use crate::stop_signal::stop_signal;

/// `--wait`
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct WaitArgument {
    /// Wait until the execution has ended or waits for a person. Ends with 8 if it waits, 10 if it failed, 11 if it was rolled back, and 12 if it
    /// was stopped.
    #[arg(long)]
    wait: bool,
}

impl WaitArgument {
    /// Sends a request that starts an execution, shows its response, and waits if requested.
    ///
    /// # Errors
    /// The API's refusal; unreachable when nothing answers; the outcome's code, without a message.
    pub(crate) async fn show(&self, client: &ClientArguments, call: &Call, columns: &[Column]) -> Outcome {
        let api = client.client()?;
        let answer = api.send(call).await?;
        let execution = answer["execution"].as_str().filter(|_| self.wait).map(str::to_owned);
        client.print(answer, columns)?;
        let Some(execution) = execution else { return Ok(()) };
        tokio::select! {
            outcome = until_outcome(&api, &execution, true, |_| Ok(())) => Exit::of_outcome(outcome?),
            () = stop_signal() => Ok(()),
        }
    }
}
