//! A forwarder by itself, as `alumia` has one in a hidden command: for tests.

fn main() -> std::process::ExitCode {
    alumia_browser::forwarder::main(std::env::args_os().skip(1))
}
