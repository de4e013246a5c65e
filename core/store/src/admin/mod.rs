//! Administration: registry, sources, sealing keys, audit log, and reports.

pub mod audit;
pub mod books;
pub mod causes;
pub mod counts;
pub mod filter;
pub mod letters;
pub mod metrics;
pub mod notifications;
pub mod registry;
pub mod reports;
pub mod samples;
pub mod sealing;
pub mod sources;
pub mod waiting;
