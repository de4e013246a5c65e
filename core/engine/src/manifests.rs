//! Connectors that come and go while the program runs: the manifests in use, and the samples a version must pass.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use huiliu_manifest::Manifest;

/// A manifest in use.
#[derive(Debug, Clone)]
pub struct ActiveManifest {
    /// The manifest.
    pub manifest: Manifest,
    /// Number of its activation.
    pub activation: i64,
}

/// Connector id → the manifest in use, as of one moment.
pub type Active = HashMap<String, ActiveManifest>;

/// The manifests in use: everybody in the process sees the same, and they are exchanged all at once. Whoever works on a
/// batch keeps those of the moment it began.
#[derive(Debug, Clone, Default)]
pub struct Manifests(Arc<RwLock<Arc<Active>>>);

impl Manifests {
    /// Begins with these.
    #[must_use]
    pub fn new(active: Active) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(active))))
    }

    /// Those of this moment.
    #[must_use]
    pub fn now(&self) -> Arc<Active> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts others in their place.
    pub fn replace(&self, active: Active) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(active);
    }
}
