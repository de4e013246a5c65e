//! Huiliu's core: values, the manifest language, the stages a record goes through, the store and the ledger.
//!
//! `core` knows no connector, no command line and no web page. A record's way is
//! [`ingest`] → [`deliver`] → [`settle`], with [`sweep`] behind them for whatever was lost.

pub mod values;

pub mod keyring;
pub mod keys;
pub mod payload;
pub mod policy;

pub mod connector;
pub mod manifest;
pub mod recount;
pub mod registry;

pub mod disguise;
pub mod infer;

pub mod matching;

pub mod ledger;
pub mod roster;
pub mod stages;
pub mod unpacker;

pub mod queue;
pub mod store;

pub mod deliver;
pub mod evidence;
pub mod expect;
pub mod ingest;
pub mod plan;
pub mod replay;
pub mod resume;
pub mod schedule;
pub mod settle;
pub mod sweep;

pub mod faults;
pub mod testkit;
