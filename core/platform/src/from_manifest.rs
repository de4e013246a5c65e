//! Builds connectors that need no code of their own.

use std::sync::Arc;

use crate::connector::Connector;
use crate::endpoint::Endpoint;
use crate::failure::{Cause, Failure};
use crate::files::{bucket, download, folder};
use crate::pull::listing;
use huiliu_manifest::{Manifest, Transport};

/// Builds the connector that a manifest describes.
///
/// # Errors
/// [`Failure`] if the HTTP client cannot be created, the base URL is invalid, or payloads are pushed to the
/// connector.
pub fn from_manifest(manifest: Manifest, endpoint: Endpoint) -> Result<Arc<dyn Connector>, Failure> {
    match &manifest.transport {
        Transport::Http { .. } => Ok(Arc::new(listing::HttpConnector::new(manifest, endpoint)?)),
        Transport::Files { download: Some(_), .. } if endpoint.is_remote() => {
            Ok(Arc::new(download::DownloadConnector::new(manifest, endpoint)?))
        }
        Transport::Files { bucket: Some(_), .. } if endpoint.is_remote() => {
            Ok(Arc::new(bucket::BucketConnector::new(manifest, endpoint)?))
        }
        Transport::Push {} => Err(Failure::fatal(Cause::NotRead { connector: manifest.id })),
        Transport::Files { .. } => Ok(Arc::new(folder::FileConnector::new(manifest, endpoint))),
    }
}
