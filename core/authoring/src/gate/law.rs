//! Laws that a connector must keep.

/// Describes the law that was broken.
pub type Broken = String;

/// Checks a law.
///
/// # Errors
/// `words`, if the law does not hold.
pub fn check_law(holds: bool, words: impl Into<String>) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(words.into()) }
}

/// Describes a failure that prevents a law from being checked.
pub fn to_broken(e: impl std::fmt::Display) -> Broken {
    e.to_string()
}
