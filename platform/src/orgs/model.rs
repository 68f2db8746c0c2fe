use crate::text::{self, Fields};
use alumia_protocol::people::Role;

/// First parts of paths that are or may become the product's own, so no organisation's slug.
const RESERVED: &[&str] = &[
    "about",
    "abuse",
    "account",
    "admin",
    "agents",
    "ai",
    "alumia",
    "api",
    "app",
    "assets",
    "auth",
    "billing",
    "blog",
    "canvas",
    "cdn",
    "chat",
    "confirm",
    "connectors",
    "contact",
    "dashboard",
    "demo",
    "dev",
    "developers",
    "docs",
    "download",
    "favicon",
    "files",
    "fn",
    "forgot",
    "health",
    "healthz",
    "help",
    "home",
    "hooks",
    "img",
    "internal",
    "invite",
    "invites",
    "lab",
    "legal",
    "live",
    "livez",
    "login",
    "logout",
    "mail",
    "mailbox",
    "mcp",
    "me",
    "metrics",
    "new",
    "notifications",
    "null",
    "oauth",
    "org",
    "orgs",
    "pkg",
    "pricing",
    "privacy",
    "projects",
    "public",
    "readyz",
    "reset",
    "robots",
    "root",
    "schedules",
    "search",
    "security",
    "sessions",
    "settings",
    "share",
    "signin",
    "signout",
    "signup",
    "sitemap",
    "static",
    "status",
    "step-up",
    "support",
    "system",
    "team",
    "terms",
    "test",
    "undefined",
    "user",
    "users",
    "webhooks",
    "well-known",
    "workspaces",
    "www",
];

/// Whether an organisation may have this slug.
pub(super) fn is_free_for_orgs(slug: &str) -> bool {
    !RESERVED.contains(&slug)
}

/// A slug that a person chose: 2 to 48 lower-case letters, digits and single hyphens, none of our own.
pub(super) fn check_slug(fields: &mut Fields, slug: &str) -> String {
    let slug = slug.trim().to_lowercase();
    let edges = slug.starts_with('-') || slug.ends_with('-') || slug.contains("--");
    if !text::is_slug(&slug) || !(2..=48).contains(&slug.len()) || edges {
        fields.refuse("slug", "Use 2 to 48 lower-case letters, digits and single hyphens between them.");
    } else if !is_free_for_orgs(&slug) {
        fields.refuse("slug", "This address is kept for Alumia's own pages. Choose another one.");
    }
    slug
}

/// A role as the database and the API write it.
pub(super) const fn role_word(role: Role) -> &'static str {
    match role {
        Role::Owner => "owner",
        Role::Admin => "admin",
        Role::Billing => "billing",
        Role::Member => "member",
        Role::Viewer => "viewer",
    }
}

/// What a reserved slug becomes: `docs` → `docs-org`.
pub(super) fn start_of_slug(name: &str) -> String {
    let slug = crate::text::slug_of(name, "org");
    if is_free_for_orgs(&slug) { slug } else { format!("{slug}-org") }
}

#[cfg(test)]
mod tests {
    use super::{RESERVED, check_slug, is_free_for_orgs, start_of_slug};
    use crate::text::Fields;

    #[test]
    fn slugs_that_people_choose() {
        let sound = |slug: &str| {
            let mut fields = Fields::default();
            check_slug(&mut fields, slug);
            fields.done().is_ok()
        };
        for good in ["acme", "acme-2", " ACME ", "a1"] {
            assert!(sound(good), "{good}");
        }
        for bad in ["", "a", "-a", "a-", "a--b", "a b", "a/b", "ä", "docs", "API", "x\0y", &"x".repeat(49)] {
            assert!(!sound(bad), "{bad}");
        }
    }

    #[test]
    fn no_reserved_word_becomes_a_slug() {
        for word in RESERVED {
            assert!(is_free_for_orgs(&start_of_slug(word)), "{word}");
        }
        assert_eq!(start_of_slug("Docs"), "docs-org");
        assert_eq!(start_of_slug("Acme Inc."), "acme-inc");
        assert_eq!(start_of_slug("日本"), "ri-ben");
    }
}
