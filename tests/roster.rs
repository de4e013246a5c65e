//! Rosters through the front door: counties' tables, OneRoster archives, what waits and what comes of it.

pub mod county;
mod office;
mod oneroster;
mod people;
mod planned;
mod waiting;
