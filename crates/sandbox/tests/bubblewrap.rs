//! Real commands in real bubblewrap. As root, the whole file runs a second time as an ordinary user.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, missing_docs)]

use alumia_sandbox::{
    Bubblewrap, Channel, Command, Ended, Folder, Limits, Outcome, OutputSink, Program, Sandbox, SandboxError,
    give,
};
use std::{
    fs,
    net::TcpListener,
    os::unix::fs::{PermissionsExt, chown},
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

const MIB: u64 = 1 << 20;

struct Bench {
    dir: TempDir,
    sandbox: Bubblewrap,
}

fn small() -> Limits {
    Limits { memory: 256 * MIB, processes: 40, work: 20 * MIB, files: 500, tmp: 8 * MIB, ..Limits::default() }
}

impl Bench {
    fn new(limits: Limits) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let sandbox = Bubblewrap::new(&dir.path().join("state"), limits).unwrap();
        assert_eq!(sandbox.off_reason(), None);
        Self { dir, sandbox }
    }

    fn work(&self) -> std::path::PathBuf {
        self.dir.path().join("work")
    }

    fn command(&self, script: &str) -> Command {
        Command {
            script: script.into(),
            workdir: self.work(),
            project_dir: None,
            timeout: Duration::from_secs(20),
            room: None,
            stdin: None,
        }
    }

    async fn exec(&self, command: Command) -> Result<Outcome, SandboxError> {
        self.sandbox.exec(command, Arc::new(|_, _| ()), CancellationToken::new()).await
    }

    async fn run(&self, script: &str) -> Outcome {
        self.exec(self.command(script)).await.unwrap()
    }
}

/// How many processes of this machine carry a text in their command line.
fn processes_with(mark: &str) -> usize {
    let all = fs::read_dir("/proc").unwrap().flatten();
    let with = all.filter(|entry| {
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        line.windows(mark.len()).any(|part| part == mark.as_bytes())
    });
    with.count()
}

fn mark(name: &str) -> String {
    format!("mark-{name}-{}-{}", std::process::id(), Instant::now().elapsed().as_nanos())
}

#[tokio::test]
async fn output_comes_as_it_is_made() {
    let bench = Bench::new(small());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink: OutputSink = {
        let (seen, started) = (seen.clone(), Instant::now());
        Arc::new(move |channel, text: &str| {
            seen.lock().unwrap().push((channel, text.to_owned(), started.elapsed()));
        })
    };
    let script =
        "echo one; sleep 0.4; echo two >&2; sleep 0.4; printf 'thr\\303'; sleep 0.2; printf '\\251e'";
    let outcome = bench.sandbox.exec(bench.command(script), sink, CancellationToken::new()).await.unwrap();
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("one\nthrée", "two\n"));
    let seen = seen.lock().unwrap();
    let texts: Vec<_> = seen.iter().map(|(channel, text, _)| (*channel, text.as_str())).collect();
    let (out, err) = (Channel::Stdout, Channel::Stderr);
    assert_eq!(texts, [(out, "one\n"), (err, "two\n"), (out, "thr"), (out, "ée")]);
    assert!(seen[2].2 - seen[0].2 > Duration::from_millis(600), "{seen:?}");
}

#[tokio::test]
async fn ends_as_the_command_ends() {
    let bench = Bench::new(small());
    assert_eq!(bench.run("exit 7").await.exit_code, 7);
    assert_eq!(bench.run("true").await.exit_code, 0);
    assert_eq!(bench.run("kill -KILL $$").await.exit_code, 137);
    assert_eq!(bench.run("kill -TERM $$").await.exit_code, 143);
    assert_eq!(bench.run("nosuchprogram").await.exit_code, 127);
    let python = bench.run("python3 -c 'import json, sys; print(json.dumps([sys.version_info[0]]))'").await;
    assert_eq!((python.stdout.as_str(), python.exit_code), ("[3]\n", 0));
}

#[tokio::test]
async fn reads_standard_input() {
    let bench = Bench::new(small());
    let given = "zeile\n".repeat(50_000);
    let command = Command { stdin: Some(given.clone().into_bytes()), ..bench.command("cat | wc -c") };
    assert_eq!(bench.exec(command).await.unwrap().stdout.trim(), given.len().to_string());
    let unread = Command { stdin: Some(given.into_bytes()), ..bench.command("echo done") };
    assert_eq!(bench.exec(unread).await.unwrap().stdout, "done\n");
    assert_eq!(bench.run("cat").await.stdout, "");
}

#[tokio::test]
async fn the_work_folder_is_kept_and_the_project_is_only_read() {
    let bench = Bench::new(small());
    let project = bench.dir.path().join("project");
    fs::create_dir(&project).unwrap();
    fs::write(project.join("data.csv"), "a,b\n").unwrap();
    let with = |script: &str| Command { project_dir: Some(project.clone()), ..bench.command(script) };
    let outcome = bench.exec(with("cp /project/data.csv made; cat made; pwd; ls /project")).await.unwrap();
    assert_eq!(outcome.stdout, "a,b\n/work\ndata.csv\n", "{}", outcome.stderr);
    assert_eq!(bench.run("cat made").await.stdout, "a,b\n");
    for script in
        ["echo x > /project/data.csv", "rm /project/data.csv", "touch /project/new", "chmod 777 /project"]
    {
        assert_ne!(bench.exec(with(script)).await.unwrap().exit_code, 0, "{script}");
    }
    assert_eq!(fs::read_to_string(project.join("data.csv")).unwrap(), "a,b\n");
}

#[tokio::test]
async fn a_time_limit_ends_everything() {
    let bench = Bench::new(small());
    let mark = mark("time");
    let script = format!("sleep 600 & (setsid sleep 600 {mark} >/dev/null 2>&1 &) ; : {mark}; sleep 600");
    let command = Command { timeout: Duration::from_secs(1), ..bench.command(&script) };
    let started = Instant::now();
    assert!(matches!(bench.exec(command).await, Err(SandboxError::Timeout)));
    assert!(started.elapsed() < Duration::from_secs(2));
    assert_eq!(processes_with(&mark), 0);
}

/// Ways to outlive one's parent.
const CLINGING: [&str; 5] = [
    "sleep 600; : MARK",
    "sleep 600 & sleep 600 & wait; : MARK",
    "setsid sh -c 'trap \"\" TERM INT HUP; sleep 600; : MARK' & wait",
    "nohup sh -c 'sleep 600; : MARK' >/dev/null 2>&1 & wait",
    "python3 -c 'import os,time,sys
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for fd in range(3): os.close(fd)
        time.sleep(600) # MARK
    os._exit(0)
time.sleep(600)'",
];

#[tokio::test]
async fn stopping_leaves_no_process() {
    let bench = Bench::new(small());
    for (number, script) in CLINGING.iter().enumerate() {
        let mark = mark(&format!("stop{number}"));
        let cancel = CancellationToken::new();
        let command = bench.command(&script.replace("MARK", &mark));
        let running = bench.sandbox.exec(command, Arc::new(|_, _| ()), cancel.clone());
        let stopping = async {
            while processes_with(&mark) == 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
            cancel.cancel();
            Instant::now()
        };
        let (result, stopped) = tokio::join!(running, stopping);
        assert!(matches!(result, Err(SandboxError::Cancelled)), "{script}: {result:?}");
        assert!(stopped.elapsed() < Duration::from_secs(1), "{script}");
        assert_eq!(processes_with(&mark), 0, "{script}");
    }
}

#[tokio::test]
async fn stopping_at_once_leaves_no_process() {
    let bench = Bench::new(small());
    for after in [0, 1, 2, 4, 8, 12, 16, 20, 30] {
        let mark = mark(&format!("once{after}"));
        let cancel = CancellationToken::new();
        let command = bench.command(&format!("sleep 600; : {mark}"));
        let running = bench.sandbox.exec(command, Arc::new(|_, _| ()), cancel.clone());
        let stopping = async {
            tokio::time::sleep(Duration::from_millis(after)).await;
            cancel.cancel();
        };
        let started = Instant::now();
        let (result, ()) = tokio::join!(running, stopping);
        assert!(matches!(result, Err(SandboxError::Cancelled)), "{result:?}");
        assert!(started.elapsed() < Duration::from_secs(1), "after {after} ms: {:?}", started.elapsed());
        assert_eq!(processes_with(&mark), 0, "after {after} ms");
    }
}

#[tokio::test]
async fn what_a_command_leaves_behind_ends_with_it() {
    let bench = Bench::new(small());
    let mark = mark("behind");
    let script =
        format!("(setsid sh -c 'sleep 600; : {mark}' >/dev/null 2>&1 </dev/null &); sleep 0.2; echo ok");
    assert_eq!(bench.run(&script).await.stdout, "ok\n");
    assert_eq!(processes_with(&mark), 0);
}

#[tokio::test]
async fn dropping_the_call_ends_the_command() {
    let bench = Bench::new(small());
    let mark = mark("drop");
    let command = bench.command(&format!("sleep 600; : {mark}"));
    let running = bench.sandbox.exec(command, Arc::new(|_, _| ()), CancellationToken::new());
    assert!(tokio::time::timeout(Duration::from_millis(500), running).await.is_err());
    for _ in 0..100 {
        if processes_with(&mark) == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("still there after a second");
}

#[tokio::test]
async fn no_network_reaches_the_host() {
    let bench = Bench::new(small());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let script = format!(
        "python3 -c '
import socket
def tries(name, f):
    try:
        f(); print(name, \"REACHED\")
    except OSError as fault:
        print(name, \"refused\")
tries(\"tcp\", lambda: socket.create_connection((\"127.0.0.1\", {port}), 2))
tries(\"out\", lambda: socket.create_connection((\"1.1.1.1\", 53), 2))
tries(\"dns\", lambda: socket.getaddrinfo(\"example.org\", 80))
tries(\"raw\", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
tries(\"icmp\", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))
tries(\"vsock\", lambda: socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM))
'; tail -n +3 /proc/net/dev | cut -d: -f1"
    );
    let outcome = bench.run(&script).await;
    let refused = ["tcp", "out", "dns", "raw", "icmp", "vsock"].map(|name| format!("{name} refused"));
    assert_eq!(outcome.stdout.trim(), format!("{}\n    lo", refused.join("\n")), "{}", outcome.stderr);
    assert!(listener.accept().is_err());
}

#[tokio::test]
async fn nothing_of_the_host_is_seen() {
    let bench = Bench::new(small());
    let secret = bench.dir.path().join("secret");
    fs::write(&secret, "geheim").unwrap();
    let variables = bench.run("env").await.stdout;
    let names: Vec<_> = variables.lines().filter_map(|line| line.split('=').next()).collect();
    let known = ["PWD", "PATH", "HOME", "USER", "LOGNAME", "LANG", "TERM", "TMPDIR"];
    assert!(names.iter().all(|name| known.contains(name) || name.starts_with("PYTHON")), "{names:?}");
    let script = format!("cat {} /etc/shadow /proc/1/environ; ls /root /home /var", secret.display());
    let outcome = bench.run(&script).await;
    assert!(!outcome.stdout.contains("geheim") && !outcome.stdout.contains("CARGO"), "{}", outcome.stdout);
    assert_eq!(outcome.stderr.matches("No such file").count(), 5, "{}", outcome.stderr);
    let root = bench.run("ls -A / | tr '\\n' ' '").await.stdout;
    let folders =
        ["bin", "sbin", "lib", "lib32", "lib64", "libx32", "usr", "etc", "dev", "proc", "tmp", "work"];
    assert!(root.split_whitespace().all(|name| folders.contains(&name)), "{root}");
    let processes = bench.run("ls /proc | grep '^[0-9]'").await.stdout;
    assert!(processes.lines().all(|pid| pid.parse::<u32>().unwrap() < 10), "{processes}");
    assert_eq!(bench.run("hostname; cat /etc/passwd | wc -l; whoami").await.stdout, "sandbox\n1\nsandbox\n");
    assert_eq!(bench.run("ls /proc/self/fd | tr '\\n' ' '").await.stdout, "0 1 2 3 ");
}

#[tokio::test]
async fn no_privilege_is_left_or_gained() {
    let bench = Bench::new(small());
    let status = bench.run("grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status; id -u").await.stdout;
    let lines: Vec<_> = status.lines().collect();
    let none = "0000000000000000";
    let wanted = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"].map(|name| format!("{name}:\t{none}"));
    assert_eq!(lines[..5], wanted, "{status}");
    assert_eq!(lines[5..], ["NoNewPrivs:\t1", "Seccomp:\t2", "1000"], "{status}");
    for attempt in [
        "unshare -U true",
        "unshare -m true",
        "mount -t tmpfs x /tmp",
        "umount /work",
        "mount -o remount,rw /usr",
        "chroot / true",
        "mknod /tmp/x b 8 0",
        "touch /usr/x",
        "touch /x",
        "touch /etc/x",
        "touch /dev/x",
        "echo x > /etc/passwd",
        "hostname gained",
        "nsenter -t 1 -m true",
        "echo 1 > /proc/sys/kernel/core_pattern",
        "echo -1000 > /proc/self/oom_score_adj",
        "chown 0 /work",
        "prlimit --nproc=10000:10000 true",
    ] {
        let outcome = bench.run(attempt).await;
        assert_ne!(outcome.exit_code, 0, "{attempt}: {outcome:?}");
        assert_ne!(outcome.exit_code, 127, "{attempt}: {outcome:?}");
    }
}

#[tokio::test]
async fn refused_calls_are_refused_below_the_tools() {
    let bench = Bench::new(small());
    let script = "python3 -c '
import ctypes, errno, platform
libc = ctypes.CDLL(None, use_errno=True)
x86 = platform.machine() == \"x86_64\"
calls = {\"ptrace\": (101, 117), \"keyctl\": (250, 219), \"bpf\": (321, 280), \"unshare\": (272, 97),
         \"mount\": (165, 40), \"setns\": (308, 268), \"userfaultfd\": (323, 282), \"io_uring_setup\": (425, 425),
         \"clone3\": (435, 435), \"perf_event_open\": (298, 241), \"shmget\": (29, 194), \"clone\": (56, 220)}
for name, numbers in calls.items():
    result = libc.syscall(numbers[0 if x86 else 1], 0x10000000, 0, 0, 0, 0)
    print(name, result, errno.errorcode.get(ctypes.get_errno()))
'";
    let outcome = bench.run(script).await;
    for line in outcome.stdout.lines() {
        let error = if line.starts_with("clone3") { "ENOSYS" } else { "EPERM" };
        assert!(line.ends_with(&format!("-1 {error}")), "{}", outcome.stdout);
    }
    assert_eq!(outcome.stdout.lines().count(), 12, "{}", outcome.stderr);
}

#[tokio::test]
async fn a_fork_bomb_is_contained() {
    let bench = Bench::new(small());
    let mark = mark("bomb");
    let script = format!(
        "python3 -c '
import os, time
while True:
    try: os.fork()
    except OSError: time.sleep(0.05) # {mark}
'"
    );
    let command = Command { timeout: Duration::from_secs(3), ..bench.command(&script) };
    let most = Arc::new(Mutex::new(0));
    let counting = async {
        loop {
            let now = processes_with(&mark);
            {
                let mut most = most.lock().unwrap();
                *most = now.max(*most);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! { _ = bench.exec(command) => (), () = counting => () }
    let most = *most.lock().unwrap();
    // The limit, and the few of bubblewrap's own that carry the script as an argument.
    assert!(most > 5 && most <= 40 + 6, "{most}");
    assert_eq!(processes_with(&mark), 0);
    // Its limit is its own: another sandbox of the same user runs beside it.
    let other = Bench::new(small());
    let many = "for i in $(seq 30); do sleep 1 & done; wait; echo all";
    let crowd = bench.command("for i in $(seq 100); do sleep 3 & done 2>/dev/null; wait; echo alive");
    let (crowd, all) = tokio::join!(bench.exec(crowd), async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        other.run(many).await
    });
    assert_eq!((all.stdout.as_str(), all.stderr.as_str()), ("all\n", ""));
    drop(crowd);
}

#[tokio::test]
async fn a_command_leaves_no_more_behind_than_it_is_given_room_for() {
    let bench = Bench::new(small());
    let with = |room: u64, script: &str| Command { room: Some(room), ..bench.command(script) };
    bench.exec(with(1 << 20, "head -c 100000 /dev/zero > kept")).await.unwrap();
    let over = bench.exec(with(200_000, "head -c 900000 /dev/zero > more; sleep 1")).await;
    assert!(matches!(over, Err(SandboxError::Full)), "{over:?}");
    let at_once = bench.exec(with(0, "head -c 100000 /dev/zero > again")).await;
    assert!(matches!(at_once, Err(SandboxError::Full)), "{at_once:?}");
    // Where there is no room, one can still look around and clear up.
    let cleared = bench.exec(with(0, "cat kept | wc -c; rm -f more again; ls")).await.unwrap();
    assert_eq!(cleared.stdout, "100000\nkept\n");
}

#[tokio::test]
async fn a_full_disk_is_contained() {
    let many = "i=0; while :; do i=$((i+1)); head -c 1000000 /dev/zero > f$i || exit 3; done";
    let hidden = "python3 -c '
import os
held = []
while True:
    f = open(\"x\", \"wb\"); os.unlink(\"x\"); f.write(b\"x\" * 1000000); f.flush(); held.append(f)'";
    let entries = "mkdir d; cd d; i=0; while :; do i=$((i+1)); : > $i; done";
    for script in [many, hidden, entries, "head -c 100000000 /dev/zero > one; sleep 1", "cat /dev/zero > one"]
    {
        let bench = Bench::new(small());
        let started = Instant::now();
        let result = bench.exec(bench.command(script)).await;
        assert!(matches!(result, Err(SandboxError::Full)), "{script}: {result:?}");
        assert!(started.elapsed() < Duration::from_secs(10), "{script}");
        // What was too much can be cleared up.
        let cleared = bench.run("rm -rf ./*; ls -A | wc -l").await;
        assert_eq!(cleared.stdout.trim(), "0", "{script}");
        assert_eq!(bench.run("echo x > y && cat y").await.stdout, "x\n");
    }
    let bench = Bench::new(small());
    for place in ["/tmp/x", "/dev/shm/x"] {
        let outcome = bench.run(&format!("head -c 100000000 /dev/zero > {place}; stat -c %s {place}")).await;
        assert!(outcome.stdout.trim().parse::<u64>().unwrap() <= 8 * MIB, "{place}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_memory_hog_ends() {
    let bench = Bench::new(small());
    let one = bench.run("python3 -c 'x = bytearray(10**9)'").await;
    assert!(one.exit_code != 0 && one.stderr.contains("MemoryError"), "{one:?}");
    let several = "for i in 1 2 3 4 5 6; do python3 -c 'import time; x = b\"x\" * (10**8); time.sleep(15)' & done; wait";
    let started = Instant::now();
    assert!(matches!(bench.exec(bench.command(several)).await, Err(SandboxError::Memory)));
    assert!(started.elapsed() < Duration::from_secs(10));
    let shared = "python3 -c 'import mmap, time
m = mmap.mmap(-1, 10**9)
for i in range(0, 10**9, 4096): m[i] = 1
time.sleep(15)'";
    let result = bench.exec(bench.command(shared)).await;
    assert!(matches!(result, Err(SandboxError::Memory)), "{result:?}");
}

#[tokio::test]
async fn endless_output_is_drained_and_cut() {
    let bench = Bench::new(Limits { output: 1000, ..small() });
    let script = "head -c 30000000 /dev/zero | tr '\\0' x; echo; echo end >&2";
    let outcome = bench.run(script).await;
    assert!(outcome.stdout.starts_with(&"x".repeat(1000)));
    assert!(outcome.stdout.len() < 1100 && outcome.stdout.contains("Only the first 1000 bytes"));
    assert_eq!((outcome.stderr.as_str(), outcome.exit_code), ("end\n", 0));
    let command = Command { timeout: Duration::from_secs(1), ..bench.command("yes") };
    assert!(matches!(bench.exec(command).await, Err(SandboxError::Timeout)));
}

#[tokio::test]
async fn links_made_inside_lead_nowhere_outside() {
    let bench = Bench::new(small());
    let secret = bench.dir.path().join("secret");
    fs::create_dir(&secret).unwrap();
    fs::write(secret.join("key"), "geheim").unwrap();
    let path = secret.display();
    let script = format!(
        "ln -s /etc/shadow shadow; ln -s {path}/key key; ln -s {path} dir; ln -s ../secret/key up; mkfifo pipe; \
         mkdir real; echo in > real/file; ln -s real inner; ln -s /proc/self/environ env; cat key dir/key up"
    );
    assert!(!bench.run(&script).await.stdout.contains("geheim"));
    let folder = Folder::new(bench.work());
    let out_of_bounds = [
        "shadow",
        "key",
        "dir/key",
        "up",
        "inner/file",
        "env",
        "pipe",
        "real",
        "../secret/key",
        "real/../../secret/key",
        "/etc/passwd",
        "",
        ".",
        "/",
        "/work",
        "real/file/x",
        "a\0b",
    ];
    for path in out_of_bounds {
        assert!(folder.read(path, 100).is_err(), "{path}");
    }
    for path in ["dir/new", "dir/key", "inner/new", "../new", "/tmp/new", "", "real", "pipe/x"] {
        assert!(folder.write(path, b"x").is_err(), "{path}");
    }
    assert_eq!(fs::read_dir(&secret).unwrap().count(), 1);
    // A link at the very end is replaced, not followed.
    folder.write("key", b"mine").unwrap();
    assert_eq!(fs::read_to_string(secret.join("key")).unwrap(), "geheim");
    assert_eq!(folder.read("key", 100).unwrap(), (b"mine".to_vec(), 4));
    assert_eq!(folder.read("/work/real/file", 2).unwrap(), (b"in".to_vec(), 3));
}

#[tokio::test]
async fn files_go_both_ways() {
    let bench = Bench::new(small());
    bench.run("true").await;
    let folder = Folder::new(bench.work());
    folder.write("a/b/c.py", b"print(6 * 7)\n").unwrap();
    let script = "python3 a/b/c.py > out.txt; echo '# more' >> a/b/c.py; mv a/b/c.py .; touch a/b/new; ls";
    let outcome = bench.run(script).await;
    assert_eq!((outcome.exit_code, outcome.stdout.as_str()), (0, "a\nc.py\nout.txt\n"), "{}", outcome.stderr);
    assert_eq!(folder.read("out.txt", 100).unwrap().0, b"42\n");
    assert_eq!(folder.read("nope", 100).unwrap_err().kind(), std::io::ErrorKind::NotFound);
}

#[tokio::test]
async fn where_it_cannot_run_it_is_off() {
    let dir = tempfile::tempdir().unwrap();
    // No system grants that many open files, so the very first command fails.
    let sandbox = Bubblewrap::new(dir.path(), Limits { open_files: u64::MAX / 2, ..small() }).unwrap();
    let reason = sandbox.off_reason().unwrap();
    assert!(reason.contains("does not run here"), "{reason}");
    let work = dir.path().join("work");
    let command = Command {
        script: "touch escaped".into(),
        workdir: work.clone(),
        project_dir: None,
        timeout: Duration::from_secs(5),
        room: None,
        stdin: None,
    };
    let result = sandbox.exec(command, Arc::new(|_, _| ()), CancellationToken::new()).await;
    assert!(matches!(result, Err(SandboxError::Off(_))), "{result:?}");
    assert!(!work.join("escaped").exists());
}

fn staying(script: &str) -> Program {
    Program { command: ["sh", "-c", script].map(Into::into).into(), mounts: vec![], system: vec![] }
}

#[tokio::test]
async fn a_program_stays_and_answers_until_it_is_ended() {
    let bench = Bench::new(small());
    // A folder that only this process's user can reach, with a socket in it.
    let folder = bench.dir.path().join("outlet");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(bench.dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let listener = tokio::net::UnixListener::bind(folder.join("socket")).unwrap();
    give(&folder).unwrap();
    give(&folder.join("socket")).unwrap();
    let tool = bench.dir.path().join("tool");
    fs::write(&tool, "#!/bin/sh\necho tool\n").unwrap();
    fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).unwrap();
    let mark = mark("stay");
    let script = format!(
        "/run/tool; touch x /run/outlet/x 2>/dev/null; ls /work /run/outlet | tr '\\n' ' '
        python3 -c 'import socket; s = socket.socket(socket.AF_UNIX); s.connect(\"/run/outlet/socket\"); s.send(b\"hi\")'
        while read line; do echo \"got $line\"; done; sleep 600; : {mark}"
    );
    let mounts = vec![(tool, "/run/tool".into()), (folder, "/run/outlet".into())];
    let mut program = bench.sandbox.stay(&Program { mounts, ..staying(&script) }).await.unwrap();
    let (mut caller, _) = listener.accept().await.unwrap();
    let mut said = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut caller, &mut said).await.unwrap();
    assert_eq!(said, "hi");
    let mut stdin = program.stdin.take().unwrap();
    let mut lines =
        tokio::io::AsyncBufReadExt::lines(tokio::io::BufReader::new(program.stdout.take().unwrap()));
    assert_eq!(lines.next_line().await.unwrap().unwrap(), "tool");
    tokio::io::AsyncWriteExt::write_all(&mut stdin, b"one\n").await.unwrap();
    let heard = lines.next_line().await.unwrap().unwrap();
    assert_eq!(heard, "/run/outlet: socket  /work: x got one");
    assert!(processes_with(&mark) > 0 && program.has_ended().is_none());
    program.end().await;
    assert_eq!((processes_with(&mark), program.has_ended()), (0, Some(Ended::Told)));
}

#[tokio::test]
async fn a_program_ends_when_its_handle_is_dropped_or_it_takes_too_much() {
    let bench = Bench::new(small());
    let mark = mark("dropped");
    let program = bench.sandbox.stay(&staying(&format!("sleep 600; : {mark}"))).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    drop(program);
    let started = Instant::now();
    while processes_with(&mark) > 0 {
        assert!(started.elapsed() < Duration::from_secs(1));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // What is reserved and not used doesn't count; what several processes use does.
    let reserves = "python3 -c 'import mmap; mmap.mmap(-1, 10**10); print(1)'";
    let mut program = bench.sandbox.stay(&staying(reserves)).await.unwrap();
    assert!(matches!(program.ended().await, Ended::Exit(status) if status.success()));
    let mut said = String::new();
    tokio::io::AsyncReadExt::read_to_string(program.stdout.as_mut().unwrap(), &mut said).await.unwrap();
    assert_eq!(said, "1\n");
    let hog =
        "for i in 1 2 3 4; do python3 -c 'import time; x = b\"x\" * (10**8); time.sleep(15)' & done; wait";
    let program = bench.sandbox.stay(&staying(hog)).await.unwrap();
    assert_eq!(program.ended().await, Ended::Memory);
    let tried = bench.sandbox.try_out(
        &staying("cat; head -c 30000000 /dev/zero > x; wc -c < x"),
        b"in",
        Duration::from_secs(1),
    );
    assert_eq!(tried.unwrap_err(), "it ended with status 137");
    let tried = bench.sandbox.try_out(&staying("head -c 3; echo; exit 0"), b"in\n", Duration::from_secs(5));
    assert_eq!(tried.unwrap(), b"in\n\n");
}

/// A server that is killed takes its sandboxes with it. The server is this test again, told so by
/// `SANDBOX_MARK`.
#[test]
fn a_killed_parent_takes_the_sandbox_with_it() {
    #[expect(clippy::disallowed_methods, reason = "how a test hands its child a name")]
    if let Ok(mark) = std::env::var("SANDBOX_MARK") {
        return run_a_sandbox(&mark);
    }
    let mark = mark("orphan");
    let mut server = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_killed_parent_takes_the_sandbox_with_it"])
        .env("SANDBOX_MARK", &mark)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let wait = |wanted: fn(usize) -> bool| {
        let started = Instant::now();
        while !wanted(processes_with(&mark)) {
            assert!(started.elapsed() < Duration::from_secs(20), "{}", processes_with(&mark));
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    wait(|count| count > 1);
    std::thread::sleep(Duration::from_millis(300));
    server.kill().unwrap();
    server.wait().unwrap();
    wait(|count| count == 0);
}

#[tokio::main(flavor = "current_thread")]
async fn run_a_sandbox(mark: &str) {
    let bench = Bench::new(small());
    bench.run(&format!("(setsid sh -c 'sleep 60; : {mark}' >/dev/null 2>&1 &) ; sleep 60; : {mark}")).await;
}

/// The same tests without root's powers.
#[test]
fn everything_again_as_an_ordinary_user() {
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
    let program = dir.path().join("tests");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    own(&program);
    own(dir.path());
    let output = std::process::Command::new("setpriv")
        .args(["--reuid", &USER.to_string(), "--regid", &USER.to_string(), "--clear-groups"])
        .arg(&program)
        .env("TMPDIR", dir.path())
        .current_dir(dir.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
}
