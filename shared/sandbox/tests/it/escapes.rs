//! What strangers' commands try. As root these run as users of their own; `./check full sandbox` runs them as root and as another user.

use crate::world::{World, processes_with, text};
use domain::CheckEnd;
use std::net::TcpListener;
use std::time::Instant;

#[tokio::test]
async fn no_network_and_no_port_of_ours() {
    let Some(world) = World::open("escape to the network and our ports").await else { return };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let command = format!(
        "for to in 127.0.0.1/{port} 1.1.1.1/53; do bash -c \"echo hello >/dev/tcp/$to\" && echo CONNECTED; done; cat /proc/net/dev"
    );
    let report = world.run(&command, &[]).await;
    assert!(!text(&report).contains("\nCONNECTED") && !text(&report).contains("eth"), "{report:?}");
    assert!(listener.accept().is_err(), "somebody connected");
    // The same command outside would have arrived.
    let arrives = std::net::TcpStream::connect(("127.0.0.1", port)).is_ok();
    assert!(arrives);
}

#[tokio::test]
async fn no_process_of_ours() {
    let Some(world) = World::open("escape to parents' processes").await else { return };
    let own = std::process::id();
    let command = format!(
        "kill -9 {own} && echo KILLED; cat /proc/{own}/environ /proc/*/environ | tr '\\0' '\\n'; ls -d /proc/[0-9]* | wc -l"
    );
    let report = world.run(&command, &[]).await;
    assert!(!text(&report).contains("\nKILLED") && !text(&report).contains("CARGO"), "{report:?}");
    let count: usize = report.last_lines.last().unwrap().trim().parse().unwrap();
    assert!(count < 10, "{report:?}");
}

#[tokio::test]
async fn no_other_workspace_and_no_table() {
    let Some(world) = World::open("escape to other workspaces and our table").await else { return };
    std::fs::write(world.path("data/secret-table.db"), "SECRET").unwrap();
    let other = world.path("checks/runs/other");
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join("secret-file"), "SECRET").unwrap();
    let command = format!(
        "cat {0}/secret-file {1}/secret-table.db; echo x > {1}/secret-table.db; find / -name 'secret-*' 2>/dev/null; ls /home /root /var /run",
        other.display(),
        world.path("data").display(),
    );
    let report = world.run(&command, &[]).await;
    let told: Vec<_> = report.last_lines.iter().filter(|line| !line.starts_with("$ ")).collect();
    let is_refusal = |line: &&&String| line.contains("No such file") || line.contains("nonexistent");
    assert!(told.iter().all(|line| is_refusal(&line)), "{report:?}");
    assert_eq!(std::fs::read_to_string(world.path("data/secret-table.db")).unwrap(), "SECRET");
}

#[tokio::test]
async fn links_lead_nowhere() {
    let Some(world) = World::open("escape by links").await else { return };
    let outside = world.path("outside");
    std::fs::write(&outside, "mine").unwrap();
    let command = format!(
        "ln -s {0} a; echo theirs > a; cat a; ln -s /etc/shadow b; cat b; ln {0} c; ln -s /workspace /tmp/d; ln -s ../../../../../../..{0} e; cat e; \
         ls -l /proc/self/root/tmp /proc/1/root/tmp",
        outside.display()
    );
    let report = world.run(&command, &[]).await;
    assert!(!text(&report).contains("mine") && !text(&report).contains("root:"), "{report:?}");
    assert_eq!(std::fs::read_to_string(&outside).unwrap(), "mine");
}

#[tokio::test]
async fn a_fork_bomb_ends_and_nothing_of_it_runs_on() {
    let Some(world) = World::open("escape by a fork bomb").await else { return };
    let marker = format!("4{}", std::process::id());
    let command = format!(
        "bomb() {{ sleep {marker} & bomb | bomb & }}; bomb; i=0; while [ $i -lt 300 ]; do (setsid sleep {marker} &) ; i=$((i + 1)); done; true"
    );
    let begun = Instant::now();
    let report = world.run(&command, &[]).await;
    assert!(text(&report).contains("fork") || !report.passed(), "{report:?}");
    assert!(begun.elapsed() < std::time::Duration::from_secs(60), "it was ended by the clock");
    assert_eq!(processes_with(&marker), 0);
    world.assert_nothing_left();
}

#[tokio::test]
async fn endless_output_ends() {
    let Some(world) = World::open("escape by endless output").await else { return };
    let report = world.run("echo begin; yes 7391", &[]).await;
    assert_eq!(report.end, CheckEnd::TooMuchOutput);
    // It may end within a line.
    assert_eq!((report.last_lines.len(), report.last_lines[98].as_str()), (100, "7391"));
    assert!("7391".starts_with(&report.last_lines[99]), "{}", report.last_lines[99]);
    assert_eq!(processes_with("yes\x007391"), 0);
    world.assert_nothing_left();
}

#[tokio::test]
async fn the_disk_is_not_filled() {
    let Some(world) = World::open("escape by a full disk").await else { return };
    let command = "for place in /workspace/x /tmp/x /dev/shm/x /dev/x /x /etc/x /usr/x /source/x; do \
                   head -c 100000000 /dev/zero > $place; stat -c '%n %s' $place; done 2>&1; cat /proc/mounts | grep -c ' rw'";
    let report = world.run(command, &[]).await;
    let sizes: Vec<u64> = report
        .last_lines
        .iter()
        .filter(|line| line.starts_with('/'))
        .filter_map(|line| line.split_once(' ')?.1.parse().ok())
        .collect();
    assert!(!sizes.is_empty() && sizes.iter().all(|size| *size <= 64 * 1024 * 1024), "{report:?}");
    assert_eq!(sizes.len(), 3, "only three places take anything: {report:?}");
    world.assert_nothing_left();
}

#[tokio::test]
async fn memory_is_bounded() {
    let Some(mut world) = World::open("escape by memory").await else { return };
    world.checks.memory_megabytes = 64;
    let report = world.run("head -c 500000000 /dev/zero | tail -c 400000000 > /dev/null; echo $?", &[]).await;
    assert!(report.last_lines.last().is_some_and(|line| line.trim() != "0"), "{report:?}");
}

#[tokio::test]
async fn time_is_bounded_by_the_one_who_waits() {
    let Some(world) = World::open("a run that is given up").await else { return };
    let marker = format!("5{}", std::process::id());
    let command = format!("sleep {marker}");
    let waited = tokio::time::timeout(std::time::Duration::from_millis(1_500), world.run(&command, &[]));
    assert!(waited.await.is_err());
    let ended = async {
        let mut tick = tokio::time::interval(std::time::Duration::from_millis(20));
        while processes_with(&marker) > 0 {
            tick.tick().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), ended)
        .await
        .expect("it is killed with the one who waits");
    world.assert_nothing_left();
}

#[tokio::test]
async fn what_an_earlier_process_left_is_removed() {
    let Some(world) = World::open("what is left after kill -9").await else { return };
    let left = world.path("checks/runs/left");
    std::fs::create_dir(&left).unwrap();
    std::fs::create_dir(world.path("checks/set-ups/left")).unwrap();
    let data = world.path("data");
    sandbox::Sandbox::open(&world.path("checks"), &[&data]).unwrap();
    assert!(!left.exists() && !world.path("checks/set-ups/left").exists());
}
