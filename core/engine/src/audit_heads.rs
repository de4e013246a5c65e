//! Keeps the end of the audit log outside the database: in a file that only grows, in the log of the process, and at a URL.
//! The chain of the log shows what was changed in it; only this shows that its end was cut off, or all of it.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;

use crate::log_event::LogEvent;
use crate::settings::Settings;
use huiliu_platform::http::guard::Networks;
use huiliu_store::sql::attached::{AuditHead, HeadKeeper};
use huiliu_values::calendar::format_instant;
use huiliu_values::date::parse_instant;
use huiliu_vault::keys::{Keys, hex_encode};

/// How long a post may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the end of a process waits for a post, so that what became of it is told.
const LAST_WAIT: Duration = Duration::from_secs(7);
/// Maximum length of a line, in bytes; the lines of this program have some 150.
const MAX_LINE: u64 = 4_096;

/// A line of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct HeadLine {
    /// When the entry was made, RFC 3339.
    at: String,
    /// Its number.
    number: i64,
    /// Its hash, in hexadecimal digits.
    hash: String,
    /// Set if the database was replaced by a backup that ends here: proves that this program wrote the line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    restored: Option<String>,
}

impl HeadLine {
    fn new(head: &AuditHead) -> Self {
        Self { at: format_instant(head.at), number: head.entry, hash: hex_encode(&head.hash), restored: None }
    }

    fn to_head(&self) -> Option<AuditHead> {
        let pairs = self.hash.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok());
        let hash = pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect::<Option<Vec<u8>>>()?;
        Some(AuditHead { at: parse_instant(&self.at).ok()?, entry: self.number, hash })
    }

    /// Returns what proves a restored line.
    fn prove_restored(&self, keys: &Keys) -> String {
        let number = self.number.to_be_bytes();
        hex_encode(&keys.digest(&[b"audit restored", self.at.as_bytes(), &number, self.hash.as_bytes()]))
    }
}

/// Keeps the heads of one process.
#[derive(Debug)]
pub(crate) struct HeadFile {
    path: PathBuf,
    url: String,
    networks: Networks,
    posts: Mutex<Vec<JoinHandle<()>>>,
}

impl HeadFile {
    pub(crate) fn new(settings: &Settings) -> Self {
        let (path, url) = (settings.audit_heads.clone(), settings.audit_head_url.clone());
        Self { path, url, networks: settings.networks.clone(), posts: Mutex::default() }
    }

    /// Posts the head without waiting. If it is not taken, the next head is posted, which binds this one.
    fn post(&self, line: String) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (url, networks) = (self.url.clone(), self.networks.clone());
        let post = runtime.spawn(async move {
            if let Err(failure) = huiliu_platform::post_note(&url, line, PATIENCE, &networks).await {
                tracing::warn!("{}", LogEvent::AuditHeadNotPosted { why: failure.message() });
            }
        });
        let mut posts = self.posts.lock().unwrap_or_else(PoisonError::into_inner);
        posts.retain(|post| !post.is_finished());
        posts.push(post);
    }
}

impl HeadKeeper for HeadFile {
    fn keep(&self, head: &AuditHead) {
        let line = HeadLine::new(head);
        tracing::info!(entry = line.number, hash = line.hash, "{}", LogEvent::AuditHead);
        if let Err(why) = append_line(&self.path, &line) {
            let file = self.path.display().to_string();
            tracing::warn!("{}", LogEvent::AuditHeadNotKept { file, why: why.into() });
        }
        if !self.url.is_empty() {
            self.post(serde_json::to_string(&line).unwrap_or_default());
        }
    }

    fn finish(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async {
            let posts = std::mem::take(&mut *self.posts.lock().unwrap_or_else(PoisonError::into_inner));
            for post in posts {
                let _ = tokio::time::timeout(LAST_WAIT, post).await;
            }
        })
    }
}

/// Appends a line and syncs it. Lines of several processes do not mix, because each is written at once.
fn append_line(path: &Path, line: &HeadLine) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = File::options().create(true).read(true).append(true).mode(0o600).open(path)?;
    let mut text = serde_json::to_string(line)?;
    text.push('\n');
    // What a power cut left of a line stays a line of its own.
    let size = file.seek(SeekFrom::End(0))?;
    if size > 0 {
        let mut last = [0];
        file.seek(SeekFrom::Start(size - 1))?;
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            text.insert(0, '\n');
        }
    }
    file.write_all(text.as_bytes())?;
    file.sync_data()
}

/// Appends that the database was replaced by a backup whose log ends with this head. Heads of the replaced log are not
/// expected any more.
pub(crate) fn append_restored(settings: &Settings, keys: &Keys, head: &AuditHead) -> io::Result<()> {
    let line = HeadLine::new(head);
    let restored = Some(line.prove_restored(keys));
    append_line(&settings.audit_heads, &HeadLine { restored, ..line })
}

/// What the file says.
#[derive(Debug, Default)]
pub(crate) struct KeptHeads {
    /// Whether there is a file.
    pub is_there: bool,
    /// The number of heads in it.
    pub lines: usize,
    /// The heads that the log must have.
    pub heads: Vec<AuditHead>,
    /// How often the database was replaced by a backup.
    pub restores: usize,
    /// The first line that is none, from 1.
    pub unreadable_line: Option<usize>,
}

/// Reads the file.
///
/// # Errors
/// The error of the system, unless there is no file.
pub(crate) fn read_heads(settings: &Settings, keys: &Keys) -> io::Result<KeptHeads> {
    let file = match huiliu_files::open_given(&settings.audit_heads) {
        Ok((file, _)) => file,
        Err(huiliu_files::OpenError::System(e)) if e.kind() == io::ErrorKind::NotFound => {
            return Ok(KeptHeads::default());
        }
        Err(e) => return Err(e.into()),
    };
    let mut kept = KeptHeads { is_there: true, ..KeptHeads::default() };
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        if reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let read: Option<HeadLine> = serde_json::from_slice(&line).ok();
        let Some((read, head)) = read.and_then(|read| read.to_head().map(|head| (read, head))) else {
            kept.unreadable_line.get_or_insert(number);
            continue;
        };
        kept.lines += 1;
        match &read.restored {
            None => {}
            Some(proof) if *proof == read.prove_restored(keys) => {
                kept.restores += 1;
                // The log of the backup ends before this one.
                kept.heads.retain(|before| before.entry < head.entry);
            }
            Some(_) => {
                kept.unreadable_line.get_or_insert(number);
                continue;
            }
        }
        if kept.heads.last() != Some(&head) {
            kept.heads.push(head);
        }
    }
    Ok(kept)
}
