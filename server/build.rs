//! A release holds the web files, so it is built again when they change; a development build reads them at
//! run time.

fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    // Their folder's path is found while compiling, also before the first web build.
    std::fs::create_dir_all("../dist")?;
    if std::env::var_os("PROFILE").is_some_and(|profile| profile == "release") {
        println!("cargo::rerun-if-changed=../dist");
    }
    Ok(())
}
