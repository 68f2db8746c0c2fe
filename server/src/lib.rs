//! The binary `alumia`: HTTP API, streams, pages, wiring, command line.

pub mod api;
pub mod app;
mod apps;
mod assets;
mod audit;
pub mod auth;
mod client_address;
pub mod command;
pub mod config;
mod csrf;
mod dev;
mod edge;
mod error;
mod extract;
mod health;
mod idempotency;
mod limits;
pub mod openapi;
mod router;
pub mod serve;
mod stream;
mod unread;
mod web;
mod web_sessions;
mod webhooks;
