//! The services' own libraries believe the simulators' signatures, and none with one flipped bit.

use std::path::{Path, PathBuf};
use std::process::Command;

use simulators::webhook::Outgoing;
use simulators::{Options, Simulation, World};

/// Prints whether a signature is believed, how many there are with one flipped bit, and how many of these are believed.
const WITH_SLACK: &str = "
import sys
from slack_sdk.signature import SignatureVerifier
secret, body, timestamp, signature = sys.argv[1:]
believed = lambda given: SignatureVerifier(secret).is_valid(body, timestamp, given)
version, digits = signature.split('=')
flipped = [digits[:at] + format(int(digits[at], 16) ^ 1 << bit, 'x') + digits[at + 1:] for at in range(len(digits)) for bit in range(4)]
print(believed(signature), len(flipped), sum(believed(version + '=' + one) for one in flipped))
";

/// The same for Standard Webhooks, which GitLab signs by.
const WITH_STANDARD_WEBHOOKS: &str = "
import base64, sys
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError
secret, body, timestamp, signature, id = sys.argv[1:]
def believed(given):
    try:
        Webhook(secret).verify(body, {'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': given})
        return True
    except WebhookVerificationError:
        return False
version, encoded = signature.split(',')
digest = base64.b64decode(encoded)
flipped = [digest[:at] + bytes([digest[at] ^ 1 << bit]) + digest[at + 1:] for at in range(len(digest)) for bit in range(8)]
print(believed(signature), len(flipped), sum(believed(version + ',' + base64.b64encode(one).decode()) for one in flipped))
";

/// The Python that has a library, if it is installed.
fn python_with(library: &str) -> Option<PathBuf> {
    let what = format!("signatures checked by {library}");
    let python = test_inputs::installed(&what, "TICKETSMITH_PYTHON")?;
    let found = Command::new(&python).args(["-c", &format!("import {library}")]).output().unwrap();
    if !found.status.success() {
        test_inputs::skip(&what, "./check has not installed it");
        return None;
    }
    Some(python)
}

/// What a delivery of one of the built-in world's stacks sends.
async fn sent(stack: &str, trigger: &str) -> Outgoing {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("worlds/shop.yaml");
    let world = World::load_stack(&path, stack).unwrap();
    Simulation::start(world, Options::default()).await.unwrap().prepare(trigger).unwrap()
}

fn header<'o>(sent: &'o Outgoing, name: &str) -> &'o str {
    sent.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str()).unwrap()
}

fn checked(python: &Path, program: &str, arguments: &[&str]) -> String {
    let output = Command::new(python).args(["-c", program]).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn slacks_own_library_believes_what_is_sent() {
    let Some(python) = python_with("slack_sdk") else { return };
    let sent = sent("default", "slack-command").await;
    let body = std::str::from_utf8(&sent.body).unwrap();
    let (timestamp, signature) =
        (header(&sent, "x-slack-request-timestamp"), header(&sent, "x-slack-signature"));
    let arguments = ["simulated-slack-signing-secret", body, timestamp, signature];
    assert_eq!(checked(&python, WITH_SLACK, &arguments), "True 256 0");
}

#[tokio::test]
async fn the_library_of_standard_webhooks_believes_what_gitlab_sends() {
    let Some(python) = python_with("standardwebhooks") else { return };
    let sent = sent("gitlab", "gitlab-label").await;
    let body = std::str::from_utf8(&sent.body).unwrap();
    let [id, timestamp, signature] =
        ["webhook-id", "webhook-timestamp", "webhook-signature"].map(|name| header(&sent, name));
    let secret = "whsec_c2ltdWxhdGVkLWdpdGxhYi1zaWduaW5nLXRva2VuISE=";
    let arguments = [secret, body, timestamp, signature, id];
    assert_eq!(checked(&python, WITH_STANDARD_WEBHOOKS, &arguments), "True 256 0");
}
