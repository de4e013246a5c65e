//! The files of sources: what was seen, and what became of it.

use super::error::OperationError;
use super::filters;
use super::page::{Page, Span};
use super::registry_access::RegistryAccess;
use huiliu_store::intake::files::{self, FileFilter, FileRow};

/// Lists files by number.
///
/// # Errors
/// [`OperationError::Filter`] if the filter names something that does not exist.
pub async fn list(access: RegistryAccess<'_>, of: &FileFilter, span: Span) -> Result<Page<FileRow>, OperationError> {
    filters::check_source_and_stream(access, of.source.as_deref(), of.stream.as_deref()).await?;
    let db = &access.opened.db;
    let rows = files::list_files(db, of, span.after, span.limit_plus_one()).await?;
    let page = Page::from_rows(rows, span.limit, |row| row.file.to_string());
    Ok(page.counted(files::count_files(db, of)).await?)
}
