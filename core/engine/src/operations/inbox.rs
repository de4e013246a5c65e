//! The inbox: everything that waits for a person.

use super::error::OperationError;
use super::page::Page;
use crate::database::OpenDatabase;
use huiliu_store::admin::waiting::{self, Waiting};

/// Lists what waits for a person, by kind and source: what hinders work first.
///
/// # Errors
/// [`OperationError::Store`] if the database fails.
pub async fn list(opened: &OpenDatabase) -> Result<Page<Waiting>, OperationError> {
    Ok(Page::from_all(waiting::list_waiting(&opened.db).await?))
}
