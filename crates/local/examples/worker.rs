//! A worker by itself, as `alumia model-worker` is one: for tests and the evaluation.

use std::path::PathBuf;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut start = alumia_local::worker::Start { model: PathBuf::new(), context: 2048, threads: 1 };
    while let (Some(name), Some(value)) = (arguments.next(), arguments.next()) {
        match name.as_str() {
            "--weights" => start.model = value.into(),
            "--context" => start.context = value.parse().unwrap_or(start.context),
            "--threads" => start.threads = value.parse().unwrap_or(start.threads),
            _ => {}
        }
    }
    alumia_local::worker::main(&start);
}
