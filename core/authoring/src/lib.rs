//! Writing a connector: a guess at its manifest, samples without people, and the gate that it passes before it is used.

pub mod anonymize;
pub mod gate;
pub mod infer;
