//! What this machine has free: memory and processors.

use std::{fs, time::Duration};

/// Megabytes that can be taken without pushing anything else out, by the machine and by the limit of our control
/// group; `None` where neither can be found out.
pub fn free_memory_mb() -> Option<u64> {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| available(&text));
    let group = group_free();
    match (machine, group) {
        (Some(machine), Some(group)) => Some(machine.min(group)),
        (machine, group) => machine.or(group),
    }
}

fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes / 1024)
}

/// What a container may still take (version 2 of control groups).
fn group_free() -> Option<u64> {
    let number = |name: &str| -> Option<u64> {
        fs::read_to_string(format!("/sys/fs/cgroup/{name}")).ok()?.trim().parse().ok()
    };
    let (most, used) = (number("memory.max")?, number("memory.current")?);
    // Pages of files that nobody needs now are given back.
    let statistics = fs::read_to_string("/sys/fs/cgroup/memory.stat").unwrap_or_default();
    let idle =
        statistics.lines().find_map(|line| line.strip_prefix("inactive_file ")?.parse().ok()).unwrap_or(0);
    Some((most.saturating_sub(used) + idle) >> 20)
}

/// Time that processors have spent, in ticks: with nothing to do, and in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ticks {
    idle: u64,
    all: u64,
}

fn ticks(stat: &str) -> Option<Ticks> {
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    let numbers: Vec<u64> = line.split_whitespace().map_while(|number| number.parse().ok()).collect();
    // Waiting for a disk is idle too. What guests take is counted in the first two already.
    let idle = numbers.get(3)? + numbers.get(4)?;
    Some(Ticks { idle, all: numbers.iter().take(8).sum() })
}

/// How long the processors are watched.
const WATCHED: Duration = Duration::from_millis(120);
/// More than this many threads wait for memory, not for each other.
const MOST: u32 = 8;

/// Threads that a model should compute with now: as many as there are idle processors, at least one. On busy
/// processors several threads wait for each other most of the time, and are slower than one.
pub async fn threads(configured: u32) -> u32 {
    if configured > 0 {
        return configured;
    }
    let cores =
        std::thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(1));
    if cores == 1 {
        return 1;
    }
    let look = || fs::read_to_string("/proc/stat").ok().and_then(|stat| ticks(&stat));
    let before = look();
    tokio::time::sleep(WATCHED).await;
    match (before, look()) {
        (Some(before), Some(after)) => idle_cores(before, after, cores).clamp(1, MOST),
        // Elsewhere nobody tells how busy it is.
        _ => (cores / 2).clamp(1, MOST),
    }
}

/// Rounded so that a processor that is idle for four fifths of the time counts.
fn idle_cores(before: Ticks, after: Ticks, cores: u32) -> u32 {
    let all = after.all.saturating_sub(before.all).max(1);
    let idle = after.idle.saturating_sub(before.idle);
    let share = u64::from(cores) * 10 * idle / all;
    u32::try_from((share + 2) / 10).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_kernel_says() {
        assert_eq!(available("MemTotal: 9 kB\nMemAvailable:    2048 kB\n"), Some(2));
        let stat = "cpu  10 0 20 300 40 0 5 1 0 0\ncpu0 1 2 3\n";
        assert_eq!(ticks(stat), Some(Ticks { idle: 340, all: 376 }));
    }

    #[test]
    fn counts_processors_that_have_nothing_to_do() {
        let at = |idle, all| Ticks { idle, all };
        let cores = |idle| idle_cores(at(0, 0), at(idle, 100), 4);
        assert_eq!([cores(0), cores(25), cores(70), cores(95), cores(100)], [0, 1, 3, 4, 4]);
    }
}
