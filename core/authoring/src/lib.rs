//! Tools for writing a connector: guess its manifest, anonymize samples, and pass the gate before it is used.

pub mod anonymize;
pub mod gate;
pub mod infer;
