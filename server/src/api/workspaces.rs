//! Workspaces and who belongs to them.

use crate::{
    app::App,
    auth::{
        Admin, AdminOf, InBrowser, Member, MemberOf, SteppedUp, permission::ProjectsRead, things::Workspaces,
    },
    error::Result,
    extract::{Json, Second},
    openapi::{Created, Data, Done},
};
use alumia_protocol::{
    List, UserId, WorkspaceId,
    orgs::{AddWorkspaceMember, Member as MemberView, NameWorkspace, SwitchWorkspace, Workspace},
};
use axum::extract::State;

/// Managing one workspace in a browser, after a step-up.
type Manager = SteppedUp<AdminOf<WorkspaceId>, Workspaces>;

/// `GET /workspaces`: those that the caller sees, the default one first.
pub async fn list(State(app): State<App>, member: Member<ProjectsRead>) -> Result<Data<List<Workspace>>> {
    Ok(Data(List::whole(app.platform.workspaces.list(&member.scope).await?)))
}

/// `POST /workspaces`: 201. Owners and admins.
pub async fn create(
    State(app): State<App>,
    member: SteppedUp<Admin, Workspaces>,
    Json(new): Json<NameWorkspace>,
) -> Result<Created<Workspace>> {
    Ok(Created(app.platform.workspaces.create(&member.scope, new).await?))
}

/// `GET /workspaces/:id`.
pub async fn get(
    State(app): State<App>,
    workspace: MemberOf<WorkspaceId, ProjectsRead>,
) -> Result<Data<Workspace>> {
    Ok(Data(app.platform.workspaces.get(&workspace.scope, workspace.id).await?))
}

/// `PATCH /workspaces/:id`: renames it. Owners and admins.
pub async fn rename(
    State(app): State<App>,
    workspace: Manager,
    Json(new): Json<NameWorkspace>,
) -> Result<Data<Workspace>> {
    Ok(Data(app.platform.workspaces.rename(&workspace.scope, workspace.id, new).await?))
}

/// `DELETE /workspaces/:id`: 400 for the default one, 409 while it holds projects. Owners and admins.
pub async fn delete(State(app): State<App>, workspace: Manager) -> Result<Done> {
    app.platform.workspaces.delete(&workspace.scope, workspace.id).await?;
    Ok(Done)
}

/// `GET /workspaces/:id/members`.
pub async fn members(
    State(app): State<App>,
    workspace: InBrowser<MemberOf<WorkspaceId>, Workspaces>,
) -> Result<Data<List<MemberView>>> {
    Ok(Data(List::whole(app.platform.workspaces.members(&workspace.scope, workspace.id).await?)))
}

/// `POST /workspaces/:id/members`: lets a member of the organisation in. Owners and admins.
pub async fn add_member(
    State(app): State<App>,
    workspace: Manager,
    Json(add): Json<AddWorkspaceMember>,
) -> Result<Done> {
    app.platform.workspaces.add_member(&workspace.scope, workspace.id, add.user_id).await?;
    Ok(Done)
}

/// `DELETE /workspaces/:id/members/:member`: takes somebody out of it, at once. Owners and admins.
pub async fn remove_member(
    State(app): State<App>,
    workspace: Manager,
    Second(user): Second<UserId>,
) -> Result<Done> {
    app.platform.workspaces.remove_member(&workspace.scope, workspace.id, user).await?;
    Ok(Done)
}

/// `POST /workspaces/switch`: works in this one from now on; `null` for all.
pub async fn switch(
    State(app): State<App>,
    member: InBrowser<Member, Workspaces>,
    Json(to): Json<SwitchWorkspace>,
) -> Result<Done> {
    app.platform.workspaces.switch(&member.scope, to.workspace_id).await?;
    Ok(Done)
}
