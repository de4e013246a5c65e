//! What the binary supplies to the engine: the built-in connectors, and a way to unpack payloads that are not plain
//! text.

use std::sync::Arc;

use huiliu_decode::unpacker::{UnpackProcess, Unpacker};
use huiliu_platform::shipped::ShippedConnector;

/// What the binary supplies to the engine. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Program {
    /// The built-in connectors.
    pub shipped: &'static [ShippedConnector],
    /// Reads workbooks and archives in separate processes.
    pub unpacker: Arc<Unpacker>,
}

impl Program {
    /// Creates a program with these connectors, which unpacks in these processes.
    #[must_use]
    pub fn new(shipped: &'static [ShippedConnector], processes: Box<dyn UnpackProcess>) -> Self {
        Self { shipped, unpacker: Arc::new(Unpacker::new(processes)) }
    }
}
