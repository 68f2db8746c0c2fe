//! What a sandboxed program sees: the arguments for bubblewrap.

use crate::Limits;
use std::{
    ffi::{OsStr, OsString},
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

/// Binds `$1`, `$2` and `$3` (folders, files, or empty) into an empty folder that anybody can reach. They are
/// open before that folder is covered, so they may be inside it.
const CARRY: &str = r#"set -e
[ -z "$1" ] || exec 3<"$1"
[ -z "$2" ] || exec 4<"$2"
[ -z "$3" ] || exec 5<"$3"
mount -t tmpfs -o mode=755,size=1m tmpfs /dev/shm
carry() {
    [ -n "$2" ] || return 0
    if [ -d "/proc/self/fd/$1" ]; then mkdir "/dev/shm/$1"; else : > "/dev/shm/$1"; fi
    mount --no-canonicalize --bind "/proc/self/fd/$1" "/dev/shm/$1"
}
carry 3 "$1"; carry 4 "$2"; carry 5 "$3"
exec 3<&- 4<&- 5<&-
shift 3
exec "$@""#;

/// Where [`CARRY`] binds its arguments.
const CARRIED: [&str; 3] = ["/dev/shm/3", "/dev/shm/4", "/dev/shm/5"];

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

/// Something of the host that is seen inside.
#[derive(Clone, Debug)]
pub(crate) struct Mount {
    pub host: PathBuf,
    pub inside: PathBuf,
    pub writable: bool,
}

/// What is confined, and what it sees beside the usual.
#[derive(Clone, Debug)]
pub(crate) struct Cage {
    /// What only this process may be able to reach; at most three.
    pub mounts: Vec<Mount>,
    /// Further folders of the system, read-only under their own names, where they are there.
    pub system: Vec<PathBuf>,
    /// Whether `/work` is held in memory, as large as its limit; else it is one of the mounts.
    pub fleeting: bool,
    /// Bytes of memory that one process may have for data.
    pub data: Option<u64>,
    /// Seconds of processor time of one process.
    pub cpu: Option<u64>,
    /// The program and its arguments.
    pub command: Vec<OsString>,
}

/// The program and arguments that run what is in a cage.
pub(crate) fn arguments(state: &Path, limits: &Limits, cage: &Cage) -> io::Result<Vec<OsString>> {
    if cage.mounts.len() > CARRIED.len() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "more than three mounts"));
    }
    let mut all = Arguments(vec!["/bin/sh".into(), "-c".into(), PRELUDE.into(), state.into()]);
    if rustix::process::geteuid().is_root() {
        all.step_down(cage);
        let carried = CARRIED.iter().zip(&cage.mounts);
        all.confine(limits, cage, carried.map(|(at, mount)| (Path::new(*at), mount)));
    } else {
        all.confine(limits, cage, cage.mounts.iter().map(|mount| (mount.host.as_path(), mount)));
    }
    all.limit(limits, cage);
    all.add(&cage.command);
    Ok(all.0)
}

/// Makes a file or folder the confined user's, where that isn't the user of this process.
pub(crate) fn give(path: &Path) -> io::Result<()> {
    if rustix::process::geteuid().is_root() && fs::metadata(path)?.uid() != STEP_DOWN {
        chown(path, Some(STEP_DOWN), Some(STEP_DOWN))?;
    }
    Ok(())
}

struct Arguments(Vec<OsString>);

impl Arguments {
    fn add<T: AsRef<OsStr>>(&mut self, more: impl IntoIterator<Item = T>) {
        self.0.extend(more.into_iter().map(|one| one.as_ref().to_owned()));
    }

    /// Root first takes the mounts to where an ordinary user can reach them, in a mount namespace of its
    /// own, and then becomes that user.
    fn step_down(&mut self, cage: &Cage) {
        self.add(["unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", CARRY, "sh"]);
        for number in 0..CARRIED.len() {
            self.add([cage.mounts.get(number).map_or(OsStr::new(""), |mount| mount.host.as_os_str())]);
        }
        let id = STEP_DOWN.to_string();
        self.add(["setpriv", "--reuid", &id, "--regid", &id, "--clear-groups"]);
        self.add(["--bounding-set=-all", "--inh-caps=-all", "--"]);
    }

    fn confine<'a>(
        &mut self,
        limits: &Limits,
        cage: &Cage,
        mounts: impl Iterator<Item = (&'a Path, &'a Mount)>,
    ) {
        self.add(["bwrap"]);
        self.add(["--unshare-all", "--unshare-user", "--disable-userns", "--uid", "1000", "--gid", "1000"]);
        self.add(["--die-with-parent", "--new-session", "--as-pid-1", "--hostname", "sandbox"]);
        for folder in SYSTEM {
            match fs::read_link(folder) {
                Ok(target) => self.add([Path::new("--symlink"), &target, Path::new(folder)]),
                Err(_) => self.add(["--ro-bind-try", folder, folder]),
            }
        }
        for path in ETC.iter().map(Path::new).chain(cage.system.iter().map(PathBuf::as_path)) {
            self.add([Path::new("--ro-bind-try"), path, path]);
        }
        self.add(["--ro-bind-data", "8", "/etc/passwd", "--ro-bind-data", "7", "/etc/group"]);
        self.add(["--ro-bind-data", "6", "/etc/hosts"]);
        let tmp = limits.tmp.to_string();
        self.add(["--proc", "/proc", "--dev", "/dev"]);
        self.add(["--perms", "1777", "--size", &tmp, "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]);
        self.add(["--perms", "1777", "--size", &tmp, "--tmpfs", "/tmp"]);
        if cage.fleeting {
            let work = limits.work.to_string();
            self.add(["--perms", "0700", "--size", &work, "--tmpfs", "/work"]);
        }
        for (from, mount) in mounts {
            let how = if mount.writable { "--bind" } else { "--ro-bind" };
            self.add([Path::new(how), from, &mount.inside]);
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
    fn limit(&mut self, limits: &Limits, cage: &Cage) {
        let Limits { processes, work, open_files, .. } = limits;
        self.add(["prlimit"]);
        self.add(cage.data.map(|bytes| format!("--data={bytes}")));
        self.add(cage.cpu.map(|seconds| format!("--cpu={seconds}")));
        self.add([
            format!("--nproc={processes}"),
            format!("--fsize={work}"),
            format!("--nofile={open_files}"),
            "--core=0".into(),
            "--msgqueue=0".into(),
            "--memlock=65536".into(),
            "--".into(),
        ]);
    }
}
