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
