//! Regular expressions from a model: whatever they contain, the search takes time that grows only with the text.

use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson;
use regex_automata::{HalfMatch, Input};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Capture, Hir, HirKind, Look, Repetition};

/// How large an automaton a pattern can need, in bytes.
const LARGEST_AUTOMATON: usize = 1024 * 1024;
/// How much memory the states of the search take, in bytes.
const STATES: usize = 4 * 1024 * 1024;
/// How often the states may outgrow that memory before the search gives up: each time costs some tenths of a second at worst.
const MOST_TIMES_FULL: usize = 8;
/// How deep groups can be nested.
const DEEPEST: u32 = 50;

/// A pattern to search lines with. The search builds the states of an automaton as it needs them; a pattern that needs ever new
/// ones is abandoned instead of becoming slow, at the same place every time.
pub(super) struct Pattern {
    automaton: DFA,
    states: Cache,
}

/// A pattern was abandoned.
#[derive(Debug)]
pub(super) struct TooComplex;

impl Pattern {
    /// Reads a regular expression in the syntax of Rust's `regex`. `\b` and its like are by ASCII letters.
    ///
    /// # Errors
    /// Why it is not one that can be searched for in lines.
    pub(super) fn new(pattern: &str) -> Result<Self, String> {
        let syntax = ParserBuilder::new().nest_limit(DEEPEST).build().parse(pattern).map_err(|error| {
            let (kind, at) = match &error {
                regex_syntax::Error::Parse(error) => (error.kind().to_string(), error.span().start.column),
                regex_syntax::Error::Translate(error) => {
                    (error.kind().to_string(), error.span().start.column)
                }
                _ => (error.to_string(), 1),
            };
            format!("{kind}, at character {at}")
        })?;
        let syntax = in_lines(syntax)?;
        let limits = thompson::Config::new().utf8(false).nfa_size_limit(Some(LARGEST_AUTOMATON));
        let nfa = thompson::Compiler::new().configure(limits).build_from_hir(&syntax);
        let states = DFA::config().cache_capacity(STATES).minimum_cache_clear_count(Some(MOST_TIMES_FULL));
        let automaton = nfa.ok().and_then(|nfa| DFA::builder().configure(states).build_from_nfa(nfa).ok());
        let automaton = automaton.ok_or("it repeats too much; use smaller counts".to_owned())?;
        let states = automaton.create_cache();
        Ok(Self { automaton, states })
    }

    /// Where the first match in a line ends, in bytes; `None` if there is none.
    ///
    /// # Errors
    /// [`TooComplex`] if the pattern is abandoned.
    pub(super) fn find_in(&mut self, line: &str) -> Result<Option<usize>, TooComplex> {
        let found = self.automaton.try_search_fwd(&mut self.states, &Input::new(line));
        found.map(|found| found.as_ref().map(HalfMatch::offset)).map_err(|_| TooComplex)
    }
}

/// The same expression with word boundaries by ASCII letters, which an automaton can find in any text.
///
/// # Errors
/// That it contains a newline, which no line does.
fn in_lines(syntax: Hir) -> Result<Hir, String> {
    let all = |parts: Vec<Hir>| parts.into_iter().map(in_lines).collect::<Result<Vec<_>, _>>();
    Ok(match syntax.into_kind() {
        HirKind::Empty => Hir::empty(),
        HirKind::Literal(literal) if literal.0.contains(&b'\n') => {
            return Err("it contains a newline, but each line is searched separately".to_owned());
        }
        HirKind::Literal(literal) => Hir::literal(literal.0),
        HirKind::Class(class) => Hir::class(class),
        HirKind::Look(look) => Hir::look(match look {
            Look::WordUnicode => Look::WordAscii,
            Look::WordUnicodeNegate => Look::WordAsciiNegate,
            Look::WordStartUnicode => Look::WordStartAscii,
            Look::WordEndUnicode => Look::WordEndAscii,
            Look::WordStartHalfUnicode => Look::WordStartHalfAscii,
            Look::WordEndHalfUnicode => Look::WordEndHalfAscii,
            other => other,
        }),
        HirKind::Repetition(repetition) => {
            let sub = Box::new(in_lines(*repetition.sub)?);
            Hir::repetition(Repetition { sub, ..repetition })
        }
        HirKind::Capture(capture) => {
            let sub = Box::new(in_lines(*capture.sub)?);
            Hir::capture(Capture { sub, ..capture })
        }
        HirKind::Concat(parts) => Hir::concat(all(parts)?),
        HirKind::Alternation(parts) => Hir::alternation(all(parts)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, line: &str, end: Option<usize>) {
        let found = Pattern::new(pattern).unwrap().find_in(line).unwrap();
        assert_eq!(found, end, "{pattern} {line}");
    }

    #[test]
    fn patterns_are_searched_in_lines() {
        check("fn (a|b)\\(", "  fn b() {", Some(7));
        check("^fn", "  fn", None);
        check("\\bcart\\b", "über cart é", Some(10));
        check("\\bcart\\b", "carts", None);
        check("(?i)straße", "STRASSE STRAßE", Some(15));
        check("(?i)CAFÉ", "café", Some(5));
        check("x*", "", Some(0));
        check("\\p{Greek}+$", "αβ", Some(4));
    }

    #[test]
    fn what_is_no_pattern_is_said() {
        let problem = |pattern: &str| Pattern::new(pattern).err().unwrap();
        assert_eq!(problem("a(b"), "unclosed group, at character 2");
        assert!(problem("(?=x)").contains("look-around"));
        assert!(problem("a\\nb").contains("newline"));
        assert!(problem("\\w{1000}").contains("repeats too much"));
        assert!(problem(&"(".repeat(900)).contains("unclosed") || problem(&"(".repeat(900)).contains("nest"));
        assert!(problem(&format!("{}a{}", "(".repeat(400), ")".repeat(400))).contains("nest"));
        assert!(problem("((a{1000}){1000}){1000}").contains("repeats too much"));
    }

    #[test]
    fn a_pattern_that_needs_ever_new_states_is_given_up() {
        let mut pattern = Pattern::new("(0|1)*1(0|1){200}x").unwrap();
        let mut bits = 0x2545_f491_4f6c_dd1d_u64;
        let line: String = (0..4_000_000)
            .map(|_| {
                bits ^= bits << 13;
                bits ^= bits >> 7;
                bits ^= bits << 17;
                if bits & 1 == 0 { '0' } else { '1' }
            })
            .collect();
        assert!(pattern.find_in(&line).is_err());
    }
}
