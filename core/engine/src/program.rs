//! What the program gives the engine: the connectors that ship with it, and how it reads what is more than text.

use std::sync::Arc;

use huiliu_decode::unpacker::{Apart, Unpacker};
use huiliu_platform::shipped::ShippedConnector;

/// What the program gives the engine; cheap to clone.
#[derive(Debug, Clone)]
pub struct Program {
    /// The connectors that come with it.
    pub shipped: &'static [ShippedConnector],
    /// Reads workbooks and archives, in processes of their own.
    pub unpacker: Arc<Unpacker>,
}

impl Program {
    /// A program with these connectors, which unpacks in these processes.
    #[must_use]
    pub fn new(shipped: &'static [ShippedConnector], processes: Box<dyn Apart>) -> Self {
        Self { shipped, unpacker: Arc::new(Unpacker::new(processes)) }
    }
}
