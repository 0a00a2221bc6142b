//! Words of thanks and praise, which ask for nothing. To take them for a request would cost money, in whatever language they are said.

use domain::folded;

/// Begin a sentence that asks for nothing.
const THANKS: [&str; 45] = [
    "cheers",
    "lgtm",
    "thank",
    "thanks",
    "thx",
    "danke",
    "dankeschön",
    "bedankt",
    "merci",
    "gracias",
    "gràcies",
    "grazie",
    "obrigada",
    "obrigado",
    "mulțumesc",
    "takk",
    "kiitos",
    "aitäh",
    "paldies",
    "ačiū",
    "dzięki",
    "dziękuję",
    "díky",
    "děkuji",
    "ďakujem",
    "hvala",
    "köszönöm",
    "спасибо",
    "дякую",
    "благодаря",
    "ευχαριστώ",
    "teşekkür",
    "teşekkürler",
    "תודה",
    "شكرا",
    "شكراً",
    "धन्यवाद",
    "谢谢",
    "謝謝",
    "多谢",
    "感謝",
    "ありがとう",
    "ありがとうございます",
    "감사합니다",
    "고맙습니다",
];

/// Make up a sentence that asks for nothing, with thanks or without.
const PRAISE: [&str; 54] = [
    "all",
    "amazing",
    "awesome",
    "better",
    "cool",
    "done",
    "excellent",
    "fine",
    "good",
    "great",
    "is",
    "it",
    "job",
    "like",
    "look",
    "looks",
    "love",
    "me",
    "much",
    "nice",
    "now",
    "perfect",
    "really",
    "so",
    "this",
    "to",
    "very",
    "well",
    "work",
    "works",
    "wow",
    "yes",
    // What people in other languages put before their thanks, or behind them.
    "vielen",
    "lieben",
    "schön",
    "sehr",
    "beaucoup",
    "bien",
    "mil",
    "mille",
    "muchas",
    "moltes",
    "molte",
    "muito",
    "большое",
    "veel",
    "mange",
    "çok",
    "どうも",
    // These mean something else in English.
    "dank",
    "tack",
    "tak",
    "så",
    "mycket",
];

/// Whether words thank or praise, and ask for nothing.
pub(crate) fn is_praise(words: &str) -> bool {
    let mut all = words.split(|c: char| !is_of_a_word(c)).filter(|word| !word.is_empty()).map(folded);
    let Some(first) = all.next() else { return true };
    let thanks = |word: &String| THANKS.contains(&word.as_str());
    thanks(&first)
        || std::iter::once(first).chain(all).all(|word| thanks(&word) || PRAISE.contains(&word.as_str()))
}

/// Letters, and the marks on them that are characters of their own in some alphabets.
fn is_of_a_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '\u{300}'..='\u{36f}' | '\u{64b}'..='\u{652}' | '\u{900}'..='\u{97f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thanks_in_any_language_ask_for_nothing() {
        for words in THANKS.iter().chain(&PRAISE) {
            assert_eq!(folded(words), *words, "the lists are compared with folded words");
        }
        for words in [
            "Thanks a lot!",
            "Danke schön!",
            "Vielen Dank",
            "merci beaucoup",
            "¡Muchas gracias!",
            "Большое спасибо!",
            "ありがとう ございます",
            "धन्यवाद दोस्त",
            "شكراً جزيلاً",
            "Tack så mycket!",
            "Teşekkürler 🙏",
            "👍 🎉",
            "LGTM, merging",
            "This looks really good to me.",
        ] {
            assert!(is_praise(words), "{words}");
        }
        for words in [
            "Name it well",
            "Nenne es bitte um",
            "mil líneas son demasiadas",
            "schön wäre ein Test",
            "Tack a test onto it",
        ] {
            assert!(!is_praise(words), "{words}");
        }
    }
}
