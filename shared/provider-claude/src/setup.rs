//! How Claude is set up for us.

use provider::{Setup, SigningSecret};

/// See [`Setup`].
pub(crate) const SETUP: Setup = Setup::new(
    |_| {
        vec![
            "Create a key at https://console.anthropic.com/settings/keys, in a workspace with its own spending limit, as a backstop that nothing here can exceed."
                .to_owned(),
        ]
    },
    SigningSecret::None,
);
