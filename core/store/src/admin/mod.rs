//! Registry, sources, sealing keys, the audit log, and what operations look at.

pub mod audit;
pub mod filter;
pub mod metrics;
pub mod registry;
pub mod reports;
pub mod samples;
pub mod sealing;
pub mod sources;
