//! GitLab's paginated lists: by number, or from where the last page ended (keyset). Both name the next page in `Link`:
//! <https://docs.gitlab.com/api/rest/#pagination>.

use domain::ActionError;
use http_client::{Answer, Page};
use serde::de::DeserializeOwned;

/// As many items on a page as GitLab gives.
pub(crate) const PER_PAGE: usize = 100;

/// Reads a page; the parameter `name` of the next page's address says where the list continues.
pub(crate) fn page<T: DeserializeOwned>(answer: &Answer, name: &str) -> Result<Page<T, String>, ActionError> {
    let next = answer.header("link").and_then(|link| next_in(&link, name));
    Ok(Page { items: answer.json()?, next, bytes: answer.size() })
}

/// The parameter of the address that a `Link` header gives for the next page ([RFC 8288](https://www.rfc-editor.org/rfc/rfc8288)).
fn next_in(link: &str, name: &str) -> Option<String> {
    let next = link.split(',').find(|part| part.contains("rel=\"next\""))?;
    let address = next.split_once('<')?.1.split_once('>')?.0;
    let address = url::Url::parse(address).ok()?;
    address.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_in_the_link() {
        let link = r#"<https://g.example/api/v4/x?page=1&per_page=2>; rel="first", <https://g.example/api/v4/x?page=3&per_page=2>; rel="next""#;
        assert_eq!(next_in(link, "page").as_deref(), Some("3"));
        let keyset = r#"<https://g.example/x?pagination=keyset&page_token=a%2Fb>; rel="next""#;
        assert_eq!(next_in(keyset, "page_token").as_deref(), Some("a/b"));
        assert_eq!(next_in(r#"<https://g.example/x?page=1>; rel="first""#, "page"), None);
        assert_eq!(next_in("nonsense", "page"), None);
    }
}
