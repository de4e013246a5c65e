//! Room on the disks that the embedded files are on. When it becomes short, nothing lands and nothing is delivered until
//! there is room again. Each is said once.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use huiliu_messages::{Message, said_in_english};
use serde::Serialize;
use tokio::sync::watch;

use crate::ingest::wait_for_stop;
use crate::log_event::LogEvent;
use crate::settings::Settings;
use huiliu_platform::{Cause, Failure};
use huiliu_store::StoreError;

/// How long nothing is tried after the database has found its disk full.
const PAUSE_WHEN_FULL: Duration = Duration::from_secs(2);
/// How often somebody who waits for room looks.
const LOOK_EVERY: Duration = Duration::from_millis(500);
const MIB: u64 = 1 << 20;

/// Why there is no room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum NoRoom {
    /// A disk has less free space than the settings want, in MiB.
    #[serde(rename = "disk.short")]
    Short { folder: String, free: u64, least: u64 },
    /// The database found its disk full a moment ago.
    #[serde(rename = "disk.full")]
    Full,
}

said_in_english!(NoRoom);

/// Watches the room on disk for a process.
#[derive(Debug)]
pub struct DiskRoom {
    folders: Vec<PathBuf>,
    /// In MiB.
    least: u64,
    state: Mutex<RoomState>,
}

#[derive(Debug, Default)]
struct RoomState {
    /// Whether the log says last that there is no room.
    is_told: bool,
    /// When the database found its disk full, unless it could write since.
    full_at: Option<Instant>,
}

impl DiskRoom {
    /// Makes the watch over the folders of the embedded database and queue. The disk of a server is its own: only an error
    /// of the server says that it is full.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let folder = |url: &String| {
            let file = Path::new(url.strip_prefix("sqlite:")?);
            Some(file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned())
        };
        let mut folders: Vec<PathBuf> = [&settings.database, &settings.queue].into_iter().filter_map(folder).collect();
        folders.dedup();
        Self { folders, least: settings.min_free_mib, state: Mutex::default() }
    }

    /// Checks that there is room.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn check(&self) -> Result<(), NoRoom> {
        let mut state = self.lock_state();
        if state.full_at.is_some_and(|at| at.elapsed() < PAUSE_WHEN_FULL) {
            return Err(NoRoom::Full);
        }
        if let Some(short) = self.find_short() {
            state.tell_no_room(&short);
            return Err(short);
        }
        if state.full_at.is_none() {
            state.tell_room();
        }
        Ok(())
    }

    /// Looks at an error of the database: its disk may be full.
    pub fn note_error(&self, fault: &StoreError) {
        if fault.is_disk_full() {
            self.note_full();
        }
    }

    /// Notes that the database found its disk full.
    pub fn note_full(&self) {
        let mut state = self.lock_state();
        state.full_at = Some(Instant::now());
        state.tell_no_room(&NoRoom::Full);
    }

    /// Notes that something of some size was written to the database.
    pub fn note_written(&self) {
        let mut state = self.lock_state();
        if state.full_at.take().is_some() {
            state.tell_room();
        }
    }

    /// Waits until there is room.
    ///
    /// # Errors
    /// [`Cause::Stopped`] when `stop` becomes true first.
    pub(crate) async fn wait_for_room(&self, stop: &watch::Receiver<bool>) -> Result<(), Failure> {
        while self.check().is_err() {
            if tokio::time::timeout(LOOK_EVERY, wait_for_stop(stop)).await.is_ok() {
                return Err(Failure::fatal(Cause::Stopped));
            }
        }
        Ok(())
    }

    /// Returns the first folder with less room than the settings want. One that cannot be looked at has room: writing to
    /// it says why it does not work.
    fn find_short(&self) -> Option<NoRoom> {
        self.folders.iter().find_map(|folder| {
            let disk = rustix::fs::statvfs(folder).ok()?;
            let free = disk.f_bavail.saturating_mul(disk.f_frsize) / MIB;
            let folder = folder.display().to_string();
            (free < self.least).then_some(NoRoom::Short { folder, free, least: self.least })
        })
    }

    fn lock_state(&self) -> std::sync::MutexGuard<'_, RoomState> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl RoomState {
    fn tell_no_room(&mut self, why: &NoRoom) {
        if !std::mem::replace(&mut self.is_told, true) {
            tracing::warn!("{}", LogEvent::NoRoom { why: Message::new(why) });
        }
    }

    fn tell_room(&mut self) {
        if std::mem::take(&mut self.is_told) {
            tracing::warn!("{}", LogEvent::RoomAgain);
        }
    }
}
