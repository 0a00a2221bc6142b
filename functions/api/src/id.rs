//! Ids in paths: the names of tickets hold `/` and `#`, which HTTP APIs decode before a function sees them, so they are base64url.

use crate::problem::{Code, Problem};
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

/// The name in a path, of what is called `what` in the refusal.
///
/// # Errors
/// Not found if it is not the ID of any name. Most likely the name itself was sent, so the refusal says what an ID is.
pub(crate) fn named(id: &str, what: &str) -> Result<String, Problem> {
    name_of(id).ok_or_else(|| {
        let detail =
            format!("the {what} does not exist: an id in a path is a name in base64url without padding, such as U0hPUC0x for SHOP-1");
        Problem::new(Code::NotFound, detail)
    })
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

    #[test]
    fn a_name_in_place_of_its_id_is_told() {
        assert_eq!(named("U0hPUC0x", "task").unwrap(), "SHOP-1");
        for given in ["SHOP-1", "U0hPUC0x=", "acme/shop#12"] {
            let problem = named(given, "task").unwrap_err();
            assert_eq!(problem.code(), Code::NotFound);
            let told = format!("{problem:?}");
            assert!(told.contains("base64url without padding, such as U0hPUC0x for SHOP-1"), "{told}");
        }
    }
}
