//! Checks the arguments of JSONata's functions by their signatures, so that a wrong value is found before a run has paid for anything.

use super::Inference;
use crate::functions::{self, Wanted};
use crate::types::{Kind, Type};
use jlens_core::Node;

impl Inference<'_, '_, '_> {
    /// Reports arguments that a built-in function does not accept.
    pub(super) fn arguments(&mut self, name: &str, procedure: &Node, args: &[&Node], kinds: &[Type]) {
        let Some(wanted) = functions::wanted(name) else { return };
        if let (Some(most), true) = (wanted.most, args.len() > wanted.values.len()) {
            let values = if most == 1 { "value" } else { "values" };
            self.error(
                procedure,
                format!("`${name}` takes at most {most} {values}, but is given {}", args.len()),
            );
        }
        for ((argument, kind), wanted) in args.iter().zip(kinds).zip(&wanted.values) {
            if !takes(*wanted, kind) {
                let message = format!("`${name}` takes {wanted}, but this is {kind}");
                let diagnostic = self.error(argument, message);
                match (name, &kind.kind) {
                    ("length", Kind::List(_)) => {
                        diagnostic.help("`$count(…)` is how many items a list has");
                    }
                    (_, Kind::Boolean | Kind::Integer | Kind::Number) if *wanted == Wanted::Text => {
                        diagnostic.help("`$string(…)` makes text of it");
                    }
                    (_, Kind::Text(_)) if *wanted == Wanted::Number => {
                        diagnostic.help("`$number(…)` makes a number of it");
                    }
                    _ => {}
                }
            } else if kind.may_be_null()
                && matches!(wanted, Wanted::Text | Wanted::Number)
                && !self.is_guarded(argument)
            {
                let text = self.written(argument);
                let otherwise = if *wanted == Wanted::Text { "''" } else { "0" };
                let why = kind.why_absent();
                self.warning(
                    argument,
                    format!("this may be `null`, which ends the execution in `${name}`{why}"),
                )
                .help(format!("write `({text} != null ? {text} : {otherwise})`"));
            }
        }
    }
}

fn takes(wanted: Wanted, kind: &Type) -> bool {
    // Whether `null` is taken is asked apart from that.
    if matches!(kind.kind, Kind::Any | Kind::Null | Kind::Stored(_)) {
        return true;
    }
    let (text, number) = (Type::text(), Type::new(Kind::Number));
    match wanted {
        Wanted::Anything => true,
        Wanted::Text => kind.fits(&text),
        Wanted::Number => kind.fits(&number),
        // One value is taken as a list of it.
        Wanted::Texts => kind.fits(&text) || kind.fits(&Type::list(text)),
        Wanted::Numbers => kind.fits(&number) || kind.fits(&Type::list(number)),
    }
}
