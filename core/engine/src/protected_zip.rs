//! A file in a ZIP archive that only its one-time password opens.

use std::io::{self, Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{AesMode, CompressionMethod, ZipWriter};

/// The characters of a password: 32 that are not taken for one another on paper or by telephone.
const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
/// Groups in a password, and characters in a group: 100 bits. Archives derive their key with 1,000 rounds only.
const GROUPS: (usize, usize) = (5, 4);

/// A protected archive.
pub(crate) struct ProtectedZip {
    /// The archive.
    pub bytes: Vec<u8>,
    /// What opens it. It is stored nowhere.
    pub password: String,
}

/// Encrypts a file with AES-256, as the specification AE-2 of WinZip says, under a new password.
///
/// # Errors
/// [`io::Error`] if the system gives no random bytes.
pub(crate) fn protect(name: &str, content: &[u8]) -> io::Result<ProtectedZip> {
    let password = new_password()?;
    let mut archive = ZipWriter::new(Cursor::new(vec![]));
    let options = SimpleFileOptions::default()
        // A workbook is compressed already.
        .compression_method(CompressionMethod::Stored)
        .with_aes_encryption(AesMode::Aes256, &password);
    archive.start_file(name, options)?;
    archive.write_all(content)?;
    let bytes = archive.finish()?.into_inner();
    Ok(ProtectedZip { bytes, password })
}

fn new_password() -> io::Result<String> {
    let mut random = [0; GROUPS.0 * GROUPS.1];
    getrandom::fill(&mut random).map_err(|why| io::Error::other(why.to_string()))?;
    let letters = random.map(|byte| char::from(LETTERS[usize::from(byte) % LETTERS.len()]));
    let groups: Vec<String> = letters.chunks(GROUPS.1).map(|group| group.iter().collect()).collect();
    Ok(groups.join("-"))
}
