//! What offices really send: `connectors infer` on generated samples, and samples without anybody in them.

mod figure;
mod generator;
mod nobody;
mod questions;
