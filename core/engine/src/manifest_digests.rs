//! The digests by which activations tell manifests apart: of the parsed content, so that comments, form and the rules do not
//! count.

use std::collections::BTreeMap;

use crate::registry::{FoundManifest, Origin};
use crate::settings::Settings;
use huiliu_manifest::Manifest;
use huiliu_manifest::content::canonical_content;
use huiliu_store::admin::registry::{self, RestatedDigest, Version};
use huiliu_store::{Db, StoreError};
use huiliu_vault::keys::Keys;

/// Returns the digest of a manifest's parsed content.
pub(crate) fn digest_manifest(keys: &Keys, found: &FoundManifest) -> [u8; 32] {
    keys.digest(&[b"manifest", canonical_content(&found.text).as_bytes()])
}

/// Lets manifests keep their activation numbers that an earlier release activated: it digested their text together with
/// that of the rules.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn restate_manifest_digests(
    db: &Db,
    keys: &Keys,
    settings: &Settings,
    base: &BTreeMap<String, FoundManifest>,
) -> Result<(), StoreError> {
    let registered = registry::read_registry(db).await?;
    let read = |version: &Version| {
        let manifest = Manifest::parse(&version.connector, &version.manifest).ok()?;
        let (text, origin) = (version.manifest.clone(), Origin::Registered);
        Some((version.connector.clone(), FoundManifest { manifest, text, origin }))
    };
    let mut found = base.clone();
    found.extend(registered.in_use.iter().filter_map(read));
    let rules = settings.rules_text();
    let digests: Vec<([u8; 32], [u8; 32])> = found
        .values()
        .map(|found| {
            let former = keys.digest(&[b"activation", found.text.as_bytes(), rules.as_bytes()]);
            (former, digest_manifest(keys, found))
        })
        .collect();
    let restated: Vec<RestatedDigest<'_>> = found
        .keys()
        .zip(&digests)
        .map(|(connector, (former, now))| RestatedDigest { connector, former, now })
        .collect();
    registry::restate_digests(db, &restated).await
}
