//! Which browser is run, and with which arguments.

use super::outlet::{self, Outlet};
use crate::{Forwarder, SIZE};
use alumia_sandbox::Program;
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

/// Names under which distributions have it. The shell is made for this: it starts faster and needs less.
const NAMES: [&str; 8] = [
    "chromium-headless-shell",
    "chrome-headless-shell",
    "chromium-headless",
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
    "chrome",
];

/// Where packages put programs; the server's own path may hold more and is no place to look for what is trusted.
const FOLDERS: [&str; 4] = ["/usr/local/bin", "/usr/bin", "/bin", "/opt/google/chrome"];

/// Folders of the system that are always seen inside.
const SEEN: [&str; 5] = ["/usr", "/bin", "/sbin", "/lib", "/lib64"];

const FORWARDER: &str = "/run/forwarder";
const OUTLET: &str = "/run/outlet";

const FLAGS: [&str; 36] = [
    "--headless",
    // The boundary is the sandbox that all of it runs in; see the module.
    "--no-sandbox",
    "--no-zygote",
    "--disable-site-isolation-trials",
    "--remote-debugging-pipe",
    "--user-data-dir=/work/profile",
    "--disk-cache-size=52428800",
    "--disable-gpu",
    "--disable-gpu-shader-disk-cache",
    "--hide-scrollbars",
    "--mute-audio",
    // The one way out. Names are resolved there, and this machine's loopback isn't an exception.
    "--proxy-bypass-list=<-loopback>",
    "--disable-quic",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--dns-prefetch-disable",
    // Nothing that nobody asked for.
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-client-side-phishing-detection",
    "--disable-component-extensions-with-background-pages",
    "--disable-component-update",
    "--disable-crash-reporter",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-search-engine-choice-screen",
    "--disable-sync",
    "--metrics-recording-only",
    "--no-default-browser-check",
    "--no-first-run",
    "--no-pings",
    "--password-store=basic",
    // What a page may want beside being shown.
    "--block-new-web-contents",
    "--deny-permission-prompts",
    "--disable-notifications",
    "--disable-print-preview",
    "--disable-speech-api",
];

/// One more for each: the switch can be given once.
const FEATURES_OFF: [&str; 12] = [
    "AutofillServerCommunication",
    "BackForwardCache",
    "CertificateTransparencyComponentUpdater",
    "DialMediaRouteProvider",
    "IsolateOrigins",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "Prerender2",
    "SafeBrowsingDelayedWarnings",
    "Translate",
    "site-per-process",
];

/// The browser that was asked for, or the first that is there.
pub(super) fn find(given: Option<&Path>) -> Option<PathBuf> {
    if let Some(given) = given {
        return given.is_file().then(|| given.to_owned());
    }
    let paths = NAMES.iter().flat_map(|name| FOLDERS.iter().map(move |folder| Path::new(folder).join(name)));
    paths.into_iter().find(|path| path.is_file())
}

/// A browser in its sandbox, behind its forwarder.
pub(super) fn program(forwarder: &Forwarder, executable: &Path, outlet: Option<&Outlet>) -> Program {
    let mut command: Vec<OsString> = vec![FORWARDER.into()];
    command.extend(forwarder.arguments.iter().map(OsString::from));
    command.push(outlet::socket(OUTLET).into());
    command.push(executable.into());
    command.extend(FLAGS.map(OsString::from));
    let (width, height) = SIZE;
    command.push(format!("--window-size={width},{height}").into());
    command.push(format!("--disable-features={}", FEATURES_OFF.join(",")).into());
    command.push("about:blank".into());
    let mut mounts = vec![(forwarder.path.clone(), FORWARDER.into())];
    mounts.extend(outlet.map(|outlet| (outlet.folder.clone(), OUTLET.into())));
    Program { command, mounts, system: system(executable) }
}

/// What a browser needs of the system beside what every command sees: its own folder where that is elsewhere, the
/// list of fonts, which takes a second to make, and what Debian's launcher reads.
fn system(executable: &Path) -> Vec<PathBuf> {
    let mut system = vec![PathBuf::from("/var/cache/fontconfig"), PathBuf::from("/etc/chromium.d")];
    let real = executable.canonicalize().unwrap_or_else(|_| executable.to_owned());
    for path in [executable, &real] {
        if let Some(folder) = path.parent()
            && !SEEN.iter().any(|seen| folder.starts_with(seen))
        {
            system.push(folder.to_owned());
        }
    }
    system
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_elsewhere_is_seen_with_its_folder() {
        assert_eq!(system(Path::new("/usr/bin/nosuch")).len(), 2);
        assert_eq!(system(Path::new("/opt/nosuch/chrome"))[2], Path::new("/opt/nosuch"));
    }

    #[test]
    fn what_is_given_is_taken_or_nothing() {
        assert_eq!(find(Some(Path::new("/nosuch"))), None);
        assert_eq!(find(Some(Path::new("/bin/sh"))), Some("/bin/sh".into()));
    }
}
