//! Sets of variable paths (`pr`, `pr.url`).

use std::collections::BTreeSet;
use std::ops::Bound;

/// Whether the set holds the path, something inside it, or something that it is inside.
pub(crate) fn touches(paths: &BTreeSet<Vec<String>>, path: &[String]) -> bool {
    // Paths inside another follow it in the order of the set.
    let from = (Bound::Included(path), Bound::Unbounded);
    let inside = paths.range::<[String], _>(from).next().is_some_and(|first| first.starts_with(path));
    inside || covers(paths, path)
}

/// Whether the set holds the path, or something that it is inside.
pub(crate) fn covers(paths: &BTreeSet<Vec<String>>, path: &[String]) -> bool {
    (1..=path.len()).any(|length| paths.contains(&path[..length]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_touch_what_they_are_inside_and_what_is_inside_them() {
        let path = |text: &str| -> Vec<String> { text.split('.').map(str::to_owned).collect() };
        let paths = ["a", "pr.head.sha", "pr_url", "z.b"].map(path).into();
        for (text, touched, covered) in [
            ("a", true, true),
            ("a.b.c", true, true),
            ("pr", true, false),
            ("pr.head", true, false),
            ("pr.head.sha.x", true, true),
            ("pr.url", false, false),
            ("p", false, false),
            ("z", true, false),
        ] {
            assert_eq!(
                (touches(&paths, &path(text)), covers(&paths, &path(text))),
                (touched, covered),
                "{text}"
            );
        }
    }
}
