//! Reads a listing over HTTP page by page: partitions, time steps, exports, and the cursor that records the position.

pub(crate) mod cursor;
mod export;
mod fan_out;
mod link_header;
pub(crate) mod listing;
mod page_history;
mod paging;
mod since;
mod unpaged;
