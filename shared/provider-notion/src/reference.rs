//! IDs of pages, which people copy as addresses.

/// The ID of a page given as an ID, with or without dashes, or as its address, which ends with it.
pub(crate) fn page_id(given: &str) -> Option<String> {
    let path = given.trim().split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    let last = path.rsplit('/').next().unwrap_or_default();
    let plain: Vec<char> = last.chars().filter(|c| *c != '-').collect();
    let digits = plain.get(plain.len().checked_sub(32)?..)?;
    // In an address, the words of a title come before the ID.
    let is_bare = plain.len() == 32 || given.contains('/');
    if !is_bare || !digits.iter().all(char::is_ascii_hexdigit) {
        return None;
    }
    let digits = digits.iter().collect::<String>().to_ascii_lowercase();
    let at = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    Some(format!("{}-{}-{}-{}-{}", at(0, 8), at(8, 12), at(12, 16), at(16, 20), at(20, 32)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_an_id_or_an_address() {
        let id = Some("1429989f-e8ac-4eff-bc8f-57f56486db54".to_owned());
        for given in [
            "1429989f-e8ac-4eff-bc8f-57f56486db54",
            "1429989fe8ac4effbc8f57f56486db54",
            "https://www.notion.so/acme/Team-pages-1429989fe8ac4effbc8f57f56486db54?pvs=4",
            "https://notion.so/1429989FE8AC4EFFBC8F57F56486DB54/",
        ] {
            assert_eq!(page_id(given), id, "{given}");
        }
        for other in ["", "SHOP", "Team-pages", "https://notion.so/acme", "x1429989fe8ac4effbc8f57f56486db54"]
        {
            assert_eq!(page_id(other), None, "{other}");
        }
    }
}
