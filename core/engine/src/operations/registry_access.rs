//! What an act on connectors, sources or cursors works with.

use super::error::OperationError;
use crate::database::OpenDatabase;
use crate::program::Program;
use crate::registry::{self, InUse};
use crate::rule_files;
use crate::settings::Settings;
use huiliu_store::admin::registry::Registered;

/// What is registered stands in the database; what it is added to comes with the program and the settings.
#[derive(Debug, Clone, Copy)]
pub struct RegistryAccess<'a> {
    /// Database and keys.
    pub opened: &'a OpenDatabase,
    /// Rules, sources and folders of manifests.
    pub settings: &'a Settings,
    /// The connectors that come with the program.
    pub program: &'a Program,
}

impl RegistryAccess<'_> {
    /// The manifests that run when this is registered.
    pub(crate) fn in_use(&self, registered: &Registered) -> Result<InUse, OperationError> {
        let policy = rule_files::policy(self.settings)?;
        Ok(registry::in_use(self.settings, self.program, &policy, registered)?)
    }
}
