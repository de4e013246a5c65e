//! The physical limit that loads are measured against: `psql` COPY of the same normalised rows into an unlogged staging
//! table and one merge into a logged table (the newest version wins; unique key record_key, source_id, stream; secondary
//! index claim_id).

use std::path::Path;
use std::process::Command;

use crate::machine::{Cost, measure_command, psql_command, run_psql};
use crate::test_env::{Postgres, TestEnv};

const COLUMNS: &str = "institution_id, source_id, stream, record_key, claim_id, offering_id, source_version, activation, row_index, \
    content_digest, school_code, period_start, period_end, raw_hours, hours_units, attendance, certificate_number, pass_state, grade, \
    total_numerator, total_denominator, score_learning, score_activity, score_artefact, manifest_version, batch_id, address";

/// Makes the tables of the peer.
pub fn make_peer_tables(postgres: &Postgres) {
    run_psql(
        postgres,
        &[
            "-c",
            "CREATE UNLOGGED TABLE staging (LIKE training_record)",
            "-c",
            "ALTER TABLE staging ALTER id DROP NOT NULL, ALTER flagged DROP NOT NULL",
            "-c",
            "CREATE TABLE peer (LIKE training_record INCLUDING DEFAULTS INCLUDING IDENTITY)",
            "-c",
            "ALTER TABLE peer ADD PRIMARY KEY (id), ADD UNIQUE (record_key, source_id, stream)",
            "-c",
            "CREATE INDEX peer_claim ON peer (claim_id)",
        ],
    );
}

/// Writes the rows that the peer copies: the stored ones, and an older version of as many as were superseded, in no
/// order.
pub fn write_peer_rows(house: &TestEnv, file: &Path, stale: i64, changed: bool) {
    let postgres = house.postgres.as_ref().unwrap();
    let (version, hours) = if changed {
        (
            "CASE WHEN id % 20 = 0 THEN source_version + 1 ELSE source_version END",
            "CASE WHEN id % 20 = 0 THEN hours_units + 2400 ELSE hours_units END",
        )
    } else {
        ("source_version", "hours_units")
    };
    let newer = COLUMNS.replace("source_version", version).replace("hours_units", hours);
    let older = COLUMNS.replace("source_version", "source_version - 1");
    let sql = format!(
        "\\copy (SELECT {newer} FROM training_record UNION ALL (SELECT {older} FROM training_record ORDER BY id LIMIT {stale})) TO '{}'",
        file.display()
    );
    let sql =
        sql.replace("CASE WHEN id % 20 = 0 THEN source_version + 1 ELSE source_version END - 1", "source_version - 1");
    run_psql(postgres, &["-c", &sql]);
    let shuffled = Command::new("shuf").arg(file).arg("-o").arg(file).status().unwrap();
    assert!(shuffled.success());
}

pub fn measure_peer(postgres: &Postgres, file: &Path) -> Cost {
    let set: Vec<String> = COLUMNS
        .split(',')
        .map(str::trim)
        .filter(|c| !["source_id", "stream", "record_key"].contains(c))
        .map(|c| format!("{c} = excluded.{c}"))
        .collect();
    let copy = format!("\\copy staging ({COLUMNS}) FROM '{}'", file.display());
    let merge = format!(
        "INSERT INTO peer ({COLUMNS}) SELECT DISTINCT ON (record_key, source_id, stream) {COLUMNS} FROM staging
         ORDER BY record_key, source_id, stream, source_version DESC, activation DESC, content_digest DESC
         ON CONFLICT (record_key, source_id, stream) DO UPDATE SET {}
         WHERE (excluded.source_version, excluded.activation, excluded.content_digest) > (peer.source_version, peer.activation, peer.content_digest)",
        set.join(", ")
    );
    run_psql(postgres, &["-c", "TRUNCATE staging"]);
    measure_command(postgres, psql_command(postgres, &["-c", &copy, "-c", &merge]))
}
