//! The web interface: pages, components, server functions. Built for the server (`ssr`) and for the
//! browser (`hydrate`).

pub mod app;
pub mod blocks;
pub mod canvas;
pub mod chat;
pub mod components;
pub mod live;
pub mod pages;
#[cfg(feature = "ssr")]
pub mod server;

pub use app::{App, shell};

/// Takes over the page that the server rendered.
#[cfg(feature = "hydrate")]
pub fn hydrate() {
    leptos::mount::hydrate_lazy(App);
}
