//! Rule packs and the crosswalk, the ledger's pure entries, the roster's spans and regions. No IO.

pub mod ledger;
pub mod policy;
pub mod roster;
