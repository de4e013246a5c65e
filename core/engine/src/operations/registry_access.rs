//! What an operation on connectors, sources or cursors works with.

use super::error::OperationError;
use crate::active_rules;
use crate::database::OpenDatabase;
use crate::program::Program;
use crate::registry::{self, InUse};
use crate::rule_files;
use crate::settings::Settings;
use huiliu_store::admin::registry::Registered;

/// Access to everything that determines which connectors and sources exist: the database's registry, the settings and
/// the program.
#[derive(Debug, Clone, Copy)]
pub struct RegistryAccess<'a> {
    /// Database and keys.
    pub opened: &'a OpenDatabase,
    /// The settings, with rules, sources and the manifests folder.
    pub settings: &'a Settings,
    /// The program, with its built-in connectors.
    pub program: &'a Program,
}

impl RegistryAccess<'_> {
    /// Returns the manifests that run with this state of the registry.
    pub(crate) async fn resolve_in_use(&self, registered: &Registered) -> Result<InUse, OperationError> {
        let settings = active_rules::apply_active(self.settings, &self.opened.db).await?;
        let policy = rule_files::load_policy(&settings)?;
        Ok(registry::resolve_in_use(&settings, self.program, &policy, registered)?)
    }
}
