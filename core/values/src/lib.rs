//! Types that cannot hold invalid values: class hours, scores, ID numbers, names, dates, area codes.
//!
//! Everything here is a pure function of its input, without IO, floating point or panics on any input; only
//! [`calendar::today_in_shanghai`] reads the clock. Each value is built by a `parse`-like function that returns either
//! the value or an error. An error has a stable `code()` (the last part of the code that users and reports see) and a
//! message that says what is expected. No message repeats the input, so none can leak an ID number.

mod basis;
mod before_after;
pub mod calendar;
pub mod date;
pub mod exact_hours;
pub mod examples;
mod gains;
pub mod hours;
pub mod id_number;
pub mod id_search;
pub mod id_slips;
pub mod name;
pub mod name_cell;
pub mod placeholder;
pub mod region;
pub mod score;
pub mod states;

mod clock;
mod date_forms;
mod grading;
mod id_arithmetic;
mod region_table;
pub mod text;

pub use basis::Basis;
pub use before_after::BeforeAfter;
pub use date::DateError;
pub use exact_hours::ExactHours;
pub use gains::Gains;
pub use hours::{Hours, HoursError};
pub use id_arithmetic::check_character;
pub use id_number::{IdNumber, IdNumberError, Sex};
pub use name::{NameError, PersonName};
pub use score::{Bands, Grade, Score, ScoreError, Weights};
pub use states::{
    ActivationKind, ApprovalReason, BatchState, ClaimState, DeadLetterState, DeliveryState, EntryOutcome, FileState,
    KeptBecause, MissingState, NotificationEvent, NotificationKind, PassState, PreviewOutcome, RecordOutcome,
    ReplayReads, ReplayState, Responsible, RosterKind, RunState, SheetRowOutcome, Stage, UnreadState, WaitingKind,
};
