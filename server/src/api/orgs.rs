//! The organisation: settings, members, invitations.

use super::{created, done, ok};
use crate::{
    app::App,
    auth::{InBrowser, Member, Seen, SignedIn, SteppedUp, things},
    error::Result,
    extract::{Id, Json},
    web_sessions::Session,
};
use alumia_protocol::{
    InviteId, List, OrgId, UserId,
    orgs::{ChangeRole, CreateInvite, CreateOrg, DeleteOrg, UpdateOrg},
    people::JoinForm,
};
use axum::{extract::State, response::Response};

/// Managing members in a browser, after a step-up.
type Manager = SteppedUp<Member, things::OrgMembers>;
/// Changing the organisation itself.
type Administrator = SteppedUp<Member, things::OrgSettings>;
/// Looking at members.
type Reader = InBrowser<Member, things::OrgMembers>;

/// `GET /org`: the organisation's settings.
pub async fn get(State(app): State<App>, member: Member) -> Result<Response> {
    Ok(ok(app.platform.tenants.settings(&member.scope).await?))
}

/// `PATCH /org`: name, slug, default model. Owners and admins; 409 for a slug that is taken.
pub async fn update(
    State(app): State<App>,
    member: Administrator,
    Json(change): Json<UpdateOrg>,
) -> Result<Response> {
    Ok(ok(app.platform.tenants.update(&member.scope, change).await?))
}

/// `DELETE /org`: closes it at once; an owner can bring it back for 30 days. Owners.
pub async fn delete(
    State(app): State<App>,
    member: Administrator,
    Json(request): Json<DeleteOrg>,
) -> Result<Response> {
    Ok(ok(app.platform.tenants.delete(&member.scope, request).await?))
}

/// `POST /orgs`: one more organisation, with the caller as its owner. 201.
pub async fn create(
    State(app): State<App>,
    person: InBrowser<SignedIn, things::OrgSettings>,
    Seen(origin): Seen,
    Json(new): Json<CreateOrg>,
) -> Result<Response> {
    Ok(created(app.platform.tenants.create(person.0, new, origin).await?))
}

/// `GET /orgs/deleted`: the caller's organisations that can still be brought back.
pub async fn deleted(
    State(app): State<App>,
    person: InBrowser<SignedIn, things::OrgSettings>,
) -> Result<Response> {
    Ok(ok(List::whole(app.platform.tenants.deleted(person.0).await?)))
}

/// `POST /orgs/:id/restore`: brings one back. Its owners.
pub async fn restore(
    State(app): State<App>,
    person: SteppedUp<SignedIn, things::OrgSettings>,
    Seen(origin): Seen,
    Id(org): Id<OrgId>,
) -> Result<Response> {
    Ok(ok(app.platform.tenants.restore(person.0, org, origin).await?))
}

/// `GET /org/members`: the longest there first.
pub async fn members(State(app): State<App>, member: Reader) -> Result<Response> {
    Ok(ok(List::whole(app.platform.members.list(&member.scope).await?)))
}

/// `PATCH /org/members/:id`: another role. Owners and admins; 409 for the last owner.
pub async fn change_role(
    State(app): State<App>,
    member: Manager,
    Id(user): Id<UserId>,
    Json(change): Json<ChangeRole>,
) -> Result<Response> {
    Ok(ok(app.platform.members.change_role(&member.scope, user, change.role).await?))
}

/// `DELETE /org/members/:id`: ends a membership, and what the person has open here, at once.
pub async fn remove(State(app): State<App>, member: Manager, Id(user): Id<UserId>) -> Result<Response> {
    app.platform.members.remove(&member.scope, user).await?;
    Ok(done())
}

/// `POST /org/leave`: leaves; 409 for the last owner.
pub async fn leave(State(app): State<App>, member: Manager) -> Result<Response> {
    app.platform.members.leave(&member.scope).await?;
    Ok(done())
}

/// `GET /org/invites`: those that wait, the newest first. Owners and admins.
pub async fn invites(State(app): State<App>, member: Reader) -> Result<Response> {
    Ok(ok(List::whole(app.platform.invites.list(&member.scope).await?)))
}

/// `POST /org/invites` and `POST /org/members`: sends an invitation; the answer holds its link, this once.
/// 201; 409 for a member, and for whoever has an invitation.
pub async fn invite(
    State(app): State<App>,
    member: Manager,
    Json(new): Json<CreateInvite>,
) -> Result<Response> {
    Ok(created(app.platform.invites.create(&member.scope, new).await?))
}

/// `POST /org/invites/:id/resend`: a new link, good for a week; the old one is dead.
pub async fn resend(State(app): State<App>, member: Manager, Id(id): Id<InviteId>) -> Result<Response> {
    Ok(ok(app.platform.invites.renew(&member.scope, id).await?))
}

/// `DELETE /org/invites/:id`: takes it back.
pub async fn revoke(State(app): State<App>, member: Manager, Id(id): Id<InviteId>) -> Result<Response> {
    app.platform.invites.revoke(&member.scope, id).await?;
    Ok(done())
}

/// `GET /invites/:id`: what the link with this token offers. 409 when it was used or is too old.
pub async fn view(State(app): State<App>, Id(token): Id<String>) -> Result<Response> {
    Ok(ok(app.platform.invites.view(&token).await?))
}

/// `POST /invites/:id/accept`: joins. 403 `wrong_account` for an account with another address.
pub async fn accept(
    State(app): State<App>,
    person: InBrowser<SignedIn, things::OrgMembers>,
    Seen(origin): Seen,
    Id(token): Id<String>,
) -> Result<Response> {
    let user = app.platform.identity.me(person.0).await?.user;
    Ok(ok(app.platform.invites.accept(&token, user.id, &user.email, origin).await?))
}

/// `POST /invites/:id/signup`: makes the invited address's account, joins, signs in. 201.
pub async fn join(
    State(app): State<App>,
    session: Session,
    Seen(origin): Seen,
    Id(token): Id<String>,
    Json(form): Json<JoinForm>,
) -> Result<Response> {
    let platform = &app.platform;
    let signed_in = platform.identity.sign_up_invited(&platform.invites, &token, form, origin).await?;
    session.sign_in(signed_in.user.id).await?;
    Ok(created(signed_in))
}
