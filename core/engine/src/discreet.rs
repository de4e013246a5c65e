//! Takes ID numbers out of what a place or a platform calls its files and pages, before anything is stored, logged or
//! compared by it.

use std::borrow::Cow;

use huiliu_decode::id_mask::replace_id_numbers;
use huiliu_platform::{Failure, FileListing, Page};
use huiliu_vault::keys::Keys;

/// Returns the listing with names that may be stored. What a file is fetched by stays as it is.
pub(crate) fn mask_listing(keys: &Keys, mut listing: FileListing) -> FileListing {
    for file in &mut listing.files {
        mask(keys, &mut file.name);
        mask(keys, &mut file.address);
    }
    for file in &mut listing.left_out {
        mask(keys, &mut file.name);
    }
    listing
}

/// Returns the page with an address that may be stored.
pub(crate) fn mask_page(keys: &Keys, mut page: Page) -> Page {
    mask(keys, &mut page.address);
    Page {
        records: page.records.map_err(|why| why.map_texts(|text| replace_id_numbers(keys, text).into_owned())),
        ..page
    }
}

/// Returns the failure in words that may be stored.
pub(crate) fn mask_failure(keys: &Keys, failure: Failure) -> Failure {
    match replace_id_numbers(keys, &failure.message().to_stored()) {
        Cow::Borrowed(_) => failure,
        Cow::Owned(_) => failure.map_texts(|text| replace_id_numbers(keys, text).into_owned()),
    }
}

/// Whether a cursor may be stored. One that holds an ID number may not, and would be none any more without it.
pub(crate) fn is_storable(keys: &Keys, cursor: &str) -> bool {
    matches!(replace_id_numbers(keys, cursor), Cow::Borrowed(_))
}

fn mask(keys: &Keys, text: &mut String) {
    if let Cow::Owned(masked) = replace_id_numbers(keys, text) {
        *text = masked;
    }
}
