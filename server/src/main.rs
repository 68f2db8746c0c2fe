//! `alumia`.

use std::process::ExitCode;

fn main() -> ExitCode {
    alumia_server::command::run()
}
