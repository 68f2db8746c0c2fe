//! Tools for the web.

mod html;
mod http_fetch;

pub use http_fetch::HttpFetch;
