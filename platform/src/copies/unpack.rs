//! Reading an archive that anybody may have written: every way in which it can be wrong is a sentence about the entry
//! that is, and nothing is stored.

use super::{
    databases::{check_databases, is_database},
    directory::{self, Broken, Entry},
    model::{
        APPS, BLOCKS, BYTES, DIGEST_NAME, FILES, FOLDER, MANIFEST, MANIFEST_NAME, bytes_in_words,
        database_name, hex,
    },
    pack::digest_line,
};
use crate::{
    Error, Result,
    canvas::{self, Seed},
    files::{Coming, MAX_FILE, check_path},
    projects::Projects,
    text::{holds_nul, is_too_deep},
};
use alumia_protocol::{
    Timestamp,
    copies::{ArchivedBlock, ArchivedDatabase, ArchivedFile, ArchivedProject, FORMAT, Manifest, VERSION},
    projects::CreateProject,
};
use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fs::File,
    io::{self, Read},
};
use zip::ZipArchive;

/// Problems that are told.
const TOLD: usize = 50;
/// Entries of an archive, folders and the manifest included.
const ENTRIES: usize = 2 * FILES + BLOCKS + 3;

/// What is wrong, by entry.
#[derive(Debug, Default)]
pub(super) struct Problems(BTreeMap<String, String>);

impl Problems {
    pub(super) fn add(&mut self, entry: impl Into<String>, message: impl Into<String>) {
        let entry: String = entry.into();
        if self.0.len() < TOLD {
            let entry = entry.chars().take(300).collect();
            self.0.entry(entry).or_insert_with(|| message.into());
        }
    }

    /// The same for what a check of ours says; its fields follow the entry.
    fn of(&mut self, entry: &str, error: Error) -> Result<()> {
        match error {
            Error::Invalid(fields) => {
                for (field, message) in fields {
                    self.add(format!("{entry}/{field}"), message);
                }
            }
            Error::TooLarge(message) | Error::BadRequest(message) => self.add(entry, message),
            other => return Err(other),
        }
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn into_inner(self) -> BTreeMap<String, String> {
        self.0
    }
}

/// What an archive says it is.
pub(super) struct Contents {
    pub exported_at: Timestamp,
    /// Checked, unless there are problems.
    pub new: CreateProject,
    pub seeds: Vec<Seed>,
    pub files: Vec<ArchivedFile>,
    pub databases: Vec<ArchivedDatabase>,
    /// Bytes of all files and databases.
    pub bytes: u64,
}

/// An archive whose table of contents holds nothing odd.
pub(super) struct Opened {
    archive: ZipArchive<File>,
    /// Place of each entry by its name.
    entries: HashMap<String, usize>,
}

/// Opens an archive and reads its manifest; what can't be read at all is a problem like others. `name` is what the
/// project shall be called instead. Blocks.
///
/// # Errors
/// Those of the disk.
pub(super) fn open(
    mut file: File,
    name: Option<String>,
    problems: &mut Problems,
) -> Result<Option<(Opened, Contents)>> {
    let entries = match directory::read(&mut file, ENTRIES) {
        Ok(entries) => entries,
        Err(Broken::Io(error)) => return Err(Error::internal(error)),
        Err(broken) => {
            problems.add("archive", why(&broken));
            return Ok(None);
        }
    };
    let places = places(&entries, problems);
    let archive = match ZipArchive::new(file) {
        // The library must see what was looked at.
        Ok(archive) if archive.len() == entries.len() || !problems.is_empty() => archive,
        Ok(_) | Err(_) => {
            problems.add("archive", why(&Broken::Damaged));
            return Ok(None);
        }
    };
    if !problems.is_empty() {
        return Ok(None);
    }
    let mut opened = Opened { archive, entries: places };
    let Some(manifest) = opened.manifest(problems)? else { return Ok(None) };
    let contents = check(manifest, name, problems)?;
    opened.compare(&contents, problems);
    Ok(Some((opened, contents)))
}

fn why(broken: &Broken) -> String {
    match broken {
        Broken::NoArchive => "This is not a whole zip archive. Choose a file that Export made.".into(),
        Broken::TooMany => format!("This archive lists more than {FILES} files, or too long names."),
        Broken::Damaged | Broken::Io(_) => {
            "The archive's table of contents is damaged. Export the project again, or use another copy of the file.".into()
        }
    }
}

/// The entries by name; what could harm or mislead is a problem.
fn places(entries: &[Entry], problems: &mut Problems) -> HashMap<String, usize> {
    let mut places = HashMap::with_capacity(entries.len());
    for (at, entry) in entries.iter().enumerate() {
        let Ok(name) = String::from_utf8(entry.name.clone()) else {
            problems.add(String::from_utf8_lossy(&entry.name), "This entry's name isn't UTF-8.");
            continue;
        };
        let mut wrong = |message: &str| problems.add(name.clone(), message);
        let folder = name.ends_with('/');
        match name.strip_prefix(FOLDER) {
            Some("") => continue,
            Some(path) => match check_path(if folder { &path[..path.len() - 1] } else { path }) {
                Ok(()) => {}
                Err(Error::Invalid(fields)) => wrong(fields.values().next().map_or("", String::as_str)),
                Err(_) => wrong("This can't be the path of a file."),
            },
            None if [MANIFEST_NAME, DIGEST_NAME, APPS].contains(&name.as_str()) => {}
            None if is_database(&name) => {}
            None => wrong("This entry doesn't belong in a project's archive."),
        }
        // 0o10 is a plain file's kind, 0o04 a folder's; archives from elsewhere say nothing.
        if !matches!((entry.mode >> 12, folder), (0 | 0o10, false) | (0 | 0o4, true)) {
            wrong("This is a link or a device. An archive holds plain files.");
        }
        if entry.encrypted {
            wrong("This entry is encrypted. Pack the archive without a password.");
        }
        if !matches!(entry.method, 0 | 8) {
            wrong("This entry is packed in a way that isn't read here. Pack the archive with deflate.");
        }
        if places.insert(name.clone(), at).is_some() {
            problems.add(name, "This entry is there twice.");
        }
    }
    let inside: Vec<&String> = places.keys().filter(|name| !name.ends_with('/')).collect();
    for name in inside {
        let mut above = name.as_str();
        while let Some((folder, _)) = above.rsplit_once('/') {
            if places.contains_key(folder) {
                problems.add(name.clone(), format!("{folder} is a file, so nothing can lie in it."));
            }
            above = folder;
        }
    }
    places.retain(|name, _| !name.ends_with('/'));
    places
}

impl Opened {
    /// At most `most` bytes of an entry; `None`, with the problem told, where that can't be.
    fn small(&mut self, name: &str, most: u64, problems: &mut Problems) -> Option<Vec<u8>> {
        let Some(&at) = self.entries.get(name) else {
            problems.add(name, "This entry is missing. Choose a file that Export made.");
            return None;
        };
        let mut bytes = Vec::new();
        let read = self.archive.by_index(at).map_err(io::Error::from);
        match read.and_then(|entry| entry.take(most + 1).read_to_end(&mut bytes)) {
            Ok(_) if bytes.len() as u64 <= most => Some(bytes),
            Ok(_) => {
                problems.add(name, format!("This entry unpacks to more than {}.", bytes_in_words(most)));
                None
            }
            Err(_) => {
                problems.add(name, DAMAGED);
                None
            }
        }
    }

    fn manifest(&mut self, problems: &mut Problems) -> Result<Option<Manifest<Value>>> {
        let text = self.small(MANIFEST_NAME, MANIFEST, problems);
        let digest = self.small(DIGEST_NAME, 1_024, problems);
        let (Some(text), Some(digest)) = (text, digest) else { return Ok(None) };
        if digest != digest_line(&text).as_bytes() {
            problems
                .add(MANIFEST_NAME, "The manifest isn't the one that was exported: its checksum differs.");
            return Ok(None);
        }
        #[derive(Deserialize)]
        struct Head {
            format: String,
            version: u32,
        }
        let not_ours = "This is not the manifest of a project. Choose a file that Export made.";
        match serde_json::from_slice::<Head>(&text) {
            Ok(head) if head.format != FORMAT => problems.add(MANIFEST_NAME, not_ours),
            Ok(head) if head.version == 0 || head.version > VERSION => problems.add(
                MANIFEST_NAME,
                format!(
                    "This archive is of version {}; versions up to {VERSION} are read here. Restore it with the \
                     Alumia that made it, or a newer one.",
                    head.version
                ),
            ),
            Ok(_) => match serde_json::from_slice::<Manifest<Value>>(&text) {
                Ok(manifest) => return Ok(Some(manifest)),
                Err(error) => problems.add(MANIFEST_NAME, format!("The manifest does not fit: {error}.")),
            },
            Err(_) => problems.add(MANIFEST_NAME, not_ours),
        }
        Ok(None)
    }

    /// That manifest and archive name the same files.
    fn compare(&self, contents: &Contents, problems: &mut Problems) {
        let files = contents.files.iter().map(|file| format!("{FOLDER}{}", file.path));
        let databases = contents.databases.iter().map(|database| database_name(database.block));
        let listed: HashSet<String> = files.chain(databases).collect();
        for name in listed.iter().filter(|name| !self.entries.contains_key(*name)) {
            problems.add(name, "The manifest lists this file, but it is missing.");
        }
        for name in self.entries.keys() {
            let is_content = name.starts_with(FOLDER) || name.starts_with(APPS);
            if is_content && !listed.contains(name) {
                problems.add(name, "The manifest doesn't list this file.");
            }
        }
    }

    /// Unpacks every file, into `coming` or nowhere, and compares it with what the manifest says. Blocks.
    ///
    /// # Errors
    /// Those of the disk.
    pub(super) fn files(
        &mut self,
        files: &[ArchivedFile],
        coming: Option<&Coming>,
        problems: &mut Problems,
    ) -> Result<()> {
        for file in files {
            let name = format!("{FOLDER}{}", file.path);
            self.unpack(&name, file.size, &file.sha256, problems, |reader| match coming {
                Some(coming) => coming.put(&file.path, reader, file.size),
                // One byte more tells that there are more.
                None => Ok(io::copy(&mut reader.take(file.size + 1), &mut io::sink())
                    .map(|read| (read <= file.size).then_some(read))),
            })?;
        }
        Ok(())
    }

    /// Unpacks an entry to `put`, which says `None` where there are more bytes than the manifest says, and compares the
    /// rest of what it says. Whether all is right; else the problem is told. Blocks.
    ///
    /// # Errors
    /// Those of `put`.
    pub(super) fn unpack(
        &mut self,
        name: &str,
        size: u64,
        sha256: &str,
        problems: &mut Problems,
        put: impl FnOnce(&mut dyn Read) -> Result<io::Result<Option<u64>>>,
    ) -> Result<bool> {
        // That it is missing was told.
        let Some(&at) = self.entries.get(name) else { return Ok(false) };
        let Ok(entry) = self.archive.by_index(at) else {
            problems.add(name, DAMAGED);
            return Ok(false);
        };
        let mut reader = Hashed { reader: entry, hasher: Sha256::new() };
        let wrong = match put(&mut reader)? {
            Err(_) => DAMAGED.into(),
            Ok(None) => format!("This file has more than the {size} bytes that the manifest says."),
            Ok(Some(read)) if read < size => {
                format!("This file has {read} bytes; the manifest says {size}.")
            }
            Ok(Some(_)) if !hex(&reader.hasher.finalize()).eq_ignore_ascii_case(sha256) => {
                "This file isn't the one that was exported: its checksum differs.".into()
            }
            Ok(Some(_)) => return Ok(true),
        };
        problems.add(name, wrong);
        Ok(false)
    }
}

const DAMAGED: &str = "This entry is damaged. Export the project again, or use another copy of the file.";

struct Hashed<R> {
    reader: R,
    hasher: Sha256,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(bytes)?;
        self.hasher.update(&bytes[..read]);
        Ok(read)
    }
}

fn check(manifest: Manifest<Value>, name: Option<String>, problems: &mut Problems) -> Result<Contents> {
    let Manifest { exported_at, project, blocks, files, databases, .. } = manifest;
    let new = fields(project, name, problems)?;
    if blocks.len() > BLOCKS {
        problems.add("manifest.json#/blocks", format!("At most {BLOCKS} blocks can be restored at once."));
    }
    let (mut seeds, mut ids) = (Vec::with_capacity(blocks.len().min(BLOCKS)), HashSet::new());
    for (at, block) in blocks.into_iter().take(BLOCKS).enumerate() {
        let entry = format!("manifest.json#/blocks/{at}");
        if holds_nul(&block) {
            problems.add(entry, "This block holds a NUL character.");
            continue;
        }
        if is_too_deep(&block) {
            problems.add(entry, "This block nests too deeply.");
            continue;
        }
        let block: ArchivedBlock = match serde_json::from_value(block) {
            Ok(block) => block,
            Err(error) => {
                problems.add(entry, format!("This is not a block: {error}."));
                continue;
            }
        };
        let ArchivedBlock { id, title, content, position } = block;
        if !ids.insert(id) {
            problems.add(entry.clone(), "Another block has the same id.");
        }
        let seed = Seed { former: id, title, content, position };
        if let Err(error) = canvas::check(&seed) {
            problems.of(&entry, error)?;
        }
        seeds.push(seed);
    }
    let stored = check_databases(&databases, &seeds, problems);
    let bytes = check_files(&files, problems).saturating_add(stored);
    if bytes > BYTES {
        problems.add("manifest.json#/files", format!("The files take more than {}.", bytes_in_words(BYTES)));
    }
    Ok(Contents { exported_at, new, seeds, files, databases, bytes })
}

fn fields(project: ArchivedProject, name: Option<String>, problems: &mut Problems) -> Result<CreateProject> {
    let ArchivedProject { name: old, description, prompt, emoji, visibility, tags, metadata } = project;
    let metadata = Value::Object(metadata);
    if holds_nul(&metadata) {
        problems.add("manifest.json#/project/metadata", "This holds a NUL character.");
    }
    let renamed = name.is_some();
    let new = CreateProject {
        name: name.unwrap_or(old),
        description,
        prompt,
        emoji,
        visibility,
        tags,
        metadata: Some(metadata),
        workspace_id: None,
    };
    match Projects::check(new.clone()) {
        Ok(checked) => Ok(checked),
        // Who asks for a name that can't be one is told so as with any project.
        Err(Error::Invalid(wrong)) if renamed && wrong.contains_key("name") => {
            Err(Error::Invalid(wrong.into_iter().filter(|(field, _)| field == "name").collect()))
        }
        Err(error) => {
            problems.of("manifest.json#/project", error)?;
            Ok(CreateProject { metadata: Some(Value::Object(Map::new())), ..new })
        }
    }
}

pub(super) fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Bytes of all.
fn check_files(files: &[ArchivedFile], problems: &mut Problems) -> u64 {
    if files.len() > FILES {
        problems.add("manifest.json#/files", format!("At most {FILES} files can be restored at once."));
    }
    let mut paths = HashSet::new();
    let mut bytes = 0_u64;
    for (at, file) in files.iter().enumerate() {
        let entry = format!("manifest.json#/files/{at}");
        if let Err(Error::Invalid(fields)) = check_path(&file.path) {
            problems.add(format!("{entry}/path"), fields.into_values().next().unwrap_or_default());
        }
        if !paths.insert(&file.path) {
            problems.add(format!("{entry}/path"), "Another file has the same path.");
        }
        if !is_digest(&file.sha256) {
            problems.add(format!("{entry}/sha256"), "This is not a SHA-256 digest in hex.");
        }
        if file.size > MAX_FILE as u64 {
            problems.add(
                format!("{entry}/size"),
                format!("A file may have at most {}.", bytes_in_words(MAX_FILE as u64)),
            );
        }
        bytes = bytes.saturating_add(file.size);
    }
    bytes
}
