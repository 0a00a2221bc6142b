//! Many tickets at once: every one of them succeeds at the pace that the rates allow, however many wait.

use crate::support::{World, WorldFile};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Set by `./check full`: as many tickets, at the rates that a configuration without `rate_limit` has.
const WHOLE: &str = "TICKETSMITH_QUEUE";

/// The rates of the small form. They are low enough to make the tickets wait, and high enough not to make us wait.
const RATES: [(&str, f64); 5] =
    [("claude", 4.0), ("confluence", 8.0), ("github", 16.0), ("jira", 8.0), ("slack", 8.0)];

/// How many requests to the code host one run of `development` may make.
const MOST_CALLS: usize = 25;

/// The shop with so many tickets like its first.
fn shop(tickets: usize) -> WorldFile {
    WorldFile::shop().edit(|document| {
        let list = document["jira"]["tickets"].as_array_mut().unwrap();
        let first = list[0].clone();
        *list = (1..=tickets)
            .map(|number| {
                let mut ticket = first.clone();
                ticket["key"] = json!(format!("SHOP-{number}"));
                ticket
            })
            .collect();
    })
}

async fn all_succeed(world: &World, tickets: usize, limit: Duration) -> Duration {
    let begun = Instant::now();
    let mut names = Vec::new();
    let mut in_line = 0;
    for number in 1..=tickets {
        let label =
            json!({"kind": "jira-label", "ticket": format!("SHOP-{number}"), "label": "agent", "by": "ada"});
        let result = world.deliver(label).await["body"]["results"][0].clone();
        in_line += usize::from(result["result"] == "in_line");
        names.push(result["execution"].as_str().unwrap_or_else(|| panic!("{result}")).to_owned());
    }
    assert_eq!(in_line, tickets - 10, "ten of one person are at work, and the others wait in line");
    for name in &names {
        let execution = world.ended_within(name, limit.saturating_sub(begun.elapsed())).await;
        assert_eq!(execution["outcome"], "succeeded", "{execution:#}");
    }
    begun.elapsed()
}

/// The requests of each service, and that none was refused for its rate.
async fn requests(world: &World) -> BTreeMap<String, Vec<Value>> {
    let mut by_service = BTreeMap::<String, Vec<Value>>::new();
    for entry in world.log().await {
        assert!(!matches!(entry["status"].as_u64(), Some(403 | 429)), "{entry:#}");
        by_service.entry(entry["service"].as_str().unwrap().to_owned()).or_default().push(entry);
    }
    by_service
}

#[tokio::test]
async fn many_tickets_at_once_all_succeed_at_the_pace_of_the_rates() {
    let whole: Option<usize> = std::env::var(WHOLE).ok().map(|tickets| tickets.parse().unwrap());
    let tickets = whole.unwrap_or(12);
    let world = shop(tickets).edit(|document| {
        for (name, plugin) in document["configuration"]["plugins"].as_object_mut().unwrap() {
            let rate = RATES.iter().find(|(service, _)| service == name).map(|(_, rate)| format!("{rate}/s"));
            match (whole, rate) {
                (None, Some(rate)) => plugin["rate_limit"] = json!(rate),
                _ => drop(plugin.as_object_mut().unwrap().remove("rate_limit")),
            }
        }
    });
    let world = world.start().await;
    let limit = if whole.is_some() { Duration::from_secs(3600) } else { Duration::from_secs(240) };
    let took = all_succeed(&world, tickets, limit).await;

    let requests = requests(&world).await;
    let calls = requests["github"].len();
    assert!(calls <= MOST_CALLS * tickets, "{calls} requests to GitHub for {tickets} runs");
    if whole.is_some() {
        // GitHub's 5,000 an hour: 250 at once and 4,750 in the hour; the others per second.
        let count = |service: &str| requests[service].len() as f64;
        let github = (count("github") - 250.0).max(0.0) / (4_750.0 / 3_600.0);
        let ideal =
            [github, count("jira") / 2.0, count("claude"), count("slack")].into_iter().fold(0.0, f64::max);
        println!("{tickets} tickets took {took:?}; the rates allow {ideal:.0} s; {calls} requests to GitHub");
        assert!(took.as_secs_f64() <= 1.3 * ideal, "{took:?}, where the rates allow {ideal:.0} s");
    }
    world.finish().await;
}
