//! Rehearsals: real work by the usual code, in one transaction that is rolled back, to see its results in advance.

use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::sql::db::Tx;
use crate::sql::error::{RehearsalMisuse, StoreError};

/// A database in which every transaction is a savepoint of one transaction that is usually rolled back. One part runs
/// at a time. Other connections do not see it, and wait for the rows it wrote until it is dropped.
#[derive(Debug, Clone)]
pub struct Rehearsal {
    stage: Arc<Mutex<RehearsalStage>>,
    /// The kind of the real database, from [`crate::sql::db::Db::kind`].
    pub(crate) kind: &'static str,
}

/// The transaction, and whether a part of it is open.
#[derive(Debug)]
pub struct RehearsalStage {
    pub(crate) whole: Tx,
    open: bool,
}

impl Rehearsal {
    pub(crate) fn new(whole: Tx, kind: &'static str) -> Self {
        Self { stage: Arc::new(Mutex::new(RehearsalStage { whole, open: false })), kind }
    }

    /// Locks the transaction between two parts. Rolls back a part that was begun and then dropped.
    pub(crate) async fn lock_between_parts(&self) -> Result<OwnedMutexGuard<RehearsalStage>, StoreError> {
        let taken = Arc::clone(&self.stage).try_lock_owned();
        let mut stage = taken.map_err(|_| RehearsalMisuse::TwoAtOnce)?;
        if stage.open {
            stage.whole.execute("ROLLBACK TO SAVEPOINT part", vec![]).await?;
            stage.whole.execute("RELEASE SAVEPOINT part", vec![]).await?;
            stage.open = false;
        }
        Ok(stage)
    }

    /// Begins a part.
    pub(crate) async fn begin_part(&self) -> Result<Tx, StoreError> {
        let mut stage = self.lock_between_parts().await?;
        stage.whole.execute("SAVEPOINT part", vec![]).await?;
        stage.open = true;
        Ok(Tx::Rehearsed(stage))
    }
}

impl Rehearsal {
    /// Commits the whole transaction. No other clone may exist.
    pub(super) async fn commit(self) -> Result<(), StoreError> {
        drop(self.lock_between_parts().await?);
        let alone = Arc::try_unwrap(self.stage).map_err(|_| RehearsalMisuse::StillHeld)?;
        alone.into_inner().whole.commit().await
    }
}

impl RehearsalStage {
    /// Ends a part. Its work lasts until the whole transaction is dropped.
    pub(crate) async fn end_part(&mut self) -> Result<(), StoreError> {
        self.whole.execute("RELEASE SAVEPOINT part", vec![]).await?;
        self.open = false;
        Ok(())
    }
}
