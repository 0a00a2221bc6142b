//! What one run of `development` costs in calls, records, syncs and bytes, beside what `docs/benchmarks.md` says: counts, which a machine's
//! load changes only as far as it changes how often the comment is edited.

use crate::figures::figures;
use crate::support::{World, WorldFile};
use rusqlite::Connection;
use std::collections::BTreeMap;

const DOCUMENT: &str = include_str!("../../docs/benchmarks.md");
const HEADING: &str = "| of one run of `development` | count | and for each edit of its comment |";

/// The table of the document, by the first column, for a run whose comment was edited so often.
fn documented(edits: f64) -> BTreeMap<String, f64> {
    let table =
        DOCUMENT.split_once(HEADING).unwrap_or_else(|| panic!("docs/benchmarks.md has no {HEADING}")).1;
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let mut cells = row.trim_matches('|').split('|').map(str::trim);
        let name = cells.next().unwrap().to_owned();
        let mut number = || cells.next().unwrap().replace(',', "").parse::<f64>().unwrap();
        (name, number() + edits * number())
    })
    .collect()
}

/// The counts so far.
async fn counted(world: &World) -> BTreeMap<String, f64> {
    let figures = figures(world).await;
    let of = |start: &str| -> f64 {
        figures.iter().filter(|(name, _)| name.starts_with(start)).map(|(_, value)| value).sum()
    };
    let data = world.folder().join(".ticketsmith");
    let table = Connection::open(data.join("table.db")).unwrap();
    let number = |query: &str| table.query_row(query, [], |row| row.get::<_, f64>(0)).unwrap();
    BTreeMap::from([
        ("calls of the table".to_owned(), of("ticketsmith_table_calls_total")),
        ("calls of providers".to_owned(), world.log().await.len() as f64),
        (
            "records of the table's stream".to_owned(),
            // Those that were handed over are gone; their numbers are not given again.
            number("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = '_stream_records'"),
        ),
        ("syncs of the disk".to_owned(), of("ticketsmith_disk_syncs_total")),
        (
            "bytes of its records in the table".to_owned(),
            number("SELECT coalesce(sum(length(item_json)), 0) FROM ticketsmith"),
        ),
    ])
}

#[tokio::test]
async fn one_run_costs_what_the_benchmarks_say() {
    let world = WorldFile::quick_shop().start().await;
    let before = counted(&world).await;
    let receipt = world.deliver("jira-label").await;
    let name = receipt["body"]["results"][0]["execution"].as_str().unwrap_or_else(|| panic!("{receipt}"));
    // Reading the records is counted too, so the services are asked whether it has ended.
    world.told(name).await;
    let after = counted(&world).await;
    assert_eq!(world.execution(name).await["outcome"], "succeeded");
    let counts: BTreeMap<_, _> =
        after.iter().map(|(what, count)| (what.clone(), count - before[what])).collect();
    let edits = world.requests("jira", "PUT", "/comment/").await.len();
    let documented = documented(edits as f64);
    assert_eq!(documented.keys().collect::<Vec<_>>(), counts.keys().collect::<Vec<_>>());
    for (what, count) in &counts {
        let said = documented[what];
        assert!(
            (count - said).abs() <= said / 10.0,
            "{what}: {count}, and not {said} with {edits} edits: {counts:#?}"
        );
    }
    world.finish().await;
}
