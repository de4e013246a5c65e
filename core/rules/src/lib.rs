//! Pure rules, without IO: rule packs and the course crosswalk, the ledger's entries, and the roster's spans and
//! regions.

pub mod ledger;
pub mod policy;
pub mod roster;
