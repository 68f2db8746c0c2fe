//! Keeps the relocations in the module: `tools/bundle` needs them to split it.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var_os("CARGO_CFG_TARGET_ARCH").is_some_and(|arch| arch == "wasm32") {
        println!("cargo::rustc-cdylib-link-arg=--emit-relocs");
    }
}
