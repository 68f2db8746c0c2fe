use crate::{
    Error, OrgScope, Result,
    audit::{Audit, Entry},
};
use alumia_models::{LocalModels, NotDone};
use alumia_protocol::models::{LocalAct, LocalModel, ManageLocalModel};
use std::sync::Arc;

/// The models of the server's own machine. They serve all organisations alike, so looking after them is the
/// operator's, who may leave it to every organisation's owners and admins. Cheap to clone.
#[derive(Clone)]
pub struct OnThisMachine {
    models: Option<Arc<dyn LocalModels>>,
    left_to_admins: bool,
    audit: Audit,
}

impl OnThisMachine {
    /// None.
    pub(crate) fn nothing(audit: Audit) -> Self {
        Self { models: None, left_to_admins: false, audit }
    }

    /// With these. `left_to_admins`: owners and admins of any organisation look after them too.
    #[must_use]
    pub fn with(self, models: Option<Arc<dyn LocalModels>>, left_to_admins: bool) -> Self {
        Self { models, left_to_admins, ..self }
    }

    /// Those that there are, here or not.
    pub fn list(&self) -> Vec<LocalModel> {
        self.models.as_ref().map(|models| models.list()).unwrap_or_default()
    }

    /// Whether the caller may change anything.
    pub fn manages(&self, scope: &OrgScope) -> bool {
        self.left_to_admins && scope.is_admin()
    }

    /// Installs one, stops that, or removes it. For owners and admins, where the operator leaves it to them.
    ///
    /// # Errors
    /// `Forbidden`, `NotFound`, `Conflict` while something else goes on.
    pub async fn manage(&self, scope: &OrgScope, wish: &ManageLocalModel) -> Result<()> {
        scope.require_admin("install and remove models of this machine")?;
        let models = self.models.as_ref().ok_or(Error::NotFound("model"))?;
        if !self.left_to_admins {
            return Err(Error::Forbidden {
                reason: "operator_only",
                message: "Models of this machine are installed and removed by the operator of this server."
                    .into(),
            });
        }
        let id = wish.id.as_str();
        let (action, done) = match wish.act {
            LocalAct::Install => ("local_model.install_started", models.install(id)),
            LocalAct::Stop => ("local_model.install_stopped", models.stop(id)),
            LocalAct::Remove => ("local_model.removed", models.remove(id)),
        };
        done.map_err(|error| match error {
            NotDone::Unknown => Error::NotFound("model"),
            NotDone::Busy(message) => Error::conflict(message),
            NotDone::Failed(message) => Error::Unavailable { message, retry_after_seconds: 60 },
        })?;
        self.audit.note([Entry::by(scope, action).on("model", id, id)]).await
    }
}
