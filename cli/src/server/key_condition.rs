//! Which partition the key condition of a query names.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.KeyConditionExpressions.html>

use serde_json::Value;

/// The maximum depth of parentheses; our own conditions have far fewer.
const MOST_PARENTHESES: usize = 20;

/// A query, of which the condition on keys is read.
pub(crate) trait Conditioned {
    /// The condition.
    fn condition(&self) -> Option<&str>;
    /// The attribute name behind a placeholder.
    fn name(&self, placeholder: &str) -> Option<&str>;
    /// The text behind a placeholder; `None` also if the value is not text.
    fn text(&self, placeholder: &str) -> Option<&str>;
}

impl Conditioned for Value {
    fn condition(&self) -> Option<&str> {
        self["KeyConditionExpression"].as_str()
    }

    fn name(&self, placeholder: &str) -> Option<&str> {
        self["ExpressionAttributeNames"][placeholder].as_str()
    }

    fn text(&self, placeholder: &str) -> Option<&str> {
        text(&self["ExpressionAttributeValues"][placeholder])
    }
}

/// The single value that a query's condition compares with the attribute `partition_key` by `=`. The rest of the condition must be
/// about another attribute.
///
/// # Errors
/// A description of what cannot be parsed.
pub(crate) fn partition<'a>(request: &'a dyn Conditioned, partition_key: &str) -> Result<&'a str, String> {
    let condition = request.condition().ok_or("a query without a KeyConditionExpression")?;
    let tokens = tokens(condition).ok_or_else(unreadable)?;
    let mut reader = Reader { request, tokens: &tokens, compared: Vec::new() };
    reader.conditions(0)?;
    if !reader.tokens.is_empty() {
        return Err(unreadable());
    }
    let mut of_partition = reader.compared.iter().filter(|(name, _)| *name == partition_key);
    match (of_partition.next(), of_partition.next()) {
        (Some((_, Some(value))), None) => request.text(value).ok_or_else(unreadable),
        _ => Err(format!("a query whose condition does not name one value of `{partition_key}`")),
    }
}

/// The text of `{"S": text}`.
pub(crate) fn text(value: &Value) -> Option<&str> {
    let fields = value.as_object().filter(|fields| fields.len() == 1)?;
    fields.get("S")?.as_str()
}

fn unreadable() -> String {
    "a KeyConditionExpression that cannot be read here".to_owned()
}

/// Names, values, signs and words; `None` if there is anything else.
fn tokens(condition: &str) -> Option<Vec<&str>> {
    let is_word = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '#' | ':');
    let mut tokens = Vec::new();
    let mut rest = condition.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '(' | ')' | ',' | '=' => 1,
            '<' | '>' => 1 + usize::from(rest[1..].starts_with('=')),
            _ if is_word(first) => rest.find(|character| !is_word(character)).unwrap_or(rest.len()),
            _ => return None,
        };
        let (token, after) = rest.split_at(length);
        tokens.push(token);
        rest = after.trim_start();
    }
    Some(tokens)
}

struct Reader<'a, 'b> {
    request: &'a dyn Conditioned,
    tokens: &'b [&'b str],
    /// Each attribute that a condition is about, and the name of the value that it must equal.
    compared: Vec<(&'a str, Option<&'b str>)>,
}

impl<'a: 'b, 'b> Reader<'a, 'b> {
    fn next(&mut self) -> Option<&'b str> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }

    fn expect(&mut self, word: &str) -> Result<(), String> {
        self.next().filter(|token| token.eq_ignore_ascii_case(word)).map(|_| ()).ok_or_else(unreadable)
    }

    /// `CONDITION AND CONDITION …`.
    fn conditions(&mut self, depth: usize) -> Result<(), String> {
        loop {
            self.condition(depth)?;
            match self.tokens.first() {
                Some(word) if word.eq_ignore_ascii_case("AND") => self.expect("AND")?,
                _ => return Ok(()),
            }
        }
    }

    fn condition(&mut self, depth: usize) -> Result<(), String> {
        match self.next().ok_or_else(unreadable)? {
            "(" if depth < MOST_PARENTHESES => {
                self.conditions(depth + 1)?;
                self.expect(")")
            }
            // Only lower case is the function's name.
            "begins_with" if self.tokens.first() == Some(&"(") => {
                self.expect("(")?;
                let name = self.next().ok_or_else(unreadable)?;
                self.expect(",")?;
                self.value()?;
                self.expect(")")?;
                self.compare(name, None)
            }
            name => match self.next().ok_or_else(unreadable)? {
                "=" => {
                    let value = self.value()?;
                    self.compare(name, Some(value))
                }
                "<" | "<=" | ">" | ">=" => {
                    self.value()?;
                    self.compare(name, None)
                }
                between if between.eq_ignore_ascii_case("BETWEEN") => {
                    self.value()?;
                    self.expect("AND")?;
                    self.value()?;
                    self.compare(name, None)
                }
                _ => Err(unreadable()),
            },
        }
    }

    fn value(&mut self) -> Result<&'b str, String> {
        self.next().filter(|value| value.starts_with(':')).ok_or_else(unreadable)
    }

    fn compare(&mut self, name: &'b str, value: Option<&'b str>) -> Result<(), String> {
        let request = self.request;
        let attribute = match name.strip_prefix('#') {
            Some(_) => request.name(name),
            None => attribute(name),
        };
        self.compared.push((attribute.ok_or_else(unreadable)?, value));
        Ok(())
    }
}

/// A literal name must be one of the keys, which are known here.
fn attribute(name: &str) -> Option<&'static str> {
    ["pk", "sk", "gsi1pk", "gsi1sk"].into_iter().find(|known| *known == name)
}
