//! An older schema is upgraded after a backup, and keeps its data.

use huiliu_store::sql::migrations;
use sqlx::migrate::Migrator;

use crate::test_env::{Services, TestEnv};

#[test]
fn an_embedded_database_of_the_first_migration_is_upgraded_after_a_backup() {
    let house = TestEnv::new(Services::Sqlite);
    let file = house.dir.0.join("data/huiliu.db");
    let url = format!("sqlite:{}", file.display());
    // The database of the first release: only the first migration, and a row.
    std::fs::create_dir_all(house.dir.0.join("data")).unwrap();
    let first = Migrator::with_migrations(migrations::sqlite_migrator().iter().take(1).cloned().collect());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let pool = sqlx::SqlitePool::connect(&format!("{url}?mode=rwc")).await.unwrap();
        first.run(&pool).await.unwrap();
        let kept = "INSERT INTO institution (code, name) VALUES ('KEPT', 'kept')";
        sqlx::query(kept).execute(&pool).await.unwrap();
        pool.close().await;
    });
    assert_eq!(house.run_json(&["migrate", "--json"])["changed"], true);
    assert!(house.dir.0.join("data/huiliu.db.before-2").exists(), "no backup was made");
    runtime.block_on(async {
        let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
        let kept: (i64,) =
            sqlx::query_as("SELECT count(*) FROM institution WHERE code = 'KEPT'").fetch_one(&pool).await.unwrap();
        assert_eq!(kept.0, 1);
        sqlx::query("SELECT * FROM training_record_national").fetch_all(&pool).await.unwrap();
        pool.close().await;
    });
}

/// Rows of tables and columns that a later version calls by other names.
const EARLIER_ROWS: [&str; 5] = [
    "INSERT INTO claim (id, claim_key, name, name_folded, blind_index, decided_by, state, told)
     VALUES (1, x'01', 'n', 'n', x'02', 'id_number', 'definite', x'03')",
    "INSERT INTO host_pace (host, next_at) VALUES ('platform.example', 7)",
    "INSERT INTO settle_mark (block, teachers) VALUES (3, x'04')",
    "INSERT INTO dead_letter_sighting (letter_id, batch_id, record_index, address, activation, outcome)
     VALUES (5, 6, 0, 'a line 1', 1, 'parked')",
    "INSERT INTO roster_wait (letter_id, need, source_id, value) VALUES (8, 'school_code', 1, '2122000018')",
];

/// What each of them says after the upgrade.
const LATER_ROWS: [(&str, i64); 5] = [
    ("SELECT count(*) FROM identity_claim WHERE person_details = x'03'", 1),
    ("SELECT next_at FROM rate_limit WHERE host = 'platform.example'", 7),
    ("SELECT block FROM recompute_mark", 3),
    ("SELECT dead_letter_id FROM dead_letter_sighting", 5),
    ("SELECT dead_letter_id FROM roster_wait", 8),
];

#[test]
fn rows_of_renamed_tables_are_kept() {
    let house = TestEnv::new(Services::Sqlite);
    let file = house.dir.0.join("data/huiliu.db");
    let url = format!("sqlite:{}", file.display());
    std::fs::create_dir_all(house.dir.0.join("data")).unwrap();
    let earlier = migrations::sqlite_migrator().iter().filter(|migration| migration.version < 19).cloned().collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let pool = sqlx::SqlitePool::connect(&format!("{url}?mode=rwc")).await.unwrap();
        Migrator::with_migrations(earlier).run(&pool).await.unwrap();
        for row in EARLIER_ROWS {
            sqlx::query(row).execute(&pool).await.unwrap_or_else(|e| panic!("{row}: {e}"));
        }
        pool.close().await;
    });
    assert_eq!(house.run_json(&["migrate", "--json"])["changed"], true);
    for (query, expected) in LATER_ROWS {
        assert_eq!(house.run_sql(query), expected, "{query}");
    }
}
