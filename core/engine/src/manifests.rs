//! The manifests in use. They can change while the program runs.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use huiliu_manifest::Manifest;

/// A manifest in use, with its activation.
#[derive(Debug, Clone)]
pub struct ActiveManifest {
    /// The parsed manifest.
    pub manifest: Manifest,
    /// The number of its activation.
    pub activation: i64,
}

/// Connector id → the manifest in use, at one moment.
pub type Active = HashMap<String, ActiveManifest>;

/// The manifests in use, shared by the whole process and replaced all at once. Work on a batch keeps the manifests it
/// started with.
#[derive(Debug, Clone, Default)]
pub struct Manifests(Arc<RwLock<Arc<Active>>>);

impl Manifests {
    /// Starts with these manifests.
    #[must_use]
    pub fn new(active: Active) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(active))))
    }

    /// Returns the manifests in use now.
    #[must_use]
    pub fn current(&self) -> Arc<Active> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces all manifests.
    pub fn replace(&self, active: Active) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(active);
    }
}
