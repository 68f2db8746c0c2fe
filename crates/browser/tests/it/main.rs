//! Real Chromium, in its sandbox, on a site of the test's own.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, missing_docs)]

mod acting;
mod addresses;
mod bench;
mod confinement;
mod ending;
mod loading;
mod wanting;
