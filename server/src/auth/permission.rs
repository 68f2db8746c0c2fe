//! What a handler asks of its caller, as types: a role and a way of access. The extractors of this folder
//! take one of each, prove them, and say what they are to the router, the tests and the API's description.

use alumia_platform::Error;
use alumia_protocol::{keys::Scope, people::Role};

/// What a route asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permission {
    pub who: Who,
    pub keys: Keys,
    /// Whether a browser must have proved a second factor in the last minutes.
    pub step_up: bool,
}

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Everybody.
    Anyone,
    /// Whoever is signed in.
    Person,
    /// A member of the organisation with one of these roles.
    Roles(&'static [Role]),
}

/// Which API keys a route takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// None; what "requires a browser session".
    Refused(&'static str),
    /// Any that holds.
    Any,
    /// Those with this scope.
    With(Scope),
}

/// Roles that a handler asks for.
pub trait Roles: Send + Sync + 'static {
    /// Those that pass.
    const ROLES: &'static [Role];
    /// What the others are told.
    const REFUSAL: &'static str;

    /// Refuses other roles.
    fn admit(role: Role) -> Result<(), Error> {
        if Self::ROLES.contains(&role) {
            return Ok(());
        }
        Err(Error::Forbidden { reason: "role", message: Self::REFUSAL.into() })
    }
}

macro_rules! roles {
    ($($(#[$doc:meta])* $name:ident: $($role:ident)|+, $refusal:literal;)+) => {$(
        $(#[$doc])*
        pub struct $name;

        impl Roles for $name {
            const ROLES: &'static [Role] = &[$(Role::$role),+];
            const REFUSAL: &'static str = $refusal;
        }
    )+};
}

roles! {
    /// Whoever belongs to the organisation.
    Everybody: Owner | Admin | Billing | Member | Viewer, "You don't belong to this organization.";
    /// Whoever chats and makes things.
    Writers: Owner | Admin | Member,
        "Your role in this organization can read but not change this. Ask an owner or admin.";
    /// Whoever looks after money.
    Treasurers: Owner | Admin | Billing,
        "Only owners, admins and billing members of this organization can do this.";
    /// Whoever runs the organisation.
    Admins: Owner | Admin, "Only owners and admins of this organization can do this.";
    /// Whoever may end it.
    Owners: Owner, "Only owners of this organization can do this.";
}

/// A way of access that a handler allows.
pub trait Access: Send + Sync + 'static {
    const KEYS: Keys;
}

macro_rules! scopes {
    ($($scope:ident),+ $(,)?) => {$(
        #[doc = concat!("A browser, or a key with `Scope::", stringify!($scope), "`.")]
        pub struct $scope;

        impl Access for $scope {
            const KEYS: Keys = Keys::With(Scope::$scope);
        }
    )+};
}
scopes!(
    ModelsRead,
    AgentsRead,
    AgentsWrite,
    ChatWrite,
    ProjectsRead,
    ProjectsWrite,
    FilesRead,
    FilesWrite,
    BillingRead,
);

/// A browser, or a key with the scope `*`.
pub struct Everything;

impl Access for Everything {
    const KEYS: Keys = Keys::With(Scope::Everything);
}

/// A browser, or any key that holds.
pub struct AnyKey;

impl Access for AnyKey {
    const KEYS: Keys = Keys::Any;
}

/// A browser alone. [`InBrowser`](super::InBrowser) names the thing that requires it.
pub struct Browser;

impl Access for Browser {
    const KEYS: Keys = Keys::Refused("This");
}

/// The refusal of a key where `thing` requires a person.
pub fn browser_required(thing: &str) -> Error {
    Error::Forbidden {
        reason: "browser_session_required",
        message: format!("{thing} requires a browser session. Do it in the dashboard."),
    }
}
