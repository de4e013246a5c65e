//! A law that a connector keeps, or breaks.

/// A law that does not hold, in words.
pub type Broken = String;

/// Passes where a law holds.
///
/// # Errors
/// Its words where it does not.
pub fn law(holds: bool, words: impl Into<String>) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(words.into()) }
}

/// A failure on the way to a law, in words.
pub fn broken(e: impl std::fmt::Display) -> Broken {
    e.to_string()
}
