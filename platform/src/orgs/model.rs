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

/// What a reserved slug becomes: `docs` → `docs-org`.
pub(super) fn start_of_slug(name: &str) -> String {
    let slug = crate::text::slug_of(name, "org");
    if is_free_for_orgs(&slug) { slug } else { format!("{slug}-org") }
}

#[cfg(test)]
mod tests {
    use super::{RESERVED, is_free_for_orgs, start_of_slug};

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
