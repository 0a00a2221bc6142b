//! The lines of a file's diff, the only ones that can have comments.

use std::collections::BTreeSet;

/// The numbers of the lines that a patch shows.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::github) struct DiffLines {
    /// Before the change.
    pub(in crate::github) left: BTreeSet<u64>,
    /// After the change.
    pub(in crate::github) right: BTreeSet<u64>,
}

impl DiffLines {
    pub(in crate::github) fn read(patch: &str) -> Self {
        let mut found = Self::default();
        let (mut left, mut right) = (0, 0);
        for line in patch.lines() {
            let mut words = line.split_whitespace();
            if words.next() == Some("@@") {
                let mut start = |sign: char| -> Option<u64> {
                    words.next()?.strip_prefix(sign)?.split(',').next()?.parse().ok()
                };
                (left, right) = (start('-').unwrap_or_default(), start('+').unwrap_or_default());
                continue;
            }
            let (is_left, is_right) = match line.chars().next() {
                Some('-') => (true, false),
                Some('+') => (false, true),
                Some('\\') => continue,
                _ => (true, true),
            };
            if is_left {
                found.left.insert(left);
                left += 1;
            }
            if is_right {
                found.right.insert(right);
                right += 1;
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_are_counted_for_themselves() {
        let lines = DiffLines::read("@@ -3,2 +3,3 @@ fn main\n a\n-b\n+c\n+d\n\\ No newline at end of file");
        assert_eq!(lines.left, BTreeSet::from([3, 4]));
        assert_eq!(lines.right, BTreeSet::from([3, 4, 5]));
    }
}
