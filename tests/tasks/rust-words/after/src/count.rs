/// How many words a text has: “naïve”.
pub fn count(text: &str) -> usize {
    words(text).count()
}

/// The first of the longest words.
pub fn longest(text: &str) -> Option<&str> {
    let length = words(text).map(|word| word.chars().count()).max()?;
    words(text).find(|word| word.chars().count() == length)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '\'' | '’');
    let parts = text.split(move |letter| !is_part(letter));
    parts.map(|word| word.trim_matches(['\'', '’'])).filter(|word| !word.is_empty())
}