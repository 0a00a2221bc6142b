//! Ids in paths: the names of tickets hold `/` and `#`, which HTTP APIs decode before a function sees them, so they are base64url.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The id of a ticket's name.
pub(crate) fn id_of(name: &str) -> String {
    URL_SAFE_NO_PAD.encode(name)
}

/// The name with this ID; `None` if it is not the ID of any name.
pub(crate) fn name_of(id: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(id).ok()?).ok().filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_paths() {
        let id = id_of("acme/shop#12");
        assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{id}");
        assert_eq!(name_of(&id).as_deref(), Some("acme/shop#12"));
        assert_eq!([name_of(""), name_of("%"), name_of("_w")], [None, None, None]);
    }
}
