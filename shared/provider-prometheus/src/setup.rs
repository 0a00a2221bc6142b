//! How Prometheus is set up for us.

use provider::{Setup, SigningSecret};

/// See [`Setup`].
pub(crate) const SETUP: Setup = Setup::new(
    |_| {
        vec![
            "Run a Pushgateway (https://prometheus.io/docs/practices/pushing), and let Prometheus scrape it with `honor_labels: true`."
                .to_owned(),
            "Make Prometheus and the Pushgateway reachable from where Ticketsmith runs, by https and without credentials: inside the network that both are in."
                .to_owned(),
        ]
    },
    SigningSecret::None,
);
