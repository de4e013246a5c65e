//! A late process: the manifest that it has read is no longer current, and the process does not activate it again.

use huiliu_store::Db;
use huiliu_store::admin::audit::Author;
use huiliu_store::admin::registry::{self, NewVersion};
use huiliu_store::intake::runs::NewActivation;
use huiliu_store::sql::schema;
use huiliu_vault::keys::Keys;

use crate::test_env::{Postgres, Scratch};
use huiliu_values::ActivationKind;

fn check_older_manifest_stays_old(url: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let db = Db::open(url, 4).await.unwrap();
        schema::migrate(&db).await.unwrap();
        let keys = schema::check_key(&db, &Keys::from_hex(&"5a".repeat(32)).unwrap()).await.unwrap();
        let current = |digest| NewActivation { kind: ActivationKind::Manifest, name: "county", version: 1, digest };
        let late = registry::read_registry(&db).await.unwrap().number;
        let first = registry::activate_manifests(&db, late, &[current(b"old")]).await.unwrap().unwrap();

        let mut tx = registry::begin_change(&db).await.unwrap();
        let new = NewVersion { connector: "county", version: 2, digest: b"d", manifest: "m", samples: &[] };
        let author = Author { actor: "somebody", because: "a reason" };
        registry::add_version(&mut tx, &keys, new, author).await.unwrap();
        registry::change_use(&mut tx, "county", registry::Change::Version(Some(2)), author).await.unwrap();
        // While the act is under way, nobody sees a part of it.
        assert_eq!(registry::read_registry(&db).await.unwrap().number, late);
        tx.commit().await.unwrap();
        let registered = registry::read_registry(&db).await.unwrap();
        assert_eq!((registered.number, registered.in_use.len()), (late + 1, 1));
        let second = registry::activate_manifests(&db, late + 1, &[current(b"new")]).await.unwrap().unwrap();
        assert!(second > first);
        assert_eq!(registry::activate_manifests(&db, late, &[current(b"old")]).await.unwrap(), None);
        assert_eq!(registry::activate_manifests(&db, late + 1, &[current(b"new")]).await.unwrap(), Some(second));

        // An act that is rolled back leaves no trace.
        drop(registry::begin_change(&db).await.unwrap());
        assert_eq!(registry::read_number(&db).await.unwrap(), late + 1);
        let samples = registry::load_samples(&db, &keys, "county", 2).await.unwrap();
        assert_eq!(samples.map(|s| s.len()), Some(0));
        db.close().await;
    });
}

#[test]
fn an_older_manifest_does_not_become_current_again_on_either_database() {
    let scratch = Scratch::new("late");
    check_older_manifest_stays_old(&format!("sqlite:{}", scratch.0.join("x.db").display()));
    check_older_manifest_stays_old(&Postgres::start().url());
}
