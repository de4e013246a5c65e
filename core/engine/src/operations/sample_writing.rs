//! Writes a page as a sample without real people in it, and verifies what was written.

use std::path::{Path, PathBuf};

use super::authoring::write_file;
use super::authoring_error::AuthoringError;
use huiliu_authoring::anonymize::{self, Anonymizer, Counts};
use huiliu_decode::unpacker::Unpacker;
use huiliu_decode::{Body, Context};

/// A page, and where its sample goes.
pub(super) struct PageToWrite<'a> {
    pub cx: Context<'a>,
    pub unpacker: &'a Unpacker,
    /// The page as received.
    pub bytes: &'a [u8],
    /// The name of the sample file, in which people are replaced too.
    pub file_name: &'a str,
    /// The folder of the sample.
    pub folder: &'a Path,
}

/// A sample that was written.
pub(super) struct WrittenSample {
    pub path: PathBuf,
    pub counts: Counts,
    /// Whether it is .xlsx because the workbook's own format cannot be written.
    pub rewritten: bool,
}

/// Writes the anonymized page under a hidden name, verifies it by reading it again, and only then renames it.
pub(super) async fn write_sample(page: PageToWrite<'_>) -> Result<WrittenSample, AuthoringError> {
    let PageToWrite { cx, unpacker, bytes, file_name, folder } = page;
    let address = || cx.address.to_owned();
    let refused = |fault| AuthoringError::Anonymizer { address: address(), fault };
    let before = unpacker.prepare_body(cx.stream, bytes).await;
    let before = before.map_err(|fault| AuthoringError::SampleUnreadable { address: address(), fault })?;
    let seed = anonymize::random_seed().map_err(AuthoringError::Seed)?;
    let anonymizer = Anonymizer::new(cx, &before, &seed).map_err(refused)?;
    let rewritten = anonymize::needs_rewriting(cx.stream, bytes);
    let new = if rewritten { Some(anonymize::write_as_xlsx(&before).map_err(refused)?) } else { None };
    let made = anonymizer.anonymize_page(cx.stream, new.as_deref().unwrap_or(bytes)).map_err(refused)?;
    let name = anonymizer.anonymize_file_name(file_name);
    let path = if rewritten { folder.join(Path::new(&name).with_extension("xlsx")) } else { folder.join(&name) };
    if path.exists() {
        return Err(AuthoringError::SampleThere { file: path });
    }
    let draft = path.with_file_name(format!(".{}.part", path.file_name().unwrap_or_default().to_string_lossy()));
    write_file(&draft, &made)?;
    let verified = verify_draft(cx, unpacker, Draft { anonymizer: &anonymizer, before: &before, file: &draft }).await;
    if let Err(error) = verified.and_then(|()| std::fs::rename(&draft, &path).map_err(AuthoringError::Lost)) {
        // The draft may still contain real people, so do not leave it behind.
        let _ = std::fs::remove_file(&draft);
        return Err(error);
    }
    Ok(WrittenSample { path, counts: anonymizer.counts(), rewritten })
}

/// An anonymized page that is not verified yet.
struct Draft<'a> {
    anonymizer: &'a Anonymizer<'a>,
    /// The page as received.
    before: &'a Body<'a>,
    /// The file of the anonymized page.
    file: &'a Path,
}

/// Verifies that the file contains nobody real any more, and decodes to the same meaning as the original page.
async fn verify_draft(cx: Context<'_>, unpacker: &Unpacker, draft: Draft<'_>) -> Result<(), AuthoringError> {
    let address = || cx.address.to_owned();
    let seen = std::fs::read(draft.file).map_err(AuthoringError::Lost)?;
    let after = unpacker.prepare_body(cx.stream, &seen).await;
    let after = after.map_err(|fault| AuthoringError::SampleUnreadable { address: address(), fault })?;
    let verified = draft.anonymizer.verify(cx, draft.before, &after, &seen);
    verified.map_err(|fault| AuthoringError::Anonymizer { address: address(), fault })
}
