//! What apps have stored: copied while they write, and made anew of what an archive brings.

use super::{
    Copies,
    model::{APPS, bytes_in_words, database_name},
    unpack::{Opened, Problems, is_digest},
};
use crate::{
    Error, OrgScope, Result,
    canvas::Seed,
    files::{self, Coming, Place, explain},
};
use alumia_appdb::Limits;
use alumia_protocol::{BlockId, ProjectId, blocks::Content, copies::ArchivedDatabase};
use std::{
    collections::HashSet,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// How long one may take; who writes to it waits for its copy.
const EACH: Duration = Duration::from_secs(20);
/// How long those of an archive may take to be made anew: each may be as slow as somebody could think of.
const TOGETHER: Duration = Duration::from_secs(120);

/// The databases of a project's apps, as far as they have stored anything.
pub(super) struct Databases {
    all: Vec<(BlockId, PathBuf)>,
    bytes: u64,
}

impl Copies {
    /// The databases of these blocks of a project.
    pub(super) async fn databases(
        &self,
        scope: &OrgScope,
        project: ProjectId,
        seeds: &[Seed],
    ) -> Result<Databases> {
        let place = Place { org: scope.org_id(), project, folder: files::APPS.into() };
        let all: Vec<BlockId> = apps(seeds).collect();
        let root = self.files.root.clone();
        self.blocking(move || {
            let mut found = Databases { all: Vec::new(), bytes: 0 };
            for block in all {
                let path = place.database(&root, block);
                match fs::metadata(&path) {
                    Ok(about) if about.len() > 0 => {
                        found.bytes += about.len();
                        found.all.push((block, path));
                    }
                    Ok(_) => {}
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(explain(error)),
                }
            }
            Ok(found)
        })
        .await
    }
}

/// The blocks that are apps.
fn apps(seeds: &[Seed]) -> impl Iterator<Item = BlockId> + '_ {
    seeds.iter().filter(|seed| matches!(seed.content, Content::App(_))).map(|seed| seed.former)
}

/// Bytes that a database may have.
fn most() -> u64 {
    Limits::default().bytes
}

/// Whether an entry is called as a database is.
pub(super) fn is_database(name: &str) -> bool {
    let id = name.strip_prefix(APPS).and_then(|name| name.strip_suffix(".sqlite")).map(str::parse);
    // Of all ways to write an id, one.
    matches!(id, Some(Ok(id)) if database_name(id) == name)
}

/// That each belongs to an app of the archive and may be kept; bytes of all.
pub(super) fn check_databases(
    databases: &[ArchivedDatabase],
    seeds: &[Seed],
    problems: &mut Problems,
) -> u64 {
    let (apps, mut seen): (HashSet<BlockId>, _) = (apps(seeds).collect(), HashSet::new());
    let mut bytes = 0_u64;
    for ArchivedDatabase { block, size, sha256 } in databases {
        let mut wrong = |message: String| problems.add(database_name(*block), message);
        if !apps.contains(block) {
            wrong("The archive has no app with this id, so nothing could read this database.".into());
        }
        if !seen.insert(block) {
            wrong("The manifest lists another database for the same app.".into());
        }
        if !is_digest(sha256) {
            wrong("The manifest has no SHA-256 digest in hex for this database.".into());
        }
        if *size > most() {
            wrong(format!("An app's database may have at most {}.", bytes_in_words(most())));
        }
        bytes = bytes.saturating_add(*size);
    }
    bytes
}

fn limits(time: Duration) -> Limits {
    Limits { time, steps: 1_000_000_000, ..Limits::default() }
}

impl Databases {
    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    /// Bytes of all, as they lie there now; a copy has at most as many.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Copies each to where it is gathered for a project. Blocks.
    ///
    /// # Errors
    /// `Unavailable` when the disk is full or an app writes all the time.
    pub(super) fn gather(&self, coming: &Coming) -> Result<()> {
        self.all.iter().try_for_each(|(block, path)| copy(path, &coming.database(*block)?))
    }

    /// Hands each to `each`, as it is in one moment; none lies on the disk longer than that. Blocks.
    ///
    /// # Errors
    /// Those of `each`, and as [`Databases::gather`].
    pub(super) fn each(
        &self,
        coming: &Coming,
        mut each: impl FnMut(BlockId, File, u64) -> Result<()>,
    ) -> Result<()> {
        for (block, path) in &self.all {
            let copied = coming.database(*block)?;
            copy(path, &copied)?;
            let file = File::open(&copied).map_err(explain)?;
            let size = file.metadata().map_err(explain)?.len();
            each(*block, file, size)?;
            fs::remove_file(&copied).map_err(explain)?;
        }
        Ok(())
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    use alumia_appdb::Error as E;
    alumia_appdb::copy(from, to, &limits(EACH)).map_err(|error| match error {
        E::Full => explain(io::ErrorKind::StorageFull.into()),
        E::Busy | E::TooLong => Error::Unavailable {
            message: "An app of this project is changing its data all the time. Try again.".into(),
            retry_after_seconds: 10,
        },
        other => Error::internal(other),
    })
}

impl Opened {
    /// Makes every database anew in `coming`, of what the archive holds and the manifest describes. Blocks.
    ///
    /// # Errors
    /// Those of the disk.
    pub(super) fn databases(
        &mut self,
        databases: &[ArchivedDatabase],
        coming: &Coming,
        problems: &mut Problems,
    ) -> Result<()> {
        let mut left = TOGETHER;
        for ArchivedDatabase { block, size, sha256 } in databases {
            let name = database_name(*block);
            let mut foreign = PathBuf::new();
            let whole = self.unpack(&name, *size, sha256, problems, |reader| {
                let (path, read) = coming.set_aside(reader, *size)?;
                foreign = path;
                Ok(read)
            })?;
            if !whole {
                continue;
            }
            let (began, made) = (Instant::now(), coming.database(*block)?);
            if let Err(error) = alumia_appdb::rebuild(&foreign, &made, &limits(left.min(EACH))) {
                problems.add(name, why(&error));
            }
            left = left.saturating_sub(began.elapsed());
        }
        Ok(())
    }
}

fn why(error: &alumia_appdb::Error) -> String {
    use alumia_appdb::Error as E;
    match error {
        E::Broken(words) | E::Statement(words) => {
            format!("This isn't a database that an app could have made here: {words}.")
        }
        E::Refused => "This database holds what no app can make here, such as a virtual table.".into(),
        E::TooLong | E::Busy => "It took too long to read this database, or those before it.".into(),
        E::Full => format!(
            "This database takes more than the {} that an app's may have, or the server's disk is full.",
            bytes_in_words(most())
        ),
        E::TooLarge | E::Parameter(_) => "This database holds a value or row of more than 1 MB.".into(),
    }
}
