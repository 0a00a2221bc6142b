//! How Confluence is set up for us.

use provider::{Setup, SigningSecret};

/// See [`Setup`].
pub(crate) const SETUP: Setup = Setup::new(
    |_| {
        vec![
            "Choose an account that may create and delete pages in the space; the tracker's bot account will do if it may."
                .to_owned(),
            "As that account, create an API token: https://id.atlassian.com/manage-profile/security/api-tokens. It is the `api_token`; `email` is the account's address."
                .to_owned(),
        ]
    },
    SigningSecret::None,
);
