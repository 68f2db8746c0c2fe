use crate::{
    Error, Result,
    store::{Columns as _, Store},
};
use alumia_protocol::{UserId, security::Factors};
use sqlx::Row as _;

pub(in crate::identity) async fn factors(store: &Store, user: UserId) -> Result<Factors> {
    let row = sqlx::query(
        "SELECT CAST(CASE WHEN password_hash IS NULL THEN 0 ELSE 1 END AS BIGINT) AS password, \
         (SELECT COUNT(*) FROM passkeys WHERE user_id = users.id) AS passkeys, \
         (SELECT COUNT(*) FROM totp WHERE user_id = users.id AND confirmed_at IS NOT NULL) AS totp, \
         (SELECT COUNT(*) FROM recovery_codes WHERE user_id = users.id AND used_at IS NULL) AS codes \
         FROM users WHERE id = $1",
    )
    .bind(user.to_string())
    .fetch_optional(store.read())
    .await?
    .ok_or(Error::NotFound("account"))?;
    let count = |column| Ok::<_, Error>(u32::try_from(row.number(column)?).unwrap_or(u32::MAX));
    Ok(Factors {
        passkeys: count("passkeys")?,
        totp: count("totp")? > 0,
        recovery_codes: count("codes")?,
        password: row.flag("password")?,
    })
}

pub(in crate::identity) async fn password_hash(store: &Store, user: UserId) -> Result<Option<String>> {
    let row = sqlx::query("SELECT password_hash FROM users WHERE id = $1")
        .bind(user.to_string())
        .fetch_optional(store.read())
        .await?;
    row.map(|row| Ok(row.try_get("password_hash")?)).transpose().map(Option::flatten)
}
