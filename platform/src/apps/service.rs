use super::frames::Frames;
use crate::{
    Error, OrgScope, Result,
    canvas::Canvas,
    clock::Clock,
    files::{APPS, Files, Place},
};
use alumia_appdb::{Access, Limits};
use alumia_protocol::{
    BlockId,
    apps::{App, AppFrame, AppQuery, AppRows},
    blocks::{Block, Content},
};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Databases that are worked on at once; who comes then waits.
const AT_ONCE: usize = 2;

/// App blocks. Cheap to clone; clones share what is open.
#[derive(Clone)]
pub struct Apps {
    canvas: Canvas,
    files: Files,
    clock: Arc<dyn Clock>,
    frames: Arc<Frames>,
    turns: Arc<Semaphore>,
}

impl Apps {
    /// Without anything open.
    pub fn new(canvas: Canvas, files: Files, clock: Arc<dyn Clock>) -> Self {
        Self { canvas, files, clock, frames: Arc::default(), turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Opens a frame for a block's app as it is now.
    ///
    /// # Errors
    /// `NotFound` when the caller doesn't see the block or it is no app.
    pub async fn open(&self, scope: &OrgScope, block: BlockId) -> Result<AppFrame> {
        let (app, _) = self.get(scope, block).await?;
        self.show(app)
    }

    /// Opens a frame for an app that somebody may see.
    ///
    /// # Errors
    /// `Internal` without randomness.
    pub fn show(&self, app: App) -> Result<AppFrame> {
        self.frames.open(app, self.clock.now())
    }

    /// The app that a frame shows; `None` when there is no such frame, or no longer.
    pub fn shown(&self, secret: &str) -> Option<Arc<App>> {
        self.frames.get(secret, self.clock.now())
    }

    /// Looks something up in an app's database.
    ///
    /// # Errors
    /// `BadRequest` with SQLite's words or when it took too long, `TooLarge`, `Unavailable` while others write all the
    /// time, `NotFound` as [`Apps::open`].
    pub async fn query(&self, scope: &OrgScope, block: BlockId, query: AppQuery) -> Result<AppRows> {
        self.run(scope, block, query, Access::Read).await
    }

    /// Changes an app's database: all of it or nothing.
    ///
    /// # Errors
    /// As [`Apps::query`]; `Forbidden` for roles that only read, `PaymentRequired` where the package includes no more
    /// bytes.
    pub async fn execute(&self, scope: &OrgScope, block: BlockId, query: AppQuery) -> Result<AppRows> {
        scope.require_writer()?;
        self.run(scope, block, query, Access::Write).await
    }

    #[cfg(test)]
    pub(super) fn files(&self) -> &Files {
        &self.files
    }

    async fn get(&self, scope: &OrgScope, block: BlockId) -> Result<(App, Block)> {
        let mut block = self.canvas.get(scope, block).await?;
        let nothing = Content::App(App { files: Vec::new() });
        match std::mem::replace(&mut block.content, nothing) {
            Content::App(app) => Ok((app, block)),
            _ => Err(Error::NotFound("App")),
        }
    }

    async fn run(&self, scope: &OrgScope, id: BlockId, query: AppQuery, access: Access) -> Result<AppRows> {
        let (_, block) = self.get(scope, id).await?;
        let place = Place { org: scope.org_id(), project: block.project_id, folder: APPS.into() };
        let path = place.database(&self.files.root, id);
        let turn = self.turns.clone().acquire_owned().await.map_err(Error::internal)?;
        let mut limits = Limits::default();
        let mut refusal = None;
        if access == Access::Write {
            let (room, used) = self.files.room(place.org).await?;
            let here = size(&path).await;
            if let Some(left) = room.as_ref().and_then(|room| room.left(used)) {
                // The file may stay as large as it is, whatever the package says now.
                limits.bytes = limits.bytes.min(here + u64::try_from(left).unwrap_or(0));
                refusal = room.map(|room| room.refusal());
            }
        }
        let most = limits.bytes;
        let working = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            if access == Access::Write
                && let Some(folder) = path.parent()
            {
                std::fs::create_dir_all(folder)
                    .map_err(|error| alumia_appdb::Error::Broken(error.to_string()))?;
            }
            alumia_appdb::run(&path, &limits, access, &query.sql, &query.params)
        });
        let done = working.await.map_err(Error::internal)?;
        if access == Access::Write {
            self.files.recount(&place).await?;
        }
        match done {
            Ok(alumia_appdb::Answer { columns, rows, changes }) => Ok(AppRows { columns, rows, changes }),
            Err(error) => Err(told(error, most, refusal)),
        }
    }
}

async fn size(path: &std::path::Path) -> u64 {
    tokio::fs::metadata(path).await.map_or(0, |about| about.len())
}

fn told(error: alumia_appdb::Error, most: u64, refusal: Option<Error>) -> Error {
    use alumia_appdb::Error as E;
    match error {
        E::Statement(words) => Error::BadRequest(format!("The database says: {words}.")),
        E::Parameter(_) => Error::BadRequest(format!("The {error}.")),
        E::Refused => Error::BadRequest(
            "An app's statements can work with its own tables and nothing else: no other files, settings or \
             transactions. Each call is a transaction by itself."
                .into(),
        ),
        E::TooLong => {
            Error::BadRequest("The statement took too long and was ended; nothing was changed.".into())
        }
        E::Busy => Error::Unavailable {
            message: "Somebody else is changing this app's data. Try again.".into(),
            retry_after_seconds: 1,
        },
        E::TooLarge => {
            Error::TooLarge("The answer has more than 2,000 rows or 1 MB. Ask for less at once.".into())
        }
        E::Full => match refusal {
            Some(refusal) if most < Limits::default().bytes => refusal,
            _ => Error::TooLarge("An app's database holds at most 16 MB. Delete something first.".into()),
        },
        E::Broken(words) => Error::internal(std::io::Error::other(words)),
    }
}
