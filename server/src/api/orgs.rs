//! The organisation: settings, members, invitations.

use crate::{
    app::App,
    auth::{
        Admin, Caller, InBrowser, Member, Owner, Public, Seen, SteppedUp,
        permission::AnyKey,
        things::{OrgMembers, OrgSettings},
    },
    error::Result,
    extract::{Json, PathId},
    openapi::{Created, Data, Done},
    web_sessions::Session,
};
use alumia_protocol::{
    InviteId, List, OrgId, UserId,
    orgs::{
        ChangeRole, CreateInvite, CreateOrg, DeleteOrg, DeletedOrg, Invite, InviteView, InviteWithLink,
        Member as MemberView, OrgSettings as Settings, UpdateOrg,
    },
    people::{JoinForm, Org, SignedIn},
};
use axum::extract::State;

/// Managing members in a browser, after a step-up.
type Manager = SteppedUp<Admin, OrgMembers>;
/// Whoever is signed in with a browser, in whichever organisation or none.
type Person = Caller;

/// `GET /org`: the organisation's settings.
pub async fn get(State(app): State<App>, member: Member<AnyKey>) -> Result<Data<Settings>> {
    Ok(Data(app.platform.tenants.settings(&member.scope).await?))
}

/// `PATCH /org`: name, slug, default model. Owners and admins; 409 for a slug that is taken.
pub async fn update(
    State(app): State<App>,
    member: SteppedUp<Admin, OrgSettings>,
    Json(change): Json<UpdateOrg>,
) -> Result<Data<Settings>> {
    Ok(Data(app.platform.tenants.update(&member.scope, change).await?))
}

/// `DELETE /org`: closes it at once; an owner can bring it back for 30 days. Owners.
pub async fn delete(
    State(app): State<App>,
    member: SteppedUp<Owner, OrgSettings>,
    Json(request): Json<DeleteOrg>,
) -> Result<Data<DeletedOrg>> {
    Ok(Data(app.platform.tenants.delete(&member.scope, request).await?))
}

/// `POST /orgs`: one more organisation, with the caller as its owner. 201.
pub async fn create(
    State(app): State<App>,
    person: InBrowser<Person, OrgSettings>,
    Seen(origin): Seen,
    Json(new): Json<CreateOrg>,
) -> Result<Created<Org>> {
    Ok(Created(app.platform.tenants.create(person.user(), new, origin).await?))
}

/// `GET /orgs/deleted`: the caller's organisations that can still be brought back.
pub async fn deleted(
    State(app): State<App>,
    person: InBrowser<Person, OrgSettings>,
) -> Result<Data<List<DeletedOrg>>> {
    Ok(Data(List::whole(app.platform.tenants.deleted(person.user()).await?)))
}

/// `POST /orgs/:id/restore`: brings one back. Its owners.
pub async fn restore(
    State(app): State<App>,
    person: SteppedUp<Person, OrgSettings>,
    Seen(origin): Seen,
    PathId(org): PathId<OrgId>,
) -> Result<Data<Org>> {
    Ok(Data(app.platform.tenants.restore(person.user(), org, origin).await?))
}

/// `GET /org/members`: the longest there first.
pub async fn members(
    State(app): State<App>,
    member: InBrowser<Member, OrgMembers>,
) -> Result<Data<List<MemberView>>> {
    Ok(Data(List::whole(app.platform.members.list(&member.scope).await?)))
}

/// `PATCH /org/members/:id`: another role. Owners and admins; 409 for the last owner.
pub async fn change_role(
    State(app): State<App>,
    member: Manager,
    PathId(user): PathId<UserId>,
    Json(change): Json<ChangeRole>,
) -> Result<Data<MemberView>> {
    Ok(Data(app.platform.members.change_role(&member.scope, user, change.role).await?))
}

/// `DELETE /org/members/:id`: ends a membership, and what the person has open here, at once.
pub async fn remove(
    State(app): State<App>,
    member: SteppedUp<Member, OrgMembers>,
    PathId(user): PathId<UserId>,
) -> Result<Done> {
    app.platform.members.remove(&member.scope, user).await?;
    Ok(Done)
}

/// `POST /org/leave`: leaves; 409 for the last owner.
pub async fn leave(State(app): State<App>, member: SteppedUp<Member, OrgMembers>) -> Result<Done> {
    app.platform.members.leave(&member.scope).await?;
    Ok(Done)
}

/// `GET /org/invites`: those that wait, the newest first. Owners and admins.
pub async fn invites(
    State(app): State<App>,
    member: InBrowser<Admin, OrgMembers>,
) -> Result<Data<List<Invite>>> {
    Ok(Data(List::whole(app.platform.invites.list(&member.scope).await?)))
}

/// `POST /org/members`: the same as `POST /org/invites`; nobody becomes a member without joining.
pub async fn add(
    app: State<App>,
    member: Manager,
    new: Json<CreateInvite>,
) -> Result<Created<InviteWithLink>> {
    invite(app, member, new).await
}

/// `POST /org/invites`: sends an invitation; the answer holds its link, this once. 201; 409 for a member, and
/// for whoever has an invitation.
pub async fn invite(
    State(app): State<App>,
    member: Manager,
    Json(new): Json<CreateInvite>,
) -> Result<Created<InviteWithLink>> {
    Ok(Created(app.platform.invites.create(&member.scope, new).await?))
}

/// `POST /org/invites/:id/resend`: a new link, good for a week; the old one is dead.
pub async fn resend(
    State(app): State<App>,
    member: Manager,
    PathId(id): PathId<InviteId>,
) -> Result<Data<InviteWithLink>> {
    Ok(Data(app.platform.invites.renew(&member.scope, id).await?))
}

/// `DELETE /org/invites/:id`: takes it back.
pub async fn revoke(State(app): State<App>, member: Manager, PathId(id): PathId<InviteId>) -> Result<Done> {
    app.platform.invites.revoke(&member.scope, id).await?;
    Ok(Done)
}

/// `GET /invites/:id`: what the link with this token offers. 409 when it was used or is too old.
pub async fn view(
    State(app): State<App>,
    _: Public,
    PathId(token): PathId<String>,
) -> Result<Data<InviteView>> {
    Ok(Data(app.platform.invites.view(&token).await?))
}

/// `POST /invites/:id/accept`: joins. 403 `wrong_account` for an account with another address.
pub async fn accept(
    State(app): State<App>,
    person: InBrowser<Person, OrgMembers>,
    Seen(origin): Seen,
    PathId(token): PathId<String>,
) -> Result<Data<Org>> {
    let user = app.platform.identity.me(person.user()).await?.user;
    Ok(Data(app.platform.invites.accept(&token, user.id, &user.email, origin).await?))
}

/// `POST /invites/:id/signup`: makes the invited address's account, joins, signs in. 201.
pub async fn join(
    State(app): State<App>,
    _: Public,
    session: Session,
    Seen(origin): Seen,
    PathId(token): PathId<String>,
    Json(form): Json<JoinForm>,
) -> Result<Created<SignedIn>> {
    let platform = &app.platform;
    let signed_in = platform.identity.sign_up_invited(&platform.invites, &token, form, origin).await?;
    session.sign_in(signed_in.user.id).await?;
    Ok(Created(signed_in))
}
