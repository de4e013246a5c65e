//! Rosters, tested with the real program: counties' tables, OneRoster archives, and rows that wait.

pub mod county;
mod office;
mod oneroster;
mod people;
mod planned;
mod waiting;
