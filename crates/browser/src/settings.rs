use crate::Limits;
use alumia_net::Client;
use std::path::PathBuf;

/// What browsers are started with.
#[derive(Clone)]
pub struct Settings {
    /// Chromium, or a browser that is made of it; looked for on the path when not given.
    pub executable: Option<PathBuf>,
    /// The program that forwards.
    pub forwarder: Forwarder,
    /// Whose name server and rules hold for what is visited.
    pub client: Client,
    /// A folder for sockets and the small files of the sandbox, which nothing else uses.
    pub state: PathBuf,
    /// What one browser may use.
    pub limits: Limits,
}

/// How a forwarder is started: a program and its arguments, after which come those of `forwarder::main`.
#[derive(Clone, Debug)]
pub struct Forwarder {
    /// An executable file; any user must be able to run it.
    pub path: PathBuf,
    /// Its first arguments.
    pub arguments: Vec<String>,
}
