//! HTTP requests: where they may go, how they are authorised, how answers are judged, and what messages may reveal.

pub mod answers;
pub mod auth;
pub mod guard;
pub(crate) mod platform;
pub(crate) mod redact;
pub(crate) mod request;
pub(crate) mod sign;
pub(crate) mod web;
pub(crate) mod words;
