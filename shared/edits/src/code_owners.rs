//! The file `CODEOWNERS`: who owns which paths of a repository, as GitHub and GitLab read it.
//!
//! <https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners>,
//! <https://docs.gitlab.com/user/project/codeowners/reference/>. Of the rules that match a path, the last one counts; with GitLab's
//! sections, the last one of each. A line that cannot be read is skipped, as the code hosts do.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// A longer name has no owner.
const LONGEST_NAME: usize = 200;

/// A `CODEOWNERS` file.
#[derive(Debug, Clone, Default)]
pub struct CodeOwners {
    sections: Vec<Section>,
}

/// The rules of a section; those before the first heading are in one without a name.
#[derive(Debug, Clone, Default)]
struct Section {
    name: String,
    /// The default owner of a section's rules.
    default: Vec<String>,
    rules: Vec<Rule>,
}

#[derive(Debug, Clone)]
struct Rule {
    paths: GlobSet,
    is_for_everything: bool,
    owners: Vec<String>,
}

impl CodeOwners {
    /// Reads a file.
    pub fn parse(text: &str) -> Self {
        let mut sections = vec![Section::default()];
        let mut current = 0;
        for line in text.trim_start_matches('\u{feff}').lines().map(str::trim) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(heading) = Section::heading(line) {
                // Sections of the same name are one.
                let known = sections.iter().position(|section| section.name == heading.name);
                current = known.unwrap_or(sections.len());
                if known.is_none() {
                    sections.push(heading);
                } else if !heading.default.is_empty() {
                    sections[current].default = heading.default;
                }
                continue;
            }
            let rule = Rule::parse(line, &sections[current].default);
            sections[current].rules.extend(rule);
        }
        Self { sections }
    }

    /// The owners of a path from the repository's root, in lower case, each once; empty if there are none.
    pub fn of_path(&self, path: &str) -> Vec<String> {
        let path = path.trim_start_matches('/');
        self.owners(|rule| rule.paths.is_match(path))
    }

    /// The owners of paths without a more specific rule: those of the last rule for everything (`*`).
    pub fn of_everything(&self) -> Vec<String> {
        self.owners(|rule| rule.is_for_everything)
    }

    fn owners(&self, matches: impl Fn(&Rule) -> bool) -> Vec<String> {
        let mut owners = Vec::new();
        for rule in
            self.sections.iter().filter_map(|section| section.rules.iter().rfind(|rule| matches(rule)))
        {
            for owner in &rule.owners {
                if !owners.contains(owner) {
                    owners.push(owner.clone());
                }
            }
        }
        owners
    }
}

impl Section {
    /// Reads `[Name]`, `^[Name]` or `[Name][2] @owner`.
    fn heading(line: &str) -> Option<Self> {
        let rest = line.strip_prefix('^').unwrap_or(line).strip_prefix('[')?;
        let (name, rest) = rest.split_once(']')?;
        let rest = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((_, rest)) => rest,
            None => rest,
        };
        Some(Self { name: name.trim().to_lowercase(), default: owners(words(rest)), rules: Vec::new() })
    }
}

impl Rule {
    fn parse(line: &str, default: &[String]) -> Option<Self> {
        let mut words = words(line);
        let pattern = words.next()?;
        // GitLab: excluded paths have no owner in their section.
        if let Some(excluded) = pattern.strip_prefix('!') {
            return Some(Self { paths: paths(excluded)?, is_for_everything: false, owners: Vec::new() });
        }
        let named = owners(words);
        let owners = if named.is_empty() { default.to_vec() } else { named };
        let is_for_everything = matches!(pattern.as_str(), "*" | "**" | "/**" | "**/*" | "/**/*");
        Some(Self { paths: paths(&pattern)?, is_for_everything, owners })
    }
}

/// The words of a line; a space after a backslash belongs to its word.
fn words(line: &str) -> impl Iterator<Item = String> {
    let (mut words, mut word, mut escaped) = (Vec::new(), String::new(), false);
    for character in line.chars() {
        if !character.is_whitespace() {
            word.push(character);
        } else if escaped {
            // In place of the backslash.
            word.pop();
            word.push(character);
        } else {
            words.push(std::mem::take(&mut word));
        }
        escaped = character == '\\' && !escaped;
    }
    words.push(word);
    words.into_iter().filter(|word| !word.is_empty())
}

/// The owners among words, up to a comment: `@name`, `@organization/team`, addresses. Code hosts ignore their case.
fn owners(words: impl Iterator<Item = String>) -> Vec<String> {
    let names = words.take_while(|word| !word.starts_with('#'));
    names
        .filter(|name| name.contains('@') && name.len() <= LONGEST_NAME)
        .map(|name| name.to_lowercase())
        .collect()
}

/// The paths that a pattern matches; `None` for none. Without a slash before its end, it matches names at any depth; a folder matches everything
/// in it, but `docs/*` only its direct children.
fn paths(pattern: &str) -> Option<GlobSet> {
    let body = pattern.trim_start_matches('/').trim_end_matches('/');
    if body.is_empty() {
        return None;
    }
    let is_anchored = pattern.trim_end_matches('/').contains('/');
    let base = if is_anchored { body.to_owned() } else { format!("**/{body}") };
    let is_shallow = is_anchored && (body == "*" || body.ends_with("/*"));
    let globs = match (pattern.ends_with('/'), is_shallow || body.ends_with("/**")) {
        (true, _) => vec![format!("{base}/**")],
        (false, true) => vec![base],
        (false, false) => vec![format!("{base}/**"), base],
    };
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        set.add(GlobBuilder::new(&glob).literal_separator(true).backslash_escape(true).build().ok()?);
    }
    set.build().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(file: &str, path: &str, expected: &[&str]) {
        assert_eq!(CodeOwners::parse(file).of_path(path), expected, "{path} in\n{file}");
    }

    #[test]
    fn githubs_own_example_is_read_as_its_comments_say() {
        // From GitHub's documentation.
        let file = "\
# These owners will be the default owners for everything in the repo.
*       @global-owner1 @global-owner2
*.js    @js-owner #This is an inline comment.
*.go docs@example.com
*.txt @octo-org/octocats
/build/logs/ @doctocat
docs/* docs@example.com
apps/ @octocat
/docs/ @doctocat
/scripts/ @doctocat @octocat
**/logs @octocat
/apps/ @octocat
/apps/github
";
        check(file, "README", &["@global-owner1", "@global-owner2"]);
        check(file, "src/a.js", &["@js-owner"]);
        check(file, "src/a.go", &["docs@example.com"]);
        check(file, "a.txt", &["@octo-org/octocats"]);
        check(file, "build/logs/x", &["@octocat"]);
        check(file, "docs/a.md", &["@doctocat"]);
        check(file, "scripts/a", &["@doctocat", "@octocat"]);
        check(file, "deeply/nested/logs/x", &["@octocat"]);
        check(file, "apps/x", &["@octocat"]);
        check(file, "apps/github/x", &[]);
        check(file, "other/apps/x", &["@octocat"]);
        assert_eq!(CodeOwners::parse(file).of_everything(), ["@global-owner1", "@global-owner2"]);
    }

    #[test]
    fn the_last_rule_counts_and_a_folder_is_all_that_is_in_it() {
        check("* @a\n/docs @b\n", "docs/x/y", &["@b"]);
        check("/docs @b\n* @a\n", "docs/x/y", &["@a"]);
        check("docs/* @b\n", "docs/x", &["@b"]);
        check("docs/* @b\n", "docs/x/y", &[]);
        check("/* @b\n", "x", &["@b"]);
        check("/* @b\n", "x/y", &[]);
        check("src/**/test.rs @b\n", "src/test.rs", &["@b"]);
        check("a\\ b/ @Ada\n", "a b/c", &["@ada"]);
        check("\\#a @b\n", "#a", &["@b"]);
        check("[ @b\n* @a\n", "x", &["@a"]);
        check("/ @b\n", "x", &[]);
    }

    #[test]
    fn each_section_of_gitlab_has_owners_of_its_own() {
        let file = "\
* @all
[Documentation][2] @docs
docs/
README.md @writer
^[Database] @dba
*.sql
!old/*.sql
[documentation]
*.txt
";
        check(file, "docs/a", &["@all", "@docs"]);
        check(file, "README.md", &["@all", "@writer"]);
        check(file, "new/x.sql", &["@all", "@dba"]);
        check(file, "old/x.sql", &["@all"]);
        check(file, "a.txt", &["@all", "@docs"]);
        assert_eq!(CodeOwners::parse(file).of_everything(), ["@all"]);
        assert_eq!(CodeOwners::parse("docs/ @docs").of_everything(), Vec::<String>::new());
    }
}
