use super::{Answers, Operation};
use crate::auth::permission::Permission;
use std::future::Future;

/// Something that a handler takes from a request.
pub trait Part {
    /// What it asks of the caller, if it asks.
    const PERMISSION: Option<Permission> = None;

    /// What a client has to know.
    fn describe(_: &mut Operation) {}
}

/// A handler that can be described: every argument says what it is, and exactly one asks for a permission.
/// `Arguments` is the tuple by which axum tells handlers apart.
pub trait Documented<Arguments> {
    /// What the route asks of its caller.
    const PERMISSION: Permission;

    /// Parameters, body and answers.
    fn describe(operation: &mut Operation);
}

/// The one permission among a handler's arguments; what has none or two doesn't compile.
const fn only(parts: &[Option<Permission>]) -> Permission {
    let mut found = None;
    let mut at = 0;
    while at < parts.len() {
        if let Some(permission) = parts[at] {
            assert!(found.is_none(), "this handler names two permissions");
            found = Some(permission);
        }
        at += 1;
    }
    match found {
        Some(permission) => permission,
        None => panic!("this handler names no permission; take `Public` if everybody may call it"),
    }
}

macro_rules! documented {
    ($($part:ident),+) => {
        impl<Call, Answer, Found, Kind, $($part),+> Documented<(Kind, $($part,)+)> for Call
        where
            Call: FnOnce($($part),+) -> Answer,
            Answer: Future<Output = Found>,
            Found: Answers,
            $($part: Part),+
        {
            const PERMISSION: Permission = only(&[$($part::PERMISSION),+]);

            fn describe(operation: &mut Operation) {
                $($part::describe(operation);)+
                Found::describe(operation);
            }
        }
    };
}
documented!(A);
documented!(A, B);
documented!(A, B, C);
documented!(A, B, C, D);
documented!(A, B, C, D, E);
documented!(A, B, C, D, E, F);
documented!(A, B, C, D, E, F, G);
documented!(A, B, C, D, E, F, G, H);

#[cfg(test)]
mod tests {
    use super::only;
    use crate::auth::permission::{Keys, Permission, Who};

    const SOME: Option<Permission> = Some(Permission { who: Who::Person, keys: Keys::Any, step_up: false });

    #[test]
    fn one_permission_is_right() {
        assert_eq!(Some(only(&[None, SOME, None])), SOME);
    }

    #[test]
    #[should_panic(expected = "names no permission")]
    fn none_is_wrong() {
        only(&[None, None]);
    }

    #[test]
    #[should_panic(expected = "names two permissions")]
    fn two_are_wrong() {
        only(&[SOME, None, SOME]);
    }
}
