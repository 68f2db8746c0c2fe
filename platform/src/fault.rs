//! Points at which a test kills the process, to see that nothing is lost there.
//!
//! Built with the feature `faults`, `fault!("name")` aborts the process when `ALUMIA_FAULT` is `name`
//! (or `name#3`: only the third time). Otherwise it does nothing.

/// Every point that all runs pass, in the order in which they do.
pub const FAULT_POINTS: &[&str] = &[
    "accept.before",
    "accept.after",
    "claim.after",
    "step.before",
    "step.after",
    "answer.before",
    "answer.after",
    "tool.started.before",
    "tool.started.after",
    "tool.running",
    "tool.ended.before",
    "tool.ended.after",
    "approval.before",
    "approval.after",
    "suspend.before",
    "suspend.after",
    "end.before",
    "end.after",
];

/// Those that are passed only where something is paid: by runs whose calls cost something, and by payments.
pub const PAID_POINTS: &[&str] =
    &["reserve.after", "settle.before", "top_up.begun", "top_up.charged", "payment.before", "payment.after"];

/// Those that a copy of a project passes, however it is made.
pub const COPY_POINTS: &[&str] = &["copy.gathered", "copy.placed", "copy.made"];

/// Aborts here when a test asks for it.
#[macro_export]
macro_rules! fault {
    ($name:expr) => {
        $crate::fault::hit($name)
    };
}
pub use crate::fault;

/// See [`fault!`].
#[cfg(feature = "faults")]
pub fn hit(name: &str) {
    use std::sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    };
    static WANTED: OnceLock<Option<(String, u32)>> = OnceLock::new();
    static HITS: AtomicU32 = AtomicU32::new(0);
    #[expect(clippy::disallowed_methods, reason = "tests alone set it; it is no setting of the server")]
    let wanted = WANTED.get_or_init(|| {
        let wanted = std::env::var("ALUMIA_FAULT").ok()?;
        Some(match wanted.split_once('#') {
            Some((name, nth)) => (name.to_owned(), nth.parse().unwrap_or(1)),
            None => (wanted, 1),
        })
    });
    let Some((point, nth)) = wanted else { return };
    if point == name && HITS.fetch_add(1, Ordering::SeqCst) + 1 == *nth {
        std::process::abort();
    }
}

/// See [`fault!`].
#[cfg(not(feature = "faults"))]
#[inline]
pub const fn hit(_name: &str) {}

#[cfg(test)]
mod tests {
    use super::{COPY_POINTS, FAULT_POINTS, PAID_POINTS};
    use std::{collections::BTreeSet, path::Path};

    fn collect(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, found);
            } else if path.extension().is_some_and(|ext| ext == "rs") && !path.ends_with("fault.rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                for rest in text.split("fault!(\"").skip(1) {
                    found.insert(rest.split('"').next().unwrap().to_owned());
                }
            }
        }
    }

    #[test]
    fn every_point_in_the_source_is_listed_and_every_listed_one_is_there() {
        let mut found = BTreeSet::new();
        collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
        let listed = FAULT_POINTS.iter().chain(PAID_POINTS).chain(COPY_POINTS);
        let listed: BTreeSet<String> = listed.map(|&name| name.to_owned()).collect();
        assert_eq!(found, listed);
    }
}
