use super::store;
use crate::{
    Error, OrgScope, Result,
    audit::{Entry, Origin},
    billing,
    files::Files,
    jobs::{Handler, Job, Jobs, NewJob},
    models::{Models, Own},
    orgs::{Office, Orgs, model},
    text::Fields,
};
use alumia_protocol::{
    OrgId, UserId,
    orgs::{CreateOrg, DeleteOrg, DeletedOrg, OrgSettings, UpdateOrg},
    people::{Org, Role},
};
use async_trait::async_trait;
use serde_json::json;
use std::sync::Arc;

/// The kind of the jobs that remove what is left of deleted organisations.
pub const PURGE_JOB: &str = "org.purge";

/// How long a deleted organisation can be brought back.
const GRACE_SECONDS: i64 = 30 * 24 * 60 * 60;

/// Organisations as a whole.
#[derive(Clone)]
pub struct Tenants {
    office: Office,
    jobs: Jobs,
    models: Models,
    files: Files,
}

impl Tenants {
    /// The office's organisations; `models` says which default models there are, `files` has their files.
    pub const fn new(office: Office, jobs: Jobs, models: Models, files: Files) -> Self {
        Self { office, jobs, models, files }
    }

    /// Makes one more organisation, with its default workspace and Ala.
    pub async fn create(&self, owner: UserId, new: CreateOrg, origin: Arc<Origin>) -> Result<Org> {
        let mut fields = Fields::default();
        let name = fields.line("name", &new.name, 255);
        fields.done()?;
        let now = self.office.clock.now();
        let mut tx = self.office.store.begin().await?;
        let founded = Orgs::found(&mut tx, &name, owner, now).await?;
        let scope = founded.scope.coming_from(origin);
        let entry = Entry::by(&scope, "org.created").on("org", founded.org.id, &name);
        self.office.audit.record(&mut tx, entry).await?;
        tx.commit().await?;
        Ok(founded.org)
    }

    /// Its settings.
    pub async fn settings(&self, scope: &OrgScope) -> Result<OrgSettings> {
        store::settings(&self.office.store, scope.org_id()).await?.ok_or(Error::NotFound("organization"))
    }

    /// Changes name, slug or default model. With the slug all paths change, and the old one is free.
    ///
    /// # Errors
    /// `Forbidden` for everybody but owners and admins, `Invalid` by field, `Conflict` for a slug that
    /// another organisation has.
    pub async fn update(&self, scope: &OrgScope, change: UpdateOrg) -> Result<OrgSettings> {
        scope.require_admin("change its settings")?;
        let mut fields = Fields::default();
        let name = change.name.as_deref().map(|name| fields.line("name", name, 255));
        let slug = change.slug.as_deref().map(|slug| model::check_slug(&mut fields, slug));
        if let Some(wanted) = change.default_model.as_deref().filter(|model| !model.is_empty())
            && !self.models.catalog(&Own::default()).iter().any(|model| model.id == wanted)
        {
            fields.refuse("defaultModel", "There is no such model here. Choose one of the list.");
        }
        fields.done()?;
        let before = self.settings(scope).await?;
        let after = OrgSettings {
            name: name.unwrap_or_else(|| before.name.clone()),
            slug: slug.unwrap_or_else(|| before.slug.clone()),
            default_model: change.default_model.unwrap_or_else(|| before.default_model.clone()),
            ..before.clone()
        };
        let mut tx = self.office.store.begin().await?;
        if after.slug != before.slug && store::slug_is_taken(&mut tx, &after.slug, after.id).await? {
            return Err(slug_taken(&after.slug));
        }
        store::save(&mut tx, &after, self.office.clock.now())
            .await?
            .then_some(())
            .ok_or_else(|| slug_taken(&after.slug))?;
        let mut changed = serde_json::Map::new();
        for (field, old, new) in [
            ("name", &before.name, &after.name),
            ("slug", &before.slug, &after.slug),
            ("defaultModel", &before.default_model, &after.default_model),
        ] {
            if old != new {
                changed.insert(field.into(), json!({ "from": old, "to": new }));
            }
        }
        if !changed.is_empty() {
            let entry = Entry::by(scope, "org.updated").on("org", after.id, &after.name).with(changed.into());
            self.office.audit.record(&mut tx, entry).await?;
        }
        tx.commit().await?;
        Ok(after)
    }

    /// Deletes the organisation: at once nobody gets in any more, and after 30 days nothing of it is left.
    /// Until then an owner can bring it back.
    ///
    /// # Errors
    /// `Forbidden` for everybody but owners, `Invalid` when `confirm` isn't its slug, `Conflict` while a
    /// subscription would go on being charged.
    pub async fn delete(&self, scope: &OrgScope, request: DeleteOrg) -> Result<DeletedOrg> {
        scope.require_owner("delete it")?;
        let settings = self.settings(scope).await?;
        if request.confirm.trim() != settings.slug {
            return Err(Error::invalid("confirm", format!("Type {} to delete it.", settings.slug)));
        }
        if billing::is_charged(&self.office.store, scope.org_id()).await? {
            return Err(Error::conflict(
                "It has a subscription. End that under Billing first, so that nothing more is charged.",
            ));
        }
        let now = self.office.clock.now();
        let purge_at = now.plus_seconds(GRACE_SECONDS);
        let mut tx = self.office.store.begin().await?;
        if !store::mark_deleted(&mut tx, scope.org_id(), scope.user_id(), now, purge_at).await? {
            return Err(Error::NotFound("organization"));
        }
        let entry = Entry::by(scope, "org.deleted")
            .on("org", scope.org_id(), &settings.name)
            .with(json!({ "purgeAt": purge_at }));
        self.office.audit.record(&mut tx, entry).await?;
        let purge =
            NewJob { run_at: Some(purge_at), ..NewJob::new(PURGE_JOB, json!({ "org": scope.org_id() })) };
        self.jobs.enqueue(&mut tx, purge).await?;
        tx.commit().await?;
        self.office.changes.org(scope.org_id());
        let org = Org { id: settings.id, slug: settings.slug, name: settings.name };
        Ok(DeletedOrg { org, deleted_at: now, purge_at })
    }

    /// The deleted organisations that a person can bring back.
    pub async fn deleted(&self, user: UserId) -> Result<Vec<DeletedOrg>> {
        store::deleted(&self.office.store, user).await
    }

    /// Brings a deleted organisation back as it was. For its owners.
    pub async fn restore(&self, user: UserId, org: OrgId, origin: Arc<Origin>) -> Result<Org> {
        let found = self.deleted(user).await?.into_iter().find(|deleted| deleted.org.id == org);
        let org = found.ok_or(Error::NotFound("organization"))?.org;
        let mut tx = self.office.store.begin().await?;
        if !store::unmark_deleted(&mut tx, org.id, self.office.clock.now()).await? {
            return Err(Error::NotFound("organization"));
        }
        let scope = OrgScope::new(org.id, user, Role::Owner).coming_from(origin);
        self.office
            .audit
            .record(&mut tx, Entry::by(&scope, "org.restored").on("org", org.id, &org.name))
            .await?;
        tx.commit().await?;
        Ok(org)
    }

    /// Removes what an organisation whose time has come had, all but its audit log; false when it was
    /// brought back or is gone already.
    async fn purge(&self, org: OrgId) -> Result<bool> {
        let Some(name) = store::due(&self.office.store, org, self.office.clock.now()).await? else {
            return Ok(false);
        };
        self.files.remove_all(org).await?;
        let mut tx = self.office.store.begin().await?;
        store::purge(&mut tx, org).await?;
        self.office.audit.record(&mut tx, Entry::by_system(org, "org.purged").on("org", org, name)).await?;
        tx.commit().await?;
        Ok(true)
    }
}

#[async_trait]
impl Handler for Tenants {
    async fn run(&self, job: &Job) -> Result<()> {
        let org: OrgId = serde_json::from_value(job.payload["org"].clone())?;
        self.purge(org).await.map(drop)
    }
}

fn slug_taken(slug: &str) -> Error {
    Error::conflict(format!("Another organization has the address \"{slug}\". Choose another one."))
}
