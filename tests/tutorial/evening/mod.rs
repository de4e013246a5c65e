//! 教师夜校: completions in blocks, behind an index that no manifest can describe.

use std::sync::Arc;

use async_trait::async_trait;
use huiliu_manifest::{Manifest, Stream};
use huiliu_platform::{Cause, Client, Connector, Days, Endpoint, Failure, Page, read_cursor, write_cursor};
use serde::{Deserialize, Serialize};

/// Makes the connector; its line in the registry names this function.
pub fn make(manifest: Manifest, endpoint: Endpoint) -> Result<Arc<dyn Connector>, Failure> {
    Ok(Arc::new(Evening { client: Client::new(&manifest, &endpoint)?, manifest, endpoint }))
}

/// The evening school, for one source.
struct Evening {
    manifest: Manifest,
    endpoint: Endpoint,
    client: Client,
}

/// Where a pass stands.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cursor {
    /// The first block that is still to be read.
    from: Option<String>,
}

/// What the platform says when it is opened.
#[derive(Debug, PartialEq)]
struct Index {
    /// Good for one block.
    session: String,
    /// Every block allotted so far, in order.
    blocks: Vec<String>,
}

/// Length-prefixed texts with a comma behind each: `4:0001,`.
fn texts(mut rest: &str) -> Option<Vec<String>> {
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (length, tail) = rest.split_once(':')?;
        let (text, tail) = tail.split_at_checked(length.parse().ok()?)?;
        found.push(text.to_owned());
        rest = tail.strip_prefix(',')?;
    }
    Some(found)
}

/// Session, number of blocks, blocks. An index that is cut between two blocks has too few of them.
fn index(bytes: &[u8]) -> Option<Index> {
    let mut texts = texts(std::str::from_utf8(bytes).ok()?)?.into_iter();
    let (session, number) = (texts.next()?, texts.next()?);
    let blocks: Vec<String> = texts.collect();
    (number.parse() == Ok(blocks.len())).then_some(Index { session, blocks })
}

/// What the platform wants to see with a session: the sum of all bytes, modulo 97.
fn check_number(session: &str, block: &str) -> String {
    let sum: u32 = session.bytes().chain(block.bytes()).map(u32::from).sum();
    format!("{:02}", sum % 97)
}

impl Evening {
    /// Opens the platform; each session is good for one block.
    async fn open(&self) -> Result<Index, Failure> {
        let form = [("user", self.endpoint.user.as_str()), ("password", self.endpoint.password.as_str())];
        let bytes = self.client.post("/open", &form).await?;
        index(&bytes).ok_or_else(|| {
            let text = "the index is cut, or is none; it is asked for again".to_owned();
            Failure::retryable(Cause::Other { text }).with_place("/open")
        })
    }
}

#[async_trait]
impl Connector for Evening {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn pull(&self, stream: &Stream, cursor: Option<&str>) -> Result<Option<Page>, Failure> {
        let Cursor { from } = read_cursor(cursor)?;
        let Index { session, blocks } = self.open().await?;
        let mut due = blocks.into_iter().filter(|block| from.as_ref().is_none_or(|from| block >= from));
        let Some(block) = due.next() else { return Ok(None) };
        let check = check_number(&session, &block);
        let query = [("session", session.as_str()), ("block", &block), ("check", &check)];
        let bytes = self.client.get("/block", &query).await?;
        let page = self.client.make_page(stream, format!("block {block}"), bytes).await?;
        // Blocks are allotted in advance: what comes after an empty one is empty too.
        let next = due.next().filter(|_| page.records != Ok(0));
        let last = next.is_none();
        // The last block still grows: the next pass begins with it.
        let cursor = write_cursor(&Cursor { from: next.or(Some(block)) });
        Ok(Some(Page { cursor, last, ..page }))
    }

    fn cursor_for_days(&self, _: &Stream, _: Days) -> Option<String> {
        // The platform cannot be asked for what has changed since a day.
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_index_is_one() {
        let whole = "8:7f3a01c2,1:2,4:0001,4:0002,";
        let blocks = vec!["0001".to_owned(), "0002".to_owned()];
        assert_eq!(index(whole.as_bytes()), Some(Index { session: "7f3a01c2".to_owned(), blocks }));
        for cut in 0..whole.len() {
            assert_eq!(index(&whole.as_bytes()[..cut]), None, "{cut}");
        }
        assert_eq!(check_number("7f3a01c2", "0001"), "65");
    }
}
