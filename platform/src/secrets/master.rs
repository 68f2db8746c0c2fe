//! Where the master key comes from.

use super::seal::{self, Key};
use crate::{Error, Result};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use secrecy::ExposeSecret as _;
use std::{
    collections::BTreeMap,
    fs,
    io::{ErrorKind, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

/// The versions of the master key that this server knows; the highest wraps new data keys.
pub struct MasterKeys(BTreeMap<i64, Key>);

impl MasterKeys {
    /// From configuration: 32 bytes in base64 or hex, or several lines (or comma-separated entries) of
    /// `version:key`.
    pub fn parse(text: &str) -> Result<Self> {
        let mut keys = BTreeMap::new();
        for entry in text.split(['\n', ',']).map(str::trim).filter(|entry| !entry.is_empty()) {
            let (version, key) = entry.split_once(':').unwrap_or(("1", entry));
            let version = version.trim().parse().ok().filter(|version| *version > 0);
            let (Some(version), Some(key)) = (version, decode(key.trim())) else {
                return Err(malformed());
            };
            if keys.insert(version, key).is_some() {
                return Err(malformed());
            }
        }
        if keys.is_empty() { Err(malformed()) } else { Ok(Self(keys)) }
    }

    /// From a file that only its owner may read; made with a random key when it is missing.
    pub fn from_file(path: &Path) -> Result<Self> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                make(path).map_err(|error| unusable(path, &error))?;
                fs::read_to_string(path).map_err(|error| unusable(path, &error))?
            }
            Err(error) => return Err(unusable(path, &error)),
        };
        let mode = fs::metadata(path).map_err(|error| unusable(path, &error))?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(Error::conflict(format!(
                "Others may read the master key: {} has mode {:03o}. Run chmod 600 on it, and rotate the key if \
                 others have read it.",
                path.display(),
                mode & 0o777
            )));
        }
        Self::parse(&text)
    }

    /// Adds a version with a random key to the file; returns its number.
    pub fn add_version(path: &Path) -> Result<i64> {
        let mut keys = Self::from_file(path)?;
        let version = keys.newest() + 1;
        keys.0.insert(version, seal::random_key());
        replace(path, &keys.lines(|_| true)).map_err(|error| unusable(path, &error))?;
        Ok(version)
    }

    /// Leaves only the newest version in the file; the others go to a file beside it, which is returned.
    pub fn retire_older(path: &Path) -> Result<std::path::PathBuf> {
        let keys = Self::from_file(path)?;
        let newest = keys.newest();
        let retired = path.with_extension("key.retired");
        let before = fs::read_to_string(&retired).unwrap_or_default();
        let older = keys.lines(|version| version < newest);
        replace(&retired, &format!("{before}{older}")).map_err(|error| unusable(&retired, &error))?;
        replace(path, &keys.lines(|version| version == newest)).map_err(|error| unusable(path, &error))?;
        Ok(retired)
    }

    /// The highest version.
    pub fn newest(&self) -> i64 {
        self.current().0
    }

    /// How many versions there are.
    pub fn versions(&self) -> usize {
        self.0.len()
    }

    /// As a file holds them.
    fn lines(&self, which: impl Fn(i64) -> bool) -> String {
        let wanted = self.0.iter().filter(|(version, _)| which(**version));
        wanted
            .map(|(version, key)| format!("{version}:{}\n", BASE64_STANDARD.encode(key.expose_secret())))
            .collect()
    }

    /// The version for new data keys, with its key.
    pub(super) fn current(&self) -> (i64, &Key) {
        self.0.last_key_value().map(|(version, key)| (*version, key)).expect("parse refuses an empty list")
    }

    pub(super) fn version(&self, version: i64) -> Option<&Key> {
        self.0.get(&version)
    }
}

fn decode(text: &str) -> Option<Key> {
    if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        let bytes: Option<Vec<u8>> =
            (0..64).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect();
        return seal::key_of(&bytes?);
    }
    seal::key_of(&BASE64_STANDARD.decode(text).ok()?)
}

/// Written in full beside its place and then moved there, so that nobody reads half of it.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let draft = path.with_extension(format!("{}.tmp", uuid::Uuid::now_v7().simple()));
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all())?;
    fs::rename(&draft, path)
}

/// Written in full beside its place and then linked there, so that two servers starting at once agree on
/// one key and none reads half of it.
fn make(path: &Path) -> std::io::Result<()> {
    let draft = path.with_extension(format!("{}.tmp", uuid::Uuid::now_v7().simple()));
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    let text = format!("1:{}\n", BASE64_STANDARD.encode(seal::random_key().expose_secret()));
    let linked = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::hard_link(&draft, path));
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

fn malformed() -> Error {
    Error::BadRequest(
        "The master key must be 32 bytes in base64 or hex, or lines of version:key with each version once. \
         `openssl rand -base64 32` makes one."
            .into(),
    )
}

fn unusable(path: &Path, cause: &std::io::Error) -> Error {
    Error::Unavailable {
        message: format!(
            "The master key file {} can't be used: {cause}. Make its folder writable for this user, or set \
             security.master_key.",
            path.display()
        ),
        retry_after_seconds: 5,
    }
}

#[cfg(test)]
mod tests {
    use super::{BASE64_STANDARD, MasterKeys};
    use base64::Engine as _;
    use secrecy::ExposeSecret as _;
    use std::{fs, os::unix::fs::PermissionsExt as _};

    #[test]
    fn keys_from_text() {
        let key = BASE64_STANDARD.encode([7; 32]);
        assert_eq!(MasterKeys::parse(&key).unwrap().current().0, 1);
        assert_eq!(MasterKeys::parse(&"07".repeat(32)).unwrap().current().1.expose_secret(), &[7; 32]);
        let two = MasterKeys::parse(&format!("2:{key}\n1:{}\n", "08".repeat(32))).unwrap();
        assert_eq!((two.current().0, two.version(1).unwrap().expose_secret()), (2, &[8; 32]));
        let twice = format!("1:{key},1:{key}");
        for bad in
            ["", " ", "short", "0:x", "1:", &twice, &BASE64_STANDARD.encode([7; 31]), &format!("x:{key}")]
        {
            assert!(MasterKeys::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_file_is_made_once_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let keys: Vec<[u8; 32]> = std::thread::scope(|scope| {
            let starts: Vec<_> =
                (0..8).map(|_| scope.spawn(|| MasterKeys::from_file(&path).unwrap())).collect();
            starts.into_iter().map(|start| *start.join().unwrap().current().1.expose_secret()).collect()
        });
        assert!(keys.windows(2).all(|pair| pair[0] == pair[1]), "servers made keys of their own");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "drafts were left");

        let old = *MasterKeys::from_file(&path).unwrap().current().1.expose_secret();
        assert_eq!(MasterKeys::add_version(&path).unwrap(), 2);
        assert_eq!(MasterKeys::from_file(&path).unwrap().version(1).unwrap().expose_secret(), &old);
        let retired = MasterKeys::retire_older(&path).unwrap();
        let left = MasterKeys::from_file(&path).unwrap();
        assert_eq!((left.newest(), left.versions()), (2, 1));
        assert_eq!(MasterKeys::from_file(&retired).unwrap().version(1).unwrap().expose_secret(), &old);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::remove_file(retired).unwrap();

        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let error = MasterKeys::from_file(&path).err().unwrap();
        assert!(error.to_string().contains("chmod 600"), "{error}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "rubbish").unwrap();
        assert!(MasterKeys::from_file(&path).is_err());
        assert!(MasterKeys::from_file(&folder.path().join("no/such/folder/master.key")).is_err());
    }
}
