//! The schema, version by version. A file that has been released is never changed; a change is a new file
//! in both folders.

use super::Engine;
use crate::{Error, Result};
use sqlx::{
    AnyPool, SqlSafeStr as _,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
};

/// Version, name, SQL on SQLite, SQL on PostgreSQL.
type Step = (i64, &'static str, &'static str, &'static str);

macro_rules! steps {
    ($($version:literal $name:literal),+ $(,)?) => {
        &[$((
            $version,
            $name,
            include_str!(concat!("../../../migrations/sqlite/", $name, ".sql")),
            include_str!(concat!("../../../migrations/postgres/", $name, ".sql")),
        )),+]
    };
}

const STEPS: &[Step] = steps![
    1 "0001_start",
    2 "0002_factors",
    3 "0003_access",
    4 "0004_orgs",
    5 "0005_billing",
    6 "0006_money",
    7 "0007_stripe",
    8 "0008_subscriptions",
    9 "0009_notices",
    10 "0010_looks",
    11 "0011_auto_top_ups",
    12 "0012_meter",
    13 "0013_agents",
    14 "0014_shares",
    15 "0015_peers",
    16 "0016_block_versions",
    17 "0017_block_version_positions",
];

/// Applies what is missing, each version in a transaction of its own.
pub(super) async fn run(engine: Engine, pool: &AnyPool) -> Result<()> {
    let steps = STEPS.iter().map(|&(version, name, sqlite, postgres)| {
        let sql = match engine {
            Engine::Sqlite => sqlite,
            Engine::Postgres => postgres,
        };
        Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    let migrator = Migrator::with_migrations(steps.collect());
    let mut connection = pool.acquire().await?;
    migrator.run_direct(None, &mut *connection, false).await.map_err(explain)
}

/// Tells the PostgreSQL schema of one build from another's, for tests that keep one.
pub(super) fn fingerprint() -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    STEPS.hash(&mut hasher);
    hasher.finish()
}

fn explain(error: MigrateError) -> Error {
    match error {
        MigrateError::VersionMissing(version) => Error::conflict(format!(
            "This database has schema version {version}, which this Alumia doesn't know: a newer one has used \
             it. Start that newer version, or restore a backup made before the upgrade."
        )),
        MigrateError::VersionMismatch(version) => Error::conflict(format!(
            "Schema version {version} of this database was made by another build of Alumia and differs from \
             this one's. Start the build that made it, or begin with an empty database."
        )),
        MigrateError::Execute(cause) => cause.into(),
        other => Error::internal(other),
    }
}

#[cfg(test)]
mod tests {
    use super::STEPS;
    use std::{collections::BTreeSet, fs, path::Path};

    #[test]
    fn every_file_of_both_folders_is_a_step() {
        let listed: BTreeSet<String> = STEPS.iter().map(|step| format!("{}.sql", step.1)).collect();
        for engine in ["sqlite", "postgres"] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations").join(engine);
            let found: BTreeSet<String> = fs::read_dir(folder)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            assert_eq!(found, listed, "{engine}");
        }
        for (index, (version, name, ..)) in STEPS.iter().enumerate() {
            assert_eq!(usize::try_from(*version).unwrap(), index + 1);
            assert!(name.starts_with(&format!("{version:04}_")), "{name}");
        }
    }
}
