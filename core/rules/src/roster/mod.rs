//! The roster: teachers and schools as counties keep them, and what follows from it. Pure, no IO.

pub mod exemption;
pub mod regions;
pub mod school;
pub mod timeline;
