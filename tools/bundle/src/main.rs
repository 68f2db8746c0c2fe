//! Turns the compiled frontend into what browsers load: JavaScript and WebAssembly (a main module, and one
//! for each lazy page), the style sheet, static files, and for shipping their compressed copies.
//!
//! The same steps as the command line tools `wasm-split-cli` and `wasm-bindgen`, as library calls, so that
//! their versions always are the lock file's.

use std::{
    error::Error,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};
use wasm_bindgen_cli_support::Bindgen;

const USAGE: &str = "usage: bundle --wasm FILE --out DIR [--wasm-opt PROGRAM] [--compress]";

#[derive(Default)]
struct Options {
    wasm: PathBuf,
    out: PathBuf,
    /// Optimises the module for size.
    wasm_opt: Option<PathBuf>,
    /// Writes a brotli copy beside each file that shrinks.
    compress: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = options()?;
    let (pkg, stamp) = (options.out.join("pkg"), options.wasm.with_extension("bundled"));
    // Files that are written anew make a release build the server again.
    if fs::read_to_string(&stamp).is_ok_and(|earlier| state(&options).is_ok_and(|now| now == earlier)) {
        return Ok(());
    }
    fs::create_dir_all(&pkg)?;

    let mut modules = split(&options.wasm, &pkg)?;
    modules.push(pkg.join("alumia_bg.wasm"));
    if let Some(wasm_opt) = &options.wasm_opt {
        for module in &modules {
            optimise(wasm_opt, module)?;
        }
    }
    fs::write(pkg.join("alumia.css"), style_sheet(Path::new("style"))?)?;
    copy(Path::new("public"), &options.out)?;
    compressed_copies(&options.out, options.compress)?;
    Ok(fs::write(stamp, state(&options)?)?)
}

/// When each thing that goes in, and each that came out, was changed last.
fn state(options: &Options) -> Result<String, Box<dyn Error>> {
    let mut inputs = vec![options.wasm.clone(), std::env::current_exe()?];
    for folder in [Path::new("style"), Path::new("public"), &options.out] {
        files(folder, &mut inputs)?;
    }
    inputs.sort();
    let mut text = String::new();
    for input in inputs {
        text += &format!("{} {:?}\n", input.display(), fs::metadata(&input)?.modified()?);
    }
    Ok(text)
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { files(&path, found)? } else { found.push(path) }
    }
    Ok(())
}

fn options() -> Result<Options, Box<dyn Error>> {
    let mut options = Options::default();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().map(PathBuf::from).ok_or(USAGE);
        match argument.as_str() {
            "--wasm" => options.wasm = value()?,
            "--out" => options.out = value()?,
            "--wasm-opt" => options.wasm_opt = Some(value()?),
            "--compress" => options.compress = true,
            _ => return Err(USAGE.into()),
        }
    }
    if options.wasm.as_os_str().is_empty() || options.out.as_os_str().is_empty() {
        return Err(USAGE.into());
    }
    Ok(options)
}

/// The file by which modules load each other; the lazy pages' code names it.
const LOADER: &str = "__wasm_split.______________________.js";
/// Says for each lazy page which modules it needs, so that a page can name them ahead.
const MANIFEST: &str = "__wasm_split_manifest.json";

/// Splits the compiled frontend and binds its main module; returns the other modules.
fn split(wasm: &Path, pkg: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    for entry in fs::read_dir(pkg)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "wasm") {
            fs::remove_file(path)?;
        }
    }
    let whole = fs::read(wasm)?;
    let unbound = wasm.with_extension("main.wasm");
    let (main_module, link_name) = ("./alumia.js", format!("./{LOADER}"));
    let mut options = wasm_split_cli_support::Options::new(&whole);
    options.output_dir = pkg;
    options.main_out_path = &unbound;
    options.link_name = &link_name;
    options.main_module = main_module;
    let split = wasm_split_cli_support::transform(options)?;
    fs::write(pkg.join(MANIFEST), serde_json::to_vec(&split.prefetch_map)?)?;
    // The other modules find the main one's functions by the names that the linker gave them.
    Bindgen::new()
        .input_path(&unbound)
        .web(true)?
        .typescript(false)
        .keep_lld_exports(true)
        .demangle(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .out_name("alumia")
        .generate(pkg)?;
    Ok(split.split_modules)
}

fn optimise(wasm_opt: &Path, module: &Path) -> Result<(), Box<dyn Error>> {
    let status =
        Command::new(wasm_opt).args(["-Oz", "--all-features", "-o"]).args([module, module]).status()?;
    if status.success() { Ok(()) } else { Err(format!("wasm-opt ended with {status}").into()) }
}

/// The files that `index.txt` names, one a line, in its order.
fn style_sheet(folder: &Path) -> Result<String, Box<dyn Error>> {
    let index = fs::read_to_string(folder.join("index.txt"))?;
    let names = index.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut sheet = String::new();
    for name in names {
        let path = folder.join(name);
        sheet += &fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(sheet)
}

fn copy(from: &Path, to: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Makes brotli copies, or removes those of an earlier build, which would be served in place of newer files.
fn compressed_copies(folder: &Path, compress: bool) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            compressed_copies(&path, compress)?;
            continue;
        }
        let copy = PathBuf::from(format!("{}.br", path.display()));
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("css" | "js" | "svg" | "wasm" | "json" | "txt") if compress => {
                let parameters = brotli::enc::BrotliEncoderParams { quality: 11, ..Default::default() };
                let mut packed = Vec::new();
                brotli::BrotliCompress(&mut fs::File::open(&path)?, &mut packed, &parameters)?;
                fs::File::create(copy)?.write_all(&packed)?;
            }
            _ if copy.exists() => fs::remove_file(copy)?,
            _ => {}
        }
    }
    Ok(())
}
