//! Names of files and folders that mean something else on some machines.

/// Whether a file system may take this name for `.git`: in another case; with characters that HFS+ ignores; with the dots and
/// spaces that NTFS drops from the end, or with a stream name after a colon; or as its short name `git~1`.
pub(crate) fn is_git_folder(name: &str) -> bool {
    let visible: String = name.chars().filter(|character| !is_ignored_by_hfs(*character)).collect();
    let name = visible.split(':').next().unwrap_or_default().trim_end_matches([' ', '.']);
    let name = crate::identity::path_identity(name);
    name == ".git" || name == "git~1"
}

/// As git lists them: <https://github.com/git/git/blob/master/utf8.c>, `next_hfs_char`.
fn is_ignored_by_hfs(character: char) -> bool {
    matches!(
        character,
        '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}'
    )
}

/// Why Windows cannot check out a file or folder of this name, if it cannot:
/// <https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file>.
pub(crate) fn not_portable(name: &str) -> Option<&'static str> {
    let stem = name.split('.').next().unwrap_or_default().trim_end_matches(' ');
    if name.contains(['<', '>', ':', '"', '|', '?', '*', '\\']) {
        Some("Windows allows none of `<>:\"|?*\\` in a name")
    } else if name.ends_with(['.', ' ']) {
        Some("Windows drops dots and spaces at the end of a name")
    } else if is_device(stem) {
        Some("Windows reserves the name for a device")
    } else if is_short_name(name) {
        Some("Windows may take it for the short name of another file")
    } else if name.chars().any(is_ignored_by_hfs) {
        Some("it has characters that people cannot see and macOS may ignore")
    } else if name.len() > 255 {
        Some("it is longer than the 255 bytes that file systems allow")
    } else {
        None
    }
}

fn is_device(stem: &str) -> bool {
    let stem = stem.to_lowercase();
    let numbered = |rest: &str| {
        let mut digits = rest.chars();
        matches!((digits.next(), digits.next()), (Some('0'..='9' | '¹' | '²' | '³'), None))
    };
    matches!(stem.as_str(), "con" | "prn" | "aux" | "nul" | "conin$" | "conout$")
        || stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt")).is_some_and(numbered)
}

/// Whether a name has the form of the short names that NTFS gives to files with long ones: `GITHUB~1`, `GI7EBA~1.TXT`.
fn is_short_name(name: &str) -> bool {
    let (stem, extension) = name.split_once('.').unwrap_or((name, ""));
    let Some((beginning, number)) = stem.rsplit_once('~') else { return false };
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number && !beginning.is_empty() && stem.chars().count() <= 8 && extension.chars().count() <= 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_is_found_in_every_disguise() {
        for name in [
            ".git",
            ".GIT",
            ".Git",
            "git~1",
            "GIT~1",
            ".git ",
            ".git.",
            ".git. . ",
            ".g\u{200c}it",
            "\u{feff}.git",
            ".gi\u{202e}t",
            ".git::$INDEX_ALLOCATION",
            ".git:x",
            "git~1 .",
        ] {
            assert!(is_git_folder(name), "{name:?}");
        }
        for name in ["git", ".github", ".gitignore", ".git-x", "git~2", "x.git", ".gitx", ".giṫ", "_git"] {
            assert!(!is_git_folder(name), "{name:?}");
        }
    }

    #[test]
    fn names_that_windows_cannot_check_out() {
        for name in [
            "nul",
            "aux.c",
            "AUX",
            "Con.txt",
            "com1",
            "LPT9.log",
            "COM¹",
            "nul .txt",
            "CONIN$",
            "a:b.txt",
            "trail. ",
            "trail.",
            "trail ",
            "q?*.txt",
            "<x>",
            "a|b",
            "\"",
            "GITHUB~1",
            "gi7eba~1.txt",
            "a\u{200d}b",
            "a\\b",
        ] {
            assert!(not_portable(name).is_some(), "{name:?}");
        }
        assert!(not_portable(&"x".repeat(256)).is_some());
        for name in [
            "null",
            "auxiliary.c",
            "console",
            "com",
            "com10",
            "lpt",
            "a.aux",
            ".gitignore",
            "x~",
            "draft~final.txt",
            "a~1b.txt",
            "long name~12.txt",
            "ü.md",
            "a;b",
            "[x].ts",
            "(a) b.py",
            ".env",
        ] {
            assert_eq!(not_portable(name), None, "{name:?}");
        }
    }
}
