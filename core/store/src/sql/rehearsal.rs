//! Work that is done to see what would come of it, by the same code as ever, in one transaction from which nothing remains.

use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::sql::db::Tx;
use crate::sql::error::{RehearsalMisuse, StoreError};

/// A database in which every transaction is a part of one that is never committed. There is one part at a time; others see
/// nothing of it, and wait for the rows that it has written until it is dropped.
#[derive(Debug, Clone)]
pub struct Rehearsal {
    stage: Arc<Mutex<Stage>>,
    /// Of the database, as [`crate::sql::db::Db::kind`] tells it.
    pub(crate) kind: &'static str,
}

/// The transaction, and whether a part of it has begun and not ended.
#[derive(Debug)]
pub struct Stage {
    pub(crate) whole: Tx,
    open: bool,
}

impl Rehearsal {
    pub(crate) fn of(whole: Tx, kind: &'static str) -> Self {
        Self { stage: Arc::new(Mutex::new(Stage { whole, open: false })), kind }
    }

    /// The transaction between two parts. What was begun and dropped is undone first.
    pub(crate) async fn between(&self) -> Result<OwnedMutexGuard<Stage>, StoreError> {
        let taken = Arc::clone(&self.stage).try_lock_owned();
        let mut stage = taken.map_err(|_| RehearsalMisuse::TwoAtOnce)?;
        if stage.open {
            stage.whole.run("ROLLBACK TO SAVEPOINT part", vec![]).await?;
            stage.whole.run("RELEASE SAVEPOINT part", vec![]).await?;
            stage.open = false;
        }
        Ok(stage)
    }

    /// Begins a part.
    pub(crate) async fn begin(&self) -> Result<Tx, StoreError> {
        let mut stage = self.between().await?;
        stage.whole.run("SAVEPOINT part", vec![]).await?;
        stage.open = true;
        Ok(Tx::Rehearsed(stage))
    }
}

impl Rehearsal {
    /// Commits all of it after all. Nobody else may hold a copy.
    pub(super) async fn commit(self) -> Result<(), StoreError> {
        drop(self.between().await?);
        let alone = Arc::try_unwrap(self.stage).map_err(|_| RehearsalMisuse::StillHeld)?;
        alone.into_inner().whole.commit().await
    }
}

impl Stage {
    /// Ends a part; it stays until the whole is dropped.
    pub(crate) async fn commit(&mut self) -> Result<(), StoreError> {
        self.whole.run("RELEASE SAVEPOINT part", vec![]).await?;
        self.open = false;
        Ok(())
    }
}
