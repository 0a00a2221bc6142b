//! The services' own libraries believe the simulators' signatures and the published ones, and none with one flipped bit.

use std::path::{Path, PathBuf};
use std::process::Command;

use simulators::webhook::Outgoing;
use simulators::{Options, Simulation, World};

/// Prints whether a signature is believed, how many there are with one flipped bit, and how many of these are believed. The published ones
/// are old, so the time is that of the signature.
const WITH_SLACK: &str = "
import sys
from slack_sdk.signature import SignatureVerifier
secret, body, timestamp, signature = sys.argv[1:]
class Clock:
    def now(self):
        return int(timestamp)
believed = lambda given: SignatureVerifier(secret, Clock()).is_valid(body, timestamp, given)
version, digits = signature.split('=')
flipped = [digits[:at] + format(int(digits[at], 16) ^ 1 << bit, 'x') + digits[at + 1:] for at in range(len(digits)) for bit in range(4)]
print(believed(signature), len(flipped), sum(believed(version + '=' + one) for one in flipped))
";

/// The same for Standard Webhooks, which GitLab signs by.
const WITH_STANDARD_WEBHOOKS: &str = "
import base64, datetime, sys
from standardwebhooks import Webhook, webhooks
from standardwebhooks.webhooks import WebhookVerificationError
secret, body, timestamp, signature, id = sys.argv[1:]
class Then(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(int(timestamp), tz)
webhooks.datetime = Then
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

/// The same for Discord; the secret is the public key.
const WITH_DISCORD: &str = "
import contextlib, io, sys
from discord_interactions import verify_key
key, body, timestamp, signature = sys.argv[1:]
def believed(given):
    # The library also says in words what it refuses.
    with contextlib.redirect_stdout(io.StringIO()):
        return verify_key(body.encode(), given, timestamp, key)
flipped = [signature[:at] + format(int(signature[at], 16) ^ 1 << bit, 'x') + signature[at + 1:] for at in range(len(signature)) for bit in range(4)]
print(believed(signature), len(flipped), sum(believed(one) for one in flipped))
";

/// The same for GitHub; the signature is behind `sha256=`.
const WITH_OCTOKIT: &str = "
const { verify } = await import(process.argv[1]);
const [, , secret, body, , signature] = process.argv;
const [version, digits] = signature.split('=');
const believed = (given) => verify(secret, body, version + '=' + given);
";

/// The same for Linear.
const WITH_LINEAR: &str = "
const { LinearWebhookClient } = await import(process.argv[1]);
const [, , secret, body, timestamp, digits] = process.argv;
Date.now = () => Number(timestamp);
const client = new LinearWebhookClient(secret);
const believed = async (given) => {
  try {
    return client.verify(Buffer.from(body), given, Number(timestamp));
  } catch {
    return false;
  }
};
";

/// What each program of Node prints, as those of Python do.
const FLIPPED_IN_NODE: &str = "
let refused = 0, count = 0;
for (let at = 0; at < digits.length; at++) {
  for (let bit = 0; bit < 4; bit++) {
    const digit = (parseInt(digits[at], 16) ^ (1 << bit)).toString(16);
    count += 1;
    refused += (await believed(digits.slice(0, at) + digit + digits.slice(at + 1))) ? 0 : 1;
  }
}
console.log((await believed(digits)) ? 'True' : 'False', count, count - refused);
";

/// [Slack's example](https://docs.slack.dev/authentication/verifying-requests-from-slack/): the secret, the body, the time and the signature. Our
/// own test of it is in the sender's `signature.rs`.
const SLACKS_EXAMPLE: [&str; 4] = [
    "8f742231b10e8888abcd99yyyzzz85a5",
    "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c",
    "1531420618",
    "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
];

/// The [example of Standard Webhooks](https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md): the secret, the
/// body, the time, the signature and the ID.
const STANDARD_WEBHOOKS_EXAMPLE: [&str; 5] = [
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    r#"{"test": 2432232314}"#,
    "1614265330",
    "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    "msg_p5jXN8AQM9LWM0D4loKWxJek",
];

/// What a program with a library of Node's says; `None` if it is not installed.
fn checked_in_node(library: &str, program: &str, arguments: &[&str]) -> Option<String> {
    let what = format!("signatures checked by {library}");
    let library = test_inputs::installed(&what, "TICKETSMITH_NODE_MODULES")?.join(library);
    if !library.exists() {
        test_inputs::skip(&what, "./check has not installed it");
        return None;
    }
    let program = format!("{program}{FLIPPED_IN_NODE}");
    let mut node = Command::new("node");
    node.args(["--input-type=module", "--eval", &program]).arg(library).args(arguments);
    let output = node.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

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

/// What a delivery of the world beside a provider's tests sends.
async fn sent_by(provider: &str, trigger: &str) -> Outgoing {
    let file = format!("../provider-{provider}/tests/it/world.yaml");
    let world = World::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
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
async fn slacks_own_library_believes_what_is_sent_and_what_slack_publishes() {
    let Some(python) = python_with("slack_sdk") else { return };
    let sent = sent("default", "slack-command").await;
    let body = std::str::from_utf8(&sent.body).unwrap();
    let (timestamp, signature) =
        (header(&sent, "x-slack-request-timestamp"), header(&sent, "x-slack-signature"));
    for arguments in [["simulated-slack-signing-secret", body, timestamp, signature], SLACKS_EXAMPLE] {
        assert_eq!(checked(&python, WITH_SLACK, &arguments), "True 256 0", "{}", arguments[3]);
    }
}

#[tokio::test]
async fn the_library_of_standard_webhooks_believes_what_gitlab_sends_and_what_it_publishes() {
    let Some(python) = python_with("standardwebhooks") else { return };
    let sent = sent("gitlab", "gitlab-label").await;
    let body = std::str::from_utf8(&sent.body).unwrap();
    let [id, timestamp, signature] =
        ["webhook-id", "webhook-timestamp", "webhook-signature"].map(|name| header(&sent, name));
    let secret = "whsec_c2ltdWxhdGVkLWdpdGxhYi1zaWduaW5nLXRva2VuISE=";
    for arguments in [[secret, body, timestamp, signature, id], STANDARD_WEBHOOKS_EXAMPLE] {
        assert_eq!(checked(&python, WITH_STANDARD_WEBHOOKS, &arguments), "True 256 0", "{}", arguments[3]);
    }
}

const LINEAR: &str = "@linear/sdk/dist/webhooks/index.mjs";
const OCTOKIT: &str = "@octokit/webhooks-methods/dist-node/index.js";

#[tokio::test]
async fn linears_own_library_believes_what_is_sent_and_the_vector_of_our_tests() {
    let sent = sent_by("linear", "label").await;
    let body = std::str::from_utf8(&sent.body).unwrap();
    let payload: serde_json::Value = serde_json::from_str(body).unwrap();
    let timestamp = payload["webhookTimestamp"].to_string();
    let vector = r#"{"action":"update","type":"Issue","data":{"identifier":"ENG-7"},"webhookTimestamp":1531420618000}"#;
    for (secret, body, timestamp, signature) in [
        ("simulated-linear-webhook-secret", body, timestamp.as_str(), header(&sent, "linear-signature")),
        (
            "lin_wh_0123456789abcdef",
            vector,
            "1531420618000",
            "0a9f09b03d7b289d5277e74a7c679d280f17c16e1bdb61e8977ff1f388848c07",
        ),
    ] {
        if let Some(said) = checked_in_node(LINEAR, WITH_LINEAR, &[secret, body, timestamp, signature]) {
            assert_eq!(said, "True 256 0", "{signature}");
        }
    }
}

#[tokio::test]
async fn githubs_own_library_believes_what_is_sent_and_what_it_publishes() {
    let sent = sent("default", "github-label").await;
    let body = std::str::from_utf8(&sent.body).unwrap();
    let published = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    for (secret, body, signature) in [
        ("simulated-github-webhook-secret", body, header(&sent, "x-hub-signature-256")),
        ("It's a Secret to Everybody", "Hello, World!", published),
    ] {
        if let Some(said) = checked_in_node(OCTOKIT, WITH_OCTOKIT, &[secret, body, "", signature]) {
            assert_eq!(said, "True 256 0", "{signature}");
        }
    }
}

#[tokio::test]
async fn discords_library_believes_what_is_sent_and_the_vector_of_our_tests() {
    let Some(python) = python_with("discord_interactions") else { return };
    let sent = sent_by("discord", "command").await;
    let body = std::str::from_utf8(&sent.body).unwrap();
    let key = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    let vector = "5dddde0612f335c8939507612e69436c8bac6f3dbbd8101b64ddad9ac3da9b7039b46294d43c8fc973db1179e3bffba5670d9e804c9dd8d668b090d55984a305";
    for (body, timestamp, signature) in [
        (body, header(&sent, "x-signature-timestamp"), header(&sent, "x-signature-ed25519")),
        (r#"{"type":1}"#, "1531420618", vector),
    ] {
        assert_eq!(
            checked(&python, WITH_DISCORD, &[key, body, timestamp, signature]),
            "True 512 0",
            "{signature}"
        );
    }
}
