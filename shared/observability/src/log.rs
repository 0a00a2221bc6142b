//! Log lines: one JSON object each, with the fields of the enclosing spans and the event's own.
//!
//! A field is there once: the event's own word goes before its spans', the inner span's before the outer's.

use serde_json::{Map, Value};
use std::fmt;
use tracing::{Event, Level, Subscriber};
use tracing_serde::fields::AsMap;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::{JsonFields, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormattedFields, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt as format};

/// Starts logging in Lambda: to standard output, at the levels in `RUST_LOG` (`info`, or `warn,records=debug`), or at the one in
/// `AWS_LAMBDA_LOG_LEVEL`, else at `info`.
pub fn start_in_lambda() {
    let asked = ["RUST_LOG", "AWS_LAMBDA_LOG_LEVEL"].into_iter().filter_map(|name| std::env::var(name).ok());
    tracing_subscriber::registry().with(layer(std::io::stdout).with_filter(levels(asked))).init();
}

/// The first requested levels; `info` if there are none, or they cannot be read. Empty ones are not requested: read as levels, they would mean
/// errors alone. Only by crates and modules: directives about spans and fields would bring a compiler of regular expressions into every
/// package.
fn levels(asked: impl IntoIterator<Item = String>) -> Targets {
    let asked = asked.into_iter().find(|asked| !asked.is_empty());
    let read = asked.and_then(|asked| asked.parse().ok());
    read.unwrap_or_else(|| Targets::new().with_default(Level::INFO))
}

/// Writes the lines of a subscriber, each by one call of the writer.
pub fn layer<S, W>(writer: W) -> impl Layer<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    format::layer().json().event_format(Lines).with_writer(writer)
}

struct Lines;

impl<S> FormatEvent<S, JsonFields> for Lines
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let metadata = event.metadata();
        let mut line = Map::new();
        line.insert("timestamp".to_owned(), format!("{:.6}", jiff::Timestamp::now()).into());
        line.insert("level".to_owned(), metadata.level().as_str().into());
        line.insert("target".to_owned(), metadata.target().into());
        let spans = context.event_scope().into_iter().flat_map(|spans| spans.from_root());
        let fields = spans.filter_map(|span| {
            let extensions = span.extensions();
            let fields = extensions.get::<FormattedFields<JsonFields>>()?;
            serde_json::from_str::<Map<String, Value>>(fields).ok()
        });
        fields.for_each(|fields| line.extend(fields));
        if let Ok(Value::Object(fields)) = serde_json::to_value(event.field_map()) {
            line.extend(fields);
        }
        writeln!(writer, "{}", Value::Object(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    #[test]
    fn levels_are_those_of_crates_and_info_where_nothing_else_is_asked_for() {
        let cases: [(&[&str], Level, Level); 6] = [
            (&[], Level::INFO, Level::INFO),
            (&["DEBUG"], Level::DEBUG, Level::DEBUG),
            (&["warn,records=debug", "DEBUG"], Level::DEBUG, Level::WARN),
            (&["records=loud"], Level::INFO, Level::INFO),
            (&["", ""], Level::INFO, Level::INFO),
            (&["", "DEBUG"], Level::DEBUG, Level::DEBUG),
        ];
        for (asked, records, events) in cases {
            let levels = levels(asked.iter().map(|asked| (*asked).to_owned()));
            for (target, level) in [("records::table", records), ("events::tell", events)] {
                assert!(levels.would_enable(target, &level), "{asked:?} {target}");
                let above = [Level::DEBUG, Level::TRACE].into_iter().find(|finer| *finer > level);
                assert!(!levels.would_enable(target, &above.unwrap_or(Level::TRACE)), "{asked:?} {target}");
            }
        }
    }

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn lines(log: impl FnOnce()) -> Vec<Map<String, Value>> {
        let written = Written::default();
        let writer = written.clone();
        let subscriber = tracing_subscriber::registry().with(layer(move || writer.clone()));
        tracing::subscriber::with_default(subscriber, log);
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_line_says_flat_what_its_spans_say_and_each_field_once() {
        let lines = lines(|| {
            let outer = tracing::info_span!("delivery", delivery = "d1", execution = tracing::field::Empty);
            outer.record("execution", "a");
            let _outer = outer.enter();
            let inner = tracing::info_span!("start", execution = "b", count = 2);
            let _inner = inner.enter();
            tracing::info!("in both");
            tracing::warn!(execution = "c", problem = "a \"quoted\"\nline", "own words first");
        });
        assert_eq!(lines.len(), 2);
        let [first, second] = &lines[..] else { panic!() };
        assert_eq!(first["execution"], "b");
        assert_eq!(first["delivery"], "d1");
        assert_eq!(first["count"], 2);
        assert_eq!(first["message"], "in both");
        assert_eq!(first["level"], "INFO");
        assert_eq!(first["target"], "observability::log::tests");
        first["timestamp"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        assert_eq!(second["execution"], "c");
        assert_eq!(second["problem"], "a \"quoted\"\nline");
    }
}
