//! Opens files that somebody else can write. A file is opened once, without waiting for another process; what it is, how
//! large it is and whose it is are asked of the descriptor, and it is read from that descriptor.

mod entry;
mod folder;
mod given;

pub use entry::{Entry, EntryKind, OpenError};
pub use folder::{Folder, FolderError};
pub use given::{open_given, read_given, read_given_text, read_within};
