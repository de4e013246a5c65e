//! A request of a manifest with its values filled in.

use super::{Endpoint, Failure};
use crate::manifest::Request;

/// Path and query of a request below the base URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Filled {
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
}

/// Fills a request; `here` knows the values of this request alone.
pub(super) fn fill(
    request: &Request,
    endpoint: &Endpoint,
    here: &dyn Fn(&str) -> Option<String>,
) -> Result<Filled, Failure> {
    let value = |name: &str| match name {
        "user" => Some(endpoint.user.clone()),
        "password" => Some(endpoint.password.clone()),
        _ => here(name),
    };
    let unknown =
        |name: String| Failure::fatal("value", format!("${{{name}}} has no value; check the source's settings"));
    let plain = |text: &str| text.to_owned();
    let path = request.path.fill(value, plain).map_err(unknown)?;
    let query = request
        .query
        .iter()
        .map(|(name, template)| Ok((name.clone(), template.fill(value, plain).map_err(unknown)?)))
        .collect::<Result<_, Failure>>()?;
    Ok(Filled { path, query })
}
