//! The part of [JQL](https://support.atlassian.com/jira-software-cloud/docs/jql-fields/) that the site understands:
//! conditions joined by `AND`, with `=`, `!=`, `~`, `IN`, `NOT IN`, `IS EMPTY`, `IS NOT EMPTY`, and `ORDER BY`.
//! Anything else is refused in words, so that no query is answered wrongly.

use std::iter::Peekable;
use std::vec::IntoIter;

use super::state::{Issue, State};
use super::{Jira, document};

/// [The user who asks](https://support.atlassian.com/jira-software-cloud/docs/jql-functions/).
const CURRENT_USER: &str = "currentUser()";

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) conditions: Vec<Condition>,
    order: Vec<(String, bool)>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Condition {
    field: String,
    test: Test,
}

#[derive(Debug, PartialEq, Eq)]
enum Test {
    In(Vec<String>),
    NotIn(Vec<String>),
    Contains(String),
    Empty(bool),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Quoted(String),
    Sign(&'static str),
}

impl Token {
    fn is(&self, keyword: &str) -> bool {
        matches!(self, Token::Word(word) if word.eq_ignore_ascii_case(keyword))
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if let Some(sign) =
            ["!=", "=", "~", "(", ")", ","].into_iter().find(|sign| rest.starts_with(sign))
        {
            tokens.push(Token::Sign(sign));
            sign.len()
        } else if first == '"' || first == '\'' {
            let end = rest[1..].find(first).ok_or_else(|| format!("the string {rest} has no end"))?;
            tokens.push(Token::Quoted(rest[1..=end].to_owned()));
            end + 2
        } else {
            let end = rest.find(|c: char| c.is_whitespace() || "!=~(),".contains(c)).unwrap_or(rest.len());
            if end == 0 {
                return Err(format!("the character '{first}' is not understood"));
            }
            tokens.push(Token::Word(rest[..end].to_owned()));
            end
        };
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

/// Reads a query; the error names the part that is not understood.
pub(super) fn parse(text: &str) -> Result<Query, String> {
    let mut tokens = tokens(text)?.into_iter().peekable();
    let mut query = Query { conditions: Vec::new(), order: Vec::new() };
    while let Some(token) = tokens.next() {
        if token.is("order") {
            expect_word(&mut tokens, "by")?;
            query.order = order(&mut tokens)?;
            break;
        }
        if !query.conditions.is_empty() {
            if !token.is("and") {
                return Err(format!("expected AND or ORDER BY, found {token:?}"));
            }
            let field = tokens.next().ok_or("a condition must follow AND")?;
            query.conditions.push(condition(field, &mut tokens)?);
        } else {
            query.conditions.push(condition(token, &mut tokens)?);
        }
    }
    Ok(query)
}

fn expect_word(tokens: &mut Peekable<IntoIter<Token>>, word: &str) -> Result<(), String> {
    match tokens.next() {
        Some(token) if token.is(word) => Ok(()),
        other => Err(format!("expected {}, found {other:?}", word.to_uppercase())),
    }
}

fn text_of(token: Option<Token>) -> Result<String, String> {
    match token {
        Some(Token::Word(text) | Token::Quoted(text)) => Ok(text),
        other => Err(format!("expected a value, found {other:?}")),
    }
}

/// A value, or the only known function.
fn value(tokens: &mut Peekable<IntoIter<Token>>) -> Result<String, String> {
    let token = tokens.next();
    if !matches!(token, Some(Token::Word(_))) || tokens.next_if_eq(&Token::Sign("(")).is_none() {
        return text_of(token);
    }
    match (token, tokens.next()) {
        (Some(name), Some(Token::Sign(")"))) if name.is("currentUser") => Ok(CURRENT_USER.to_owned()),
        (name, _) => Err(format!("the function {name:?} is not understood; known: {CURRENT_USER}")),
    }
}

fn condition(field: Token, tokens: &mut Peekable<IntoIter<Token>>) -> Result<Condition, String> {
    let field = text_of(Some(field))?.to_lowercase();
    let operator = tokens.next().ok_or_else(|| format!("an operator must follow the field '{field}'"))?;
    let test = match operator {
        Token::Sign("=") => Test::In(vec![value(tokens)?]),
        Token::Sign("!=") => Test::NotIn(vec![value(tokens)?]),
        Token::Sign("~") => Test::Contains(text_of(tokens.next())?),
        ref token if token.is("in") => Test::In(list(tokens)?),
        ref token if token.is("not") => {
            expect_word(tokens, "in")?;
            Test::NotIn(list(tokens)?)
        }
        ref token if token.is("is") => {
            let not = tokens.next_if(|token| token.is("not")).is_some();
            expect_word(tokens, "empty")?;
            Test::Empty(!not)
        }
        other => return Err(format!("the operator {other:?} is not understood")),
    };
    Ok(Condition { field, test })
}

fn list(tokens: &mut Peekable<IntoIter<Token>>) -> Result<Vec<String>, String> {
    if tokens.next() != Some(Token::Sign("(")) {
        return Err("IN must be followed by a list in parentheses".to_owned());
    }
    let mut values = vec![text_of(tokens.next())?];
    loop {
        match tokens.next() {
            Some(Token::Sign(",")) => values.push(text_of(tokens.next())?),
            Some(Token::Sign(")")) => return Ok(values),
            other => return Err(format!("expected ',' or ')', found {other:?}")),
        }
    }
}

fn order(tokens: &mut Peekable<IntoIter<Token>>) -> Result<Vec<(String, bool)>, String> {
    let mut order = Vec::new();
    loop {
        let field = text_of(tokens.next())?.to_lowercase();
        let descending = match tokens.next_if(|token| token.is("asc") || token.is("desc")) {
            Some(direction) => direction.is("desc"),
            None => false,
        };
        order.push((field, descending));
        match tokens.next() {
            None => return Ok(order),
            Some(Token::Sign(",")) => {}
            Some(other) => return Err(format!("expected ',', found {other:?}")),
        }
    }
}

impl Query {
    /// The tickets that meet all conditions, in order; the error names a field that does not exist.
    pub(super) fn find<'a>(&self, jira: &Jira, state: &'a State) -> Result<Vec<&'a Issue>, String> {
        let mut found = Vec::new();
        for issue in &state.issues {
            let mut meets = issue.indexed <= jira.now();
            for condition in &self.conditions {
                meets &= condition.meets(jira, issue)?;
            }
            if meets {
                found.push(issue);
            }
        }
        for (field, descending) in self.order.iter().rev() {
            match field.as_str() {
                "created" => found.sort_by_key(|issue| issue.created),
                "updated" => found.sort_by_key(|issue| issue.updated),
                "key" | "issuekey" | "id" => {
                    found.sort_by_key(|issue| issue.id.parse::<u64>().unwrap_or_default())
                }
                "status" => found.sort_by(|a, b| a.status.cmp(&b.status)),
                "summary" => found.sort_by(|a, b| a.summary.cmp(&b.summary)),
                "priority" => found.sort_by(|a, b| a.priority.cmp(&b.priority)),
                other => return Err(format!("Not able to sort using field '{other}'.")),
            }
            if *descending {
                found.reverse();
            }
        }
        Ok(found)
    }
}

impl Condition {
    fn meets(&self, jira: &Jira, issue: &Issue) -> Result<bool, String> {
        let values: Vec<String> = match self.field.as_str() {
            "project" => {
                let name = jira.world().project(&issue.project).map(|project| project.name.clone());
                [Some(issue.project.clone()), name].into_iter().flatten().collect()
            }
            "key" | "issuekey" | "issue" | "id" => vec![issue.key.clone(), issue.id.clone()],
            "status" => vec![issue.status.clone()],
            "labels" => issue.labels.clone(),
            "issuetype" | "type" => vec![issue.issue_type.clone()],
            "priority" => vec![issue.priority.clone()],
            "parent" => issue.parent.iter().cloned().collect(),
            "assignee" => issue.assignee.iter().cloned().collect(),
            "reporter" | "creator" => vec![issue.reporter.clone()],
            "summary" => vec![issue.summary.clone()],
            "description" => vec![document::to_wiki(&issue.description)],
            "text" => vec![issue.summary.clone(), document::to_wiki(&issue.description)],
            other => {
                return Err(format!(
                    "Field '{other}' does not exist or you do not have permission to view it."
                ));
            }
        };
        let has = |wanted: &String| {
            let wanted = if wanted == CURRENT_USER { &jira.world().bot } else { wanted };
            values.iter().any(|value| value.eq_ignore_ascii_case(wanted))
        };
        Ok(match &self.test {
            Test::In(wanted) => wanted.iter().any(has),
            Test::NotIn(unwanted) => !values.is_empty() && !unwanted.iter().any(has),
            Test::Contains(text) => {
                let text = text.trim_matches('*').to_lowercase();
                values.iter().any(|value| value.to_lowercase().contains(&text))
            }
            Test::Empty(empty) => values.is_empty() == *empty,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_conditions_lists_and_order() {
        let query = parse(r#"project = SHOP AND status NOT IN ("To Do", Done) AND labels is not EMPTY ORDER BY created DESC"#)
            .unwrap();
        assert_eq!(query.conditions.len(), 3);
        assert_eq!(query.conditions[1].test, Test::NotIn(vec!["To Do".into(), "Done".into()]));
        assert_eq!(query.order, [("created".to_owned(), true)]);
    }

    #[test]
    fn reads_the_function_for_the_user_who_asks() {
        let query = parse("creator = currentUser() AND reporter != currentUser() ORDER BY created").unwrap();
        let asks = vec![CURRENT_USER.to_owned()];
        let tests: Vec<_> = query.conditions.into_iter().map(|condition| condition.test).collect();
        assert_eq!(tests, [Test::In(asks.clone()), Test::NotIn(asks)]);
        assert!(parse("created = now()").unwrap_err().contains("known: currentUser()"));
    }

    #[test]
    fn refuses_in_words_what_it_does_not_understand() {
        assert!(parse("project = SHOP OR status = Done").unwrap_err().contains("expected AND"));
        assert!(parse("project").unwrap_err().contains("operator"));
        assert!(parse("project = \"SHOP").unwrap_err().contains("no end"));
        assert!(parse("created >= -1d").unwrap_err().contains("not understood"));
    }
}
