//! Files in every form that people have, and outputs that nobody reads: the output and exit codes of the commands on workflows.

use crate::process::executable;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const TELL: &str = "name: Tell
steps:
  - name: tell
    plugin: communication
    action: send_message
    inputs: { message: hi }
";
const ASK: &str = "name: Ask
steps:
  - { name: ask, type: approval, question: Go on?, approvers: [leeds], timeout: 1h }
";
const CONFIGURATION: &str =
    "projects: [{ key: SHOP, repository: acme/shop, providers: { version_control: github } }]
plugins: { github: {} }
groups: { leads: [ada] }
users: [{ name: ada }]
";

/// A folder of a project with these workflows.
fn project(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join("workflows").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    folder
}

fn workflow(command: &str, folder: &Path) -> (i32, String) {
    let output =
        Command::new(executable()).args(["workflow", command, "--folder"]).arg(folder).output().unwrap();
    let Output { status, stdout, stderr } = output;
    let said = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    (status.code().unwrap(), said)
}

#[test]
fn workflows_end_in_either_way_and_what_is_not_read_is_named() {
    let tests = b"cases: [{ name: a, inputs: {}, steps: { tell: { skip: true } }, expect: { outcome: succeeded } }]\n";
    let folder = project(&[("b.yml", TELL.as_bytes()), ("b.test.yml", tests)]);
    let (code, said) = workflow("test", folder.path());
    assert!(code == 0 && said.contains("1 case(s) passed"), "{said}");
    for name in ["b.YAML", "b.Yml", "more/b.yaml"] {
        let folder = project(&[("a.yaml", TELL.as_bytes()), (name, TELL.as_bytes())]);
        let (code, said) = workflow("check", folder.path());
        let named = name.split('/').next().unwrap();
        assert!(code == 2 && said.contains(named) && said.contains("this is not read"), "{said}");
    }
}

#[test]
fn other_encodings_are_told_with_their_place() {
    for (bytes, told) in [
        (b"name: Gr\xfc\xdfe\n".to_vec(), "latin.yaml:1:9: the byte 0xfc"),
        (
            "\u{feff}name: A".encode_utf16().flat_map(u16::to_le_bytes).collect(),
            "latin.yaml:1:1: the file is UTF-16",
        ),
    ] {
        let folder = project(&[("latin.yaml", &bytes)]);
        for command in ["check", "compile", "fmt"] {
            let (code, said) = workflow(command, folder.path());
            assert!(code == 2 && said.contains(told) && said.contains("save the file as UTF-8"), "{said}");
        }
    }
}

#[test]
fn approvers_are_held_against_the_configuration_beside_the_workflows() {
    let folder = project(&[("ask.yaml", ASK.as_bytes())]);
    assert_eq!(workflow("check", folder.path()).0, 0);
    std::fs::write(folder.path().join("ticketsmith.yaml"), CONFIGURATION).unwrap();
    let (code, said) = workflow("check", folder.path());
    assert!(code == 1 && said.contains("`leeds` is neither a person nor a group"), "{said}");
    assert!(said.contains("did you mean `leads`?"), "{said}");
}

/// Nesting of aliases makes a small file large: it is refused before it is.
#[test]
fn a_file_that_aliases_blow_up_is_refused_at_once() {
    let mut text = String::from("name: A\nsteps: []\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..400 {
        text += &format!("a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 100].join(", "));
    }
    let folder = project(&[("laughs.yaml", text.as_bytes())]);
    for command in ["check", "fmt"] {
        let started = std::time::Instant::now();
        let (code, said) = workflow(command, folder.path());
        assert!(code != 0 && said.contains("this is larger than 20000 values"), "{said}");
        assert!(started.elapsed().as_secs() < 10);
    }
}

/// Readers of the output may stop early, which is never a panic.
#[test]
fn outputs_that_nobody_reads_are_no_panic() {
    let folder = project(&[("a.yaml", b"name: A\n")]);
    let closed = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        Stdio::from(writer)
    };
    for arguments in
        [["completions", "bash"].as_slice(), &["completions", "zsh"], &["workflow", "schema"], &["--help"]]
    {
        let output = Command::new(executable())
            .args(arguments)
            .stdout(closed())
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(0) && said.is_empty(), "{arguments:?}: {said}");
    }
    let check = Command::new(executable())
        .args(["workflow", "check", "--folder"])
        .arg(folder.path())
        .stdout(Stdio::piped())
        .stderr(closed())
        .output()
        .unwrap();
    assert_eq!(check.status.code(), Some(1));
    // Where the reason alone is left to be said, its code still is.
    let refused = Command::new(executable())
        .current_dir(folder.path())
        .args(["config", "check", "--config", "missing.yaml"])
        .stderr(closed())
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(2));
    let mistyped =
        Command::new(executable()).args(["engine", "--port", "abc"]).stderr(closed()).output().unwrap();
    assert_eq!(mistyped.status.code(), Some(2));
}

#[test]
fn a_folder_one_level_too_deep_does_not_mean_the_shipped_workflows() {
    let folder = project(&[("a.yaml", TELL.as_bytes())]);
    let deeper = folder.path().join("workflows");
    for command in ["check", "compile", "fmt", "graph", "test"] {
        let (code, said) = workflow(command, &deeper);
        let named = format!("{} has no `workflows` folder", deeper.display());
        assert!(code == 2 && said.contains(&named) && !said.contains("no errors"), "{command}: {said}");
    }
    // Without a name, the shipped ones are meant where a project has none.
    let here = Command::new(executable()).current_dir(&deeper).args(["workflow", "check"]).output().unwrap();
    assert!(String::from_utf8_lossy(&here.stdout).contains("no errors"));
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for command in ["check", "fmt", "test", "graph"] {
        let (code, said) = workflow(command, &folder.path().join("shpo"));
        assert!(code == 2 && said.contains("shpo") && !said.contains("no errors"), "{command}: {said}");
    }
    std::fs::write(folder.path().join("file"), "").unwrap();
    let out = folder.path().join("file/out");
    let output = Command::new(executable())
        .current_dir(folder.path())
        .args(["workflow", "compile", "--out"])
        .arg(&out)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.code() == Some(2) && said.contains(&format!("--out {}: ", out.display())),
        "{said}"
    );
}

/// As where a job passes on a variable that is not set.
#[test]
fn an_address_that_is_empty_counts_as_unset() {
    let folder = tempfile::tempdir().unwrap();
    for (variable, command) in [("TICKETSMITH_API_URL", "execution list"), ("TICKETSMITH_URL", "status")] {
        let output = Command::new(executable())
            .current_dir(folder.path())
            .args(command.split(' '))
            .env("XDG_CONFIG_HOME", folder.path())
            .env_remove("TICKETSMITH_DATA")
            .env_remove("TICKETSMITH_STAGE")
            .env_remove("TICKETSMITH_PROFILE")
            .env(variable, "")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.code() == Some(3) && said.contains("no running `ticketsmith serve`"),
            "{variable}: {said}"
        );
    }
}

#[test]
fn an_address_needs_its_token() {
    let folder = tempfile::tempdir().unwrap();
    for (url, token, command, code) in [
        ("TICKETSMITH_API_URL", "TICKETSMITH_API_TOKEN", "execution list", 4),
        ("TICKETSMITH_URL", "TICKETSMITH_TOKEN", "status", 2),
    ] {
        let output = Command::new(executable())
            .current_dir(folder.path())
            .args(command.split(' '))
            .env_remove("TICKETSMITH_STAGE")
            .env_remove("TICKETSMITH_PROFILE")
            .env(url, "http://127.0.0.1:9")
            .env(token, "")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        let told = said.contains(&format!("{url} is set but {token} is not"));
        assert!(output.status.code() == Some(code) && told, "{said}");
    }
}

/// The credential decides who asks: the API would carry it out as somebody else's request.
#[test]
fn nobody_is_named_beside_a_credential_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let profiles = folder.path().join("ticketsmith");
    std::fs::create_dir(&profiles).unwrap();
    let profile = r#"{"profiles": {"prod": {"url": "http://127.0.0.1:1/api/v1", "token": "t"}}}"#;
    std::fs::write(profiles.join("profiles.json"), profile).unwrap();
    let run = |arguments: &[&str], url: &str| {
        let output = Command::new(executable())
            .current_dir(folder.path())
            .args(["execution", "list", "--as", "ada"])
            .args(arguments)
            .env("XDG_CONFIG_HOME", folder.path())
            .env_remove("TICKETSMITH_PROFILE")
            .env("TICKETSMITH_API_URL", url)
            .env("TICKETSMITH_API_TOKEN", "t")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && said.contains("--as cannot be used with"), "{said}");
        said
    };
    assert!(run(&[], "http://127.0.0.1:1/api/v1").contains("TICKETSMITH_API_TOKEN"));
    assert!(run(&["--profile", "prod"], "").contains("the profile `prod`"));
}

/// Somebody may mean another folder than the one that they give.
#[cfg(unix)]
#[test]
fn whoever_only_looks_at_a_data_folder_changes_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ticketsmith.yaml"), CONFIGURATION).unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o755)).unwrap();
    let run = |command: &str| {
        Command::new(executable())
            .current_dir(folder.path())
            .args(command.split(' '))
            .args(["--data", "data"])
            .env("XDG_CONFIG_HOME", folder.path())
            .env_remove("TICKETSMITH_STAGE")
            .output()
            .unwrap()
    };
    for (command, code) in
        [("status", 3), ("execution list", 3), ("logs SHOP-1", 3), ("doctor", 1), ("secrets list", 0)]
    {
        let output = run(command);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{command}: {said}");
        let mode = std::fs::metadata(&data).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode, std::fs::read_dir(&data).unwrap().count()), (0o755, 0), "{command}");
    }
    std::fs::write(data.join("running.json"), "{").unwrap();
    let output = run("status");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("running.json: `serve` did not write this"), "{said}");
}

#[test]
fn a_refused_start_leaves_nothing_behind() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let wrong = project(&[("a.yaml", b"name: A\n")]);
    std::fs::write(wrong.path().join("ticketsmith.yaml"), CONFIGURATION.replace("leeds", "leads")).unwrap();
    let right = tempfile::tempdir().unwrap();
    std::fs::write(right.path().join("ticketsmith.yaml"), CONFIGURATION).unwrap();
    let broken = tempfile::tempdir().unwrap();
    std::fs::write(broken.path().join("ticketsmith.yaml"), "projects: 1\n").unwrap();
    let empty = tempfile::tempdir().unwrap();
    for (folder, listen, told, code) in [
        (&empty, "127.0.0.1:0", "No such file", 2),
        (&broken, "127.0.0.1:0", "it must be a list", 2),
        (&wrong, "127.0.0.1:0", "steps", 2),
        (&right, address.as_str(), "cannot listen on", 3),
    ] {
        let output = Command::new(executable())
            .current_dir(folder.path())
            .env_remove("TICKETSMITH_DATA")
            .env_remove("TICKETSMITH_CONFIG")
            .args(["serve", "--listen", listen])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(code) && said.contains(told), "{said}");
        assert!(!folder.path().join(".ticketsmith").exists(), "{told}: a data folder was made");
    }
}

/// Each address is free, and yet they cannot be had together; a key is needed only once there are files.
#[test]
fn what_is_refused_about_a_start_as_a_whole_leaves_nothing_behind_either() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (address, port) = (free.to_string(), free.port().to_string());
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ticketsmith.yaml"), CONFIGURATION).unwrap();
    let address = address.as_str();
    for (arguments, key, told) in [
        (["--listen", address, "--metrics", address], None, "--listen and --metrics both name"),
        (["--listen", address, "--api-port", port.as_str()], None, "--listen and --api-port both name"),
        (["--listen", address, "--api-port", "0"], Some("short"), "TICKETSMITH_SECRETS_KEY is not a key"),
    ] {
        let output = Command::new(executable())
            .current_dir(folder.path())
            .env_remove("TICKETSMITH_DATA")
            .env_remove("TICKETSMITH_CONFIG")
            .envs(key.map(|key| ("TICKETSMITH_SECRETS_KEY", key)))
            .arg("serve")
            .args(arguments)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && said.contains(told), "{said}");
        assert!(!folder.path().join(".ticketsmith").exists(), "{told}: a data folder was made");
    }
}

/// Jobs pass on variables that have no value.
#[test]
fn an_empty_variable_counts_as_unset() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ticketsmith.yaml"), CONFIGURATION).unwrap();
    for (arguments, code, told) in [
        (["config", "check"].as_slice(), 0, "ticketsmith.yaml: OK"),
        (&["status"], 3, ".ticketsmith"),
        (&["person", "list"], 3, ".ticketsmith"),
    ] {
        let mut command = Command::new(executable());
        command.current_dir(folder.path()).env("HOME", folder.path()).args(arguments);
        for variable in [
            "CONFIG",
            "DATA",
            "STAGE",
            "PROFILE",
            "URL",
            "TOKEN",
            "API_URL",
            "API_TOKEN",
            "SECRETS_KEY",
            "EVIDENCE_KEY",
            "DESCRIPTIONS",
        ] {
            command.env(format!("TICKETSMITH_{variable}"), "");
        }
        let output = command.env("XDG_CONFIG_HOME", "").output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(output.status.code() == Some(code) && said.contains(told), "{arguments:?}: {said}");
    }
}
