//! What a browser is confined to.

use super::bench::{Bench, all_gone, processes_with};
use axum::{Router, response::Html, routing::get};
use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, chown},
    path::Path,
    time::Duration,
};

#[tokio::test]
async fn its_processes_have_no_network_no_rights_and_no_files_of_the_host() {
    let bench = Bench::new(Router::new().route("/", get(|| async { Html("<p>start</p>") }))).await;
    let browser = bench.start().await;
    browser.open(&bench.url("/")).await.unwrap();
    let inside = processes_with(&["--type="]);
    assert!(inside.len() >= 2, "{inside:?}");
    for pid in inside {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let line =
            |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
        assert!(!line("Uid:").starts_with("0\t"), "{status}");
        assert_eq!((line("CapEff:").as_str(), line("NoNewPrivs:").as_str()), ("0000000000000000", "1"));
        assert_eq!(line("Seccomp:"), "2");
        for space in ["user", "pid", "mnt", "ipc", "net", "uts", "cgroup"] {
            let of = |who: &str| fs::read_link(format!("/proc/{who}/ns/{space}"));
            // An ordinary user may not look into another user namespace.
            if let Ok(its) = of(&pid.to_string()) {
                assert_ne!(its, of("self").unwrap(), "{space}");
            }
        }
        let devices = fs::read_to_string(format!("/proc/{pid}/net/dev")).unwrap();
        assert_eq!(devices.lines().skip(2).count(), 1, "only the loopback: {devices}");
        // Nothing listens but the forwarder, and no debugging port exists.
        let listening = fs::read_to_string(format!("/proc/{pid}/net/tcp")).unwrap();
        let listening = listening.lines().filter(|line| line.split_whitespace().nth(3) == Some("0A"));
        assert_eq!(listening.count(), 1);
        if let Ok(root) = fs::read_dir(format!("/proc/{pid}/root/")) {
            let names: Vec<_> =
                root.flatten().map(|entry| entry.file_name().into_string().unwrap()).collect();
            for absent in ["home", "root", "opt", "srv", "data"] {
                assert!(!names.iter().any(|name| name == absent), "{names:?}");
            }
        }
    }
    browser.close().await;
    all_gone(Duration::ZERO).await;
}

/// The most important ones once more without root's powers.
#[test]
fn some_again_as_an_ordinary_user() {
    const USER: u32 = 61_501;
    let status = fs::read_to_string("/proc/self/status").unwrap();
    if !status.lines().any(|line| line.starts_with("Uid:\t0\t")) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let own = |path: &Path| {
        chown(path, Some(USER), Some(USER)).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    // As they lie in the target folder.
    let tests = std::env::current_exe().unwrap();
    let copy = |from: &Path, folder: &str, name: &str| {
        let folder = dir.path().join(folder);
        fs::create_dir(&folder).unwrap();
        own(&folder);
        fs::copy(from, folder.join(name)).unwrap();
        own(&folder.join(name));
        folder.join(name)
    };
    let program = copy(&tests, "deps", "tests");
    let target = tests.parent().and_then(Path::parent).unwrap();
    copy(&target.join("examples/forwarder"), "examples", "forwarder");
    own(dir.path());
    let output = std::process::Command::new("setpriv")
        .args(["--reuid", &USER.to_string(), "--regid", &USER.to_string(), "--clear-groups"])
        .arg(&program)
        .args(["a_form_is_read", "its_processes_have", "eats_memory", "--test-threads", "1"])
        .env("TMPDIR", dir.path())
        .env("HOME", dir.path())
        .current_dir(dir.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("3 passed"), "{said}");
}
