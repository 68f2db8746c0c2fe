//! What a sandboxed program sees: the arguments for bubblewrap.

use crate::{Command, Limits};
use std::{
    ffi::OsString,
    fs, io,
    os::unix::fs::{MetadataExt, chown},
    path::{Path, PathBuf},
};

/// As root, commands run as this user: the kernel counts no processes of root's, and a hole in a
/// namespace would be root's. Nobody's number on usual systems, and needs no entry in any list.
const STEP_DOWN: u32 = 61_500;

/// Opens the small files for bubblewrap, offers itself to the kernel when memory is short, becomes what
/// follows. `$0` is the state folder.
const PRELUDE: &str = r#"exec 9<"$0/filter" 8<"$0/passwd" 7<"$0/group" 6<"$0/hosts"
echo 1000 > /proc/self/oom_score_adj
exec "$@""#;

/// Binds `$1` and `$2` into an empty folder that anybody can reach. The folders are open before that
/// folder is covered, so they may be inside it.
const CARRY: &str = r#"set -e
exec 5<"$1"
[ -z "$2" ] || exec 4<"$2"
mount -t tmpfs -o mode=755,size=1m tmpfs /dev/shm
mkdir /dev/shm/work /dev/shm/project
mount --no-canonicalize --bind /proc/self/fd/5 /dev/shm/work
[ -z "$2" ] || mount --no-canonicalize --bind /proc/self/fd/4 /dev/shm/project
exec 5<&- 4<&-
shift 2
exec "$@""#;

/// The first process inside. When it ends, the kernel ends all others before anybody hears of it, so the
/// command is its child and it does nothing but wait.
const FIRST: &str = r#""$@"; exit $?"#;

/// Where programs are looked for, inside and out.
pub(crate) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Folders of the system; what a distribution has as a link stays one.
const SYSTEM: [&str; 7] = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];
const ETC: [&str; 8] = [
    "/etc/alternatives",
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/timezone",
];

/// Writes the small files that [`PRELUDE`] opens.
pub(crate) fn prepare(state: &Path) -> io::Result<()> {
    fs::create_dir_all(state)?;
    let write = |name: &str, bytes: &[u8]| {
        // Another server may be starting on the same folder: a rename leaves no half file.
        let fresh = state.join(format!("{name}.{}", std::process::id()));
        fs::write(&fresh, bytes)?;
        fs::rename(fresh, state.join(name))
    };
    write("filter", &crate::filter::program()?)?;
    write("passwd", b"sandbox:x:1000:1000:Sandbox:/work:/bin/sh\n")?;
    write("group", b"sandbox:x:1000:\n")?;
    write("hosts", b"127.0.0.1 localhost sandbox\n::1 localhost\n")
}

/// The program and arguments that run `command`, and the work folder made ready for it.
pub(crate) fn arguments(state: &Path, limits: &Limits, command: &Command) -> io::Result<Vec<OsString>> {
    fs::create_dir_all(&command.workdir)?;
    let mut all = Arguments(vec!["/bin/sh".into(), "-c".into(), PRELUDE.into(), state.into()]);
    if rustix::process::geteuid().is_root() {
        if fs::metadata(&command.workdir)?.uid() != STEP_DOWN {
            chown(&command.workdir, Some(STEP_DOWN), Some(STEP_DOWN))?;
        }
        all.step_down(command);
        let seen_as = |host: &Option<PathBuf>| host.as_ref().map(|_| PathBuf::from("/dev/shm/project"));
        all.confine(limits, Path::new("/dev/shm/work"), seen_as(&command.project_dir).as_deref());
    } else {
        all.confine(limits, &command.workdir, command.project_dir.as_deref());
    }
    all.limit(limits, command);
    all.add(["/bin/sh", "-c"]);
    all.add([&command.script]);
    Ok(all.0)
}

struct Arguments(Vec<OsString>);

impl Arguments {
    fn add<T: AsRef<std::ffi::OsStr>>(&mut self, more: impl IntoIterator<Item = T>) {
        self.0.extend(more.into_iter().map(|one| one.as_ref().to_owned()));
    }

    /// Root first takes the two folders to where an ordinary user can reach them, in a mount namespace
    /// of its own, and then becomes that user.
    fn step_down(&mut self, command: &Command) {
        self.add(["unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", CARRY, "sh"]);
        self.add([command.workdir.as_path(), command.project_dir.as_deref().unwrap_or(Path::new(""))]);
        let id = STEP_DOWN.to_string();
        self.add(["setpriv", "--reuid", &id, "--regid", &id, "--clear-groups"]);
        self.add(["--bounding-set=-all", "--inh-caps=-all", "--"]);
    }

    fn confine(&mut self, limits: &Limits, work: &Path, project: Option<&Path>) {
        self.add(["bwrap"]);
        self.add(["--unshare-all", "--unshare-user", "--disable-userns", "--uid", "1000", "--gid", "1000"]);
        self.add(["--die-with-parent", "--new-session", "--as-pid-1", "--hostname", "sandbox"]);
        for folder in SYSTEM {
            match fs::read_link(folder) {
                Ok(target) => self.add([Path::new("--symlink"), &target, Path::new(folder)]),
                Err(_) => self.add(["--ro-bind-try", folder, folder]),
            }
        }
        for path in ETC {
            self.add(["--ro-bind-try", path, path]);
        }
        self.add(["--ro-bind-data", "8", "/etc/passwd", "--ro-bind-data", "7", "/etc/group"]);
        self.add(["--ro-bind-data", "6", "/etc/hosts"]);
        let tmp = limits.tmp.to_string();
        self.add(["--proc", "/proc", "--dev", "/dev"]);
        self.add(["--perms", "1777", "--size", &tmp, "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]);
        self.add(["--perms", "1777", "--size", &tmp, "--tmpfs", "/tmp"]);
        self.add([Path::new("--bind"), work, Path::new("/work")]);
        if let Some(project) = project {
            self.add([Path::new("--ro-bind"), project, Path::new("/project")]);
        }
        self.add(["--remount-ro", "/", "--chdir", "/work", "--clearenv", "--seccomp", "9"]);
        for (name, value) in [
            ("PATH", PATH),
            ("HOME", "/work"),
            ("USER", "sandbox"),
            ("LOGNAME", "sandbox"),
            ("LANG", "C.UTF-8"),
            ("TERM", "dumb"),
            ("TMPDIR", "/tmp"),
            // Output shows as it is made, and no folder of compiled files appears among the results.
            ("PYTHONUNBUFFERED", "1"),
            ("PYTHONDONTWRITEBYTECODE", "1"),
        ] {
            self.add(["--setenv", name, value]);
        }
        self.add(["--", "/bin/sh", "-c", FIRST, "sh"]);
    }

    /// Set inside the user namespace, where the kernel counts processes for this sandbox alone.
    fn limit(&mut self, limits: &Limits, command: &Command) {
        let Limits { memory, processes, work, open_files, .. } = limits;
        // A thread that spins on each of a few processors is honest work; the time limit ends it.
        let cpu = command.timeout.as_secs().saturating_mul(8).max(8);
        self.add(["prlimit"]);
        self.add([
            format!("--data={memory}"),
            format!("--nproc={processes}"),
            format!("--fsize={work}"),
            format!("--nofile={open_files}"),
            format!("--cpu={cpu}"),
            "--core=0".into(),
            "--msgqueue=0".into(),
            "--memlock=65536".into(),
            "--".into(),
        ]);
    }
}
