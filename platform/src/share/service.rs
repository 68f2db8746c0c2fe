use super::{
    hub::{Hub, Hubs, Piece, Shown},
    model, store,
    views::Views,
};
use crate::{
    Error, OrgScope, Result,
    audit::{Audit, Entry, Origin},
    clock::Clock,
    files::{Files, Opened, blocking},
    mail::Links,
    projects::{Projects, require_holder},
    sessions::{Feed, Log},
    store::Store,
};
use alumia_protocol::{
    BlockId, ProjectId,
    apps::App,
    blocks::Content,
    share::{MadeShare, NewShare, Share, ShareMode, ShareState},
};
use futures::{Stream, StreamExt as _, stream::BoxStream};
use serde_json::json;
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::time::{MissedTickBehavior, interval};

/// How often a link that somebody looks at is looked up again: streams end within this of whatever ended the
/// link, also when it was another server's doing. One indexed query for each such link, not for each viewer.
const LOOK: Duration = Duration::from_millis(300);
/// How often counted views are written.
const WRITE: Duration = Duration::from_secs(5);
/// The most that a file of a frozen canvas may have, in bytes: it is read whole to see that it is still the one.
const FROZEN: u64 = 200 << 20;

/// What share links are made of.
pub struct SharesParts {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub audit: Audit,
    pub projects: Projects,
    pub log: Log,
    pub files: Files,
    pub links: Links,
}

/// Share links of projects: made, replaced and turned off by whoever may say who sees the project; opened by
/// whoever has one. Cheap to clone; clones share what viewers look at, so a process makes only one per store.
#[derive(Clone)]
pub struct Shares(Arc<Inner>);

struct Inner {
    parts: SharesParts,
    hubs: Hubs,
    views: Views,
}

/// A link that works, in a viewer's hand.
#[derive(Clone)]
pub struct View(Arc<Hub>);

impl View {
    /// The canvas.
    pub fn shown(&self) -> Arc<Shown> {
        self.0.shown()
    }

    /// The app that a block of the canvas holds.
    ///
    /// # Errors
    /// The `NotFound` of [`Shares::open`] when no block of it is an app by this id.
    pub fn app(&self, block: BlockId) -> Result<App> {
        let shown = self.shown();
        let block = shown.project.blocks.iter().find(|shown| shown.id == block);
        match block.map(|block| &block.content) {
            Some(Content::App(app)) => Ok(app.clone()),
            _ => Err(gone()),
        }
    }

    /// The canvas and what becomes of it: what follows `after` where that is at hand, else from a snapshot. Ends
    /// within a second of the link's end. Of a frozen canvas nothing follows.
    pub fn follow(&self, after: Option<i64>) -> impl Stream<Item = Piece> + Send + 'static + use<> {
        self.0.clone().follow(after)
    }
}

impl Shares {
    /// Links over these.
    pub fn new(parts: SharesParts) -> Self {
        Self(Arc::new(Inner { parts, hubs: Hubs::default(), views: Views::default() }))
    }

    /// Whether and how a project is shared; never the link.
    ///
    /// # Errors
    /// `NotFound` when the caller doesn't see the project.
    pub async fn state(&self, scope: &OrgScope, project: ProjectId) -> Result<ShareState> {
        let SharesParts { store, clock, projects, .. } = &self.0.parts;
        projects.get(scope, project).await?;
        let found = store::of_project(store, scope.org_id(), project).await?;
        let Some((key, _)) = found else { return Ok(ShareState { enabled: false, share: None }) };
        self.write_views(&key).await?;
        let share = store::of_project(store, scope.org_id(), project).await?.map(|(_, share)| share);
        let now = clock.now();
        let works = |share: &Share| share.expires_at.is_none_or(|at| at > now);
        Ok(ShareState { enabled: share.as_ref().is_some_and(works), share })
    }

    /// Makes a link; the one that the project had is dead at once. The answer holds the link, this once.
    ///
    /// # Errors
    /// `NotFound` when the caller doesn't see the project; `Forbidden` for everybody but its creator, owners and
    /// admins.
    pub async fn make(&self, scope: &OrgScope, project: ProjectId, new: NewShare) -> Result<MadeShare> {
        let SharesParts { store, clock, audit, links, .. } = &self.0.parts;
        let about = self.held(scope, project, "share this project").await?;
        let now = clock.now();
        let share = Share {
            created_at: now,
            expires_at: new.expires_in.seconds().map(|seconds| now.plus_seconds(seconds)),
            mode: new.mode,
            files: new.files,
            views: 0,
        };
        let link = store::Found {
            org: scope.org_id(),
            project,
            name: about.name.clone(),
            emoji: about.emoji,
            mode: share.mode,
            files: share.files,
            created_at: now,
            expires_at: share.expires_at,
        };
        let frozen = match share.mode {
            ShareMode::Live => None,
            ShareMode::Frozen => Some(self.freeze(scope, &link).await?),
        };
        let token = model::new_token()?;
        let key = model::hash(&token);
        let mut tx = store.begin().await?;
        let who = (scope.org_id(), project, scope.user_id());
        store::put(&mut tx, who, &key, &share, frozen.as_deref()).await?;
        let facts = json!({ "mode": share.mode, "files": share.files, "expiresIn": new.expires_in });
        let entry = Entry::by(scope, "project.shared").on("project", project, about.name).with(facts);
        audit.record(&mut tx, entry).await?;
        tx.commit().await?;
        self.0.hubs.end(project, Some(&key));
        Ok(MadeShare { url: links.to(&format!("/share/{token}")), token, share })
    }

    /// Turns the link off; nothing happens where there is none.
    ///
    /// # Errors
    /// As with [`Shares::make`].
    pub async fn turn_off(&self, scope: &OrgScope, project: ProjectId) -> Result<()> {
        let SharesParts { store, audit, .. } = &self.0.parts;
        let about = self.held(scope, project, "stop sharing this project").await?;
        let mut tx = store.begin().await?;
        if store::remove(&mut tx, scope.org_id(), project).await? {
            let entry = Entry::by(scope, "project.unshared").on("project", project, about.name);
            audit.record(&mut tx, entry).await?;
            tx.commit().await?;
        }
        self.0.hubs.end(project, None);
        Ok(())
    }

    /// Opens a link.
    ///
    /// # Errors
    /// `NotFound`, one and the same, for a link that is off, replaced, expired or never was one, and for one of a
    /// project or organisation that is deleted.
    pub async fn open(&self, token: &str) -> Result<View> {
        let key = model::hash(token);
        let SharesParts { store, clock, .. } = &self.0.parts;
        let link = store::find(store, &key, clock.now()).await?.ok_or_else(gone)?;
        let hub = self.0.hubs.get(&key, || self.start(&key, &link)).await?;
        Ok(View(hub))
    }

    /// Opens a link for somebody who looks at the canvas now, and counts them.
    ///
    /// # Errors
    /// As with [`Shares::open`].
    pub async fn view(&self, token: &str, viewer: &Origin) -> Result<View> {
        let view = self.open(token).await?;
        self.0.views.count(&view.0.key, viewer);
        Ok(view)
    }

    /// A file that a shared block shows.
    ///
    /// # Errors
    /// The `NotFound` of [`Shares::open`] where the link has no files, no block shows this one, it isn't there,
    /// or it isn't the one that was frozen.
    pub async fn file(&self, view: &View, path: &str) -> Result<Opened> {
        let shown = view.shown();
        if !shown.project.files || !shown.files.contains(path) {
            return Err(gone());
        }
        let hub = &view.0;
        let opened = match self.0.parts.files.open_shared(hub.org, hub.project, path).await {
            Err(Error::Internal(error)) => return Err(Error::Internal(error)),
            opened => opened.map_err(|_| gone())?,
        };
        // A film is asked for piece by piece; it is read through once.
        if hub.mode == ShareMode::Live || hub.is_known(path, &opened.version) {
            return Ok(opened);
        }
        let (opened, hash) = hashed(opened).await?;
        if hash.is_none() || hub.frozen_files.get(path) != hash.as_ref() {
            return Err(gone());
        }
        hub.know(path, &opened.version);
        Ok(opened)
    }

    /// The project, for those who may say who sees it.
    async fn held(
        &self,
        scope: &OrgScope,
        project: ProjectId,
        action: &str,
    ) -> Result<alumia_protocol::projects::Project> {
        scope.require_writer()?;
        let about = self.0.parts.projects.get(scope, project).await?;
        require_holder(scope, &about, action)?;
        Ok(about)
    }

    /// The canvas as it is now, to be kept.
    async fn freeze(&self, scope: &OrgScope, link: &store::Found) -> Result<String> {
        let SharesParts { log, files, .. } = &self.0.parts;
        let project = model::project(link, &log.snapshot(scope, link.project).await?);
        let mut pictures = BTreeMap::new();
        for path in model::files(&project) {
            // One that can't be read now isn't shown later either.
            if let Ok(opened) = files.open_shared(link.org, link.project, &path).await
                && let Ok((_, Some(hash))) = hashed(opened).await
            {
                pictures.insert(path, hash);
            }
        }
        Ok(serde_json::to_string(&model::Frozen { project, pictures })?)
    }

    async fn start(&self, key: &str, link: &store::Found) -> Result<Arc<Hub>> {
        let (now, pictures, feed) = match link.mode {
            ShareMode::Live => {
                let mut feed = self.0.parts.log.follow(link.org, link.project).await?;
                let Some(Feed::Snapshot(first)) = feed.next().await else {
                    return Err(Error::internal("a feed without a position begins with a snapshot"));
                };
                (model::project(link, &first), BTreeMap::new(), Some(feed))
            }
            ShareMode::Frozen => {
                let text = store::frozen(&self.0.parts.store, key).await?.ok_or_else(gone)?;
                let frozen: model::Frozen = serde_json::from_str(&text)?;
                (frozen.project, frozen.pictures, None)
            }
        };
        let hub = Arc::new(Hub::new(key.to_owned(), link, now, pictures));
        tokio::spawn(self.clone().keep(hub.clone(), link.clone(), feed));
        Ok(hub)
    }

    /// Keeps a hub up to its project, until its link is over or nobody has looked for a while.
    async fn keep(self, hub: Arc<Hub>, mut link: store::Found, mut feed: Option<BoxStream<'static, Feed>>) {
        let SharesParts { store, clock, log, .. } = &self.0.parts;
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut written = Instant::now();
        loop {
            tokio::select! {
                () = hub.over.cancelled() => break,
                item = next(&mut feed) => match item {
                    Some(Feed::Event(event)) => hub.take(&event),
                    Some(Feed::Snapshot(snapshot)) => hub.reset(&link, &snapshot),
                    Some(Feed::Lagged) | None => feed = None,
                },
                _ = looks.tick() => {
                    match store::find(store, &hub.key, clock.now()).await {
                        Ok(Some(found)) => {
                            hub.rename(&found);
                            link = found;
                        }
                        Ok(None) => break,
                        // A database that is away says nothing.
                        Err(error) => tracing::debug!(%error, "a share link can't be looked up for now"),
                    }
                    if feed.is_none() && hub.mode == ShareMode::Live {
                        feed = log.follow(link.org, link.project).await.ok();
                    }
                    if written.elapsed() >= WRITE {
                        written = Instant::now();
                        self.write_views_or_warn(&hub.key).await;
                    }
                    if self.0.hubs.let_go(&hub) {
                        self.write_views_or_warn(&hub.key).await;
                        return;
                    }
                }
            }
        }
        hub.over.cancel();
        self.0.hubs.forget(&hub);
        // Views of a link that is gone count for nothing.
        self.0.views.take(&hub.key);
    }

    async fn write_views_or_warn(&self, key: &str) {
        if let Err(error) = self.write_views(key).await {
            tracing::warn!(%error, "views of a share link wait to be written");
        }
    }

    async fn write_views(&self, key: &str) -> Result<()> {
        let views = self.0.views.take(key);
        if views == 0 {
            return Ok(());
        }
        let write = async {
            let mut tx = self.0.parts.store.begin().await?;
            store::add_views(&mut tx, key, views).await?;
            tx.commit().await?;
            Ok(())
        };
        let written: Result<()> = write.await;
        if written.is_err() {
            self.0.views.put_back(key, views);
        }
        written
    }
}

/// A file, at its beginning again, with its hash; none for one that is too large.
async fn hashed(mut opened: Opened) -> Result<(Opened, Option<String>)> {
    blocking(move || {
        let hash = opened.hash(FROZEN)?;
        Ok((opened, hash))
    })
    .await
}

/// The next item; never, where there is no feed.
async fn next(feed: &mut Option<BoxStream<'static, Feed>>) -> Option<Feed> {
    match feed {
        Some(feed) => feed.next().await,
        None => std::future::pending().await,
    }
}

fn gone() -> Error {
    Error::NotFound("share link")
}
