//! Requests: whereto they may go, what proves who asks, what an answer is, and what may be said of it.

pub mod answers;
pub mod auth;
pub mod guard;
pub(crate) mod platform;
pub(crate) mod redact;
pub(crate) mod request;
mod sign;
pub(crate) mod web;
