//! The roster: teachers and schools as counties maintain them, and what is derived from it. Pure, no IO.

pub mod exemption;
pub mod regions;
pub mod school;
pub mod timeline;
