//! The binary `alumia`: HTTP API, streams, pages, wiring, command line.

pub mod api;
pub mod app;
mod assets;
mod auth;
mod client_address;
pub mod command;
pub mod config;
mod csrf;
mod edge;
mod error;
mod extract;
mod health;
mod limits;
mod router;
pub mod serve;
mod stream;
mod unread;
mod web;
mod web_sessions;
