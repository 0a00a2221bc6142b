//! A full or read-only disk: `serve` reports it, accepts nothing that it cannot keep, and keeps everything it accepted.

use crate::announce;
use crate::process::executable;
use crate::support::{EXECUTION_LIMIT, World, eventually};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// How large the disk is. An empty data folder takes less than one MiB of it.
const SIZE: &str = "size=16m,mode=0700";

/// More deliveries than fit on the rest of a full disk: SQLite overwrites space that it no longer needs.
const DELIVERIES: usize = 400;

/// A separate small file system at a folder, removed with it.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// A disk with the folder's content. `None`, counted as skipped, if none can be mounted.
    fn mount(at: &Path) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let files: Vec<_> = fs::read_dir(at)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| (path.clone(), fs::read(path).unwrap()))
            .collect();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", SIZE, "tmpfs"]).arg(at).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            for (path, content) in files {
                fs::write(path, content).unwrap();
            }
            return Some(Self(at.to_owned()));
        }
        test_inputs::skip("a full disk", "no file system can be mounted here");
        None
    }

    /// Fills the rest.
    fn fill(&self) {
        let mut file = File::create(self.filler()).unwrap();
        for size in [1 << 16, 1 << 12, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
    }

    fn free(&self) {
        fs::remove_file(self.filler()).unwrap();
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }

    fn make_read_only(&self) {
        let remounted = Command::new("mount").args(["-o", "remount,ro"]).arg(&self.0).status().unwrap();
        assert!(remounted.success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _nothing_left_to_do =
            Command::new("umount").arg("--lazy").arg(&self.0).stderr(Stdio::null()).status();
    }
}

async fn status(world: &World, number: usize) -> u16 {
    let (headers, body) = announce::delivery(number);
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().unwrap();
    let request = client.post(format!("{}/webhooks/jira", world.address)).headers(headers).body(body);
    request.send().await.unwrap().status().as_u16()
}

fn errors(world: &World) -> String {
    fs::read_to_string(world.folder().join("serve.log")).unwrap()
}

#[tokio::test]
async fn what_was_accepted_on_a_full_disk_is_there_when_there_is_space_again() {
    let mut world = announce::world(DELIVERIES).simulate().await;
    let Some(disk) = SmallDisk::mount(&world.folder().join(".ticketsmith")) else { return };
    world.serve().await;
    assert_eq!(status(&world, 0).await, 200);
    disk.fill();
    let mut accepted = vec![0];
    let mut refused = Vec::new();
    for number in 1..DELIVERIES {
        match status(&world, number).await {
            200 => accepted.push(number),
            status => {
                assert!(status >= 500, "{status} tells the sender not to try again");
                refused.push(number);
            }
        }
        if refused.len() == 5 {
            break;
        }
    }
    assert_eq!(refused.len(), 5, "the disk is not full after {} deliveries", accepted.len());
    let said = errors(&world);
    assert!(said.contains("full") || said.contains("No space left"), "{said}");
    // A crash in the meantime changes nothing. Whether it starts again on a full disk depends on the disk.
    world.kill().await;
    disk.free();
    world.serve().await;
    for number in &refused {
        assert_eq!(status(&world, *number).await, 200, "delivered again, as senders do");
    }
    let expected: Vec<_> = accepted.iter().chain(&refused).map(|number| (*number, 1)).collect();
    let told = async || {
        let told: Vec<_> = announce::announced(&world).await.into_iter().collect();
        (told == expected).then_some(())
    };
    let mut limit = EXECUTION_LIMIT;
    limit *= 4;
    eventually("everything that was accepted, once each,", limit, told).await;
    world.finish().await;
}

#[tokio::test]
async fn a_disk_that_cannot_be_written_is_named_and_nothing_is_served() {
    let mut world = announce::world(1).simulate().await;
    let data = world.folder().join(".ticketsmith");
    let Some(disk) = SmallDisk::mount(&data) else { return };
    world.serve().await;
    world.kill().await;
    disk.make_read_only();
    let output = Command::new(executable())
        .args(["serve", "--config"])
        .arg(world.folder().join("ticketsmith.yaml"))
        .arg("--data")
        .arg(&data)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains(".ticketsmith") && said.contains("Read-only file system"), "{said}");
}

#[cfg(unix)]
#[tokio::test]
async fn whatever_serve_makes_only_its_owner_can_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = announce::world(1).start().await;
    assert_eq!(status(&world, 0).await, 200);
    let told = async || announce::announced(&world).await.contains_key(&0).then_some(());
    eventually("the message", EXECUTION_LIMIT, told).await;
    let mut folders = vec![world.folder().join(".ticketsmith")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700, "{}", folder.display());
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                assert_eq!(mode(&path), 0o600, "{}", path.display());
                files += 1;
            }
        }
    }
    assert!(files >= 8, "only {files} files were looked at");
    world.finish().await;
}
