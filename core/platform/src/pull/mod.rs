//! A listing over HTTP, page by page: partitions, steps of time, exports, and the cursor that holds the place.

pub(crate) mod cursor;
mod export;
mod fan_out;
pub(crate) mod listing;
mod paging;
mod since;
