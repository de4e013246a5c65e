-- Which records each batch of a stream that is whole each time showed: 16 bytes of the record key each, sorted. Kept until a
-- newer whole of the stream has been judged. `whole` is the date in a file's name, as 20261031: all files with the newest one
-- are the whole. It is 0 for pages, where the batches of a run are the whole, and for files without a date.
CREATE TABLE seen_key (
  batch_id {int} NOT NULL,
  whole {int} NOT NULL,
  source_id {int} NOT NULL,
  stream TEXT NOT NULL,
  keys {bytes} NOT NULL,
  PRIMARY KEY (batch_id, whole)
){strict};
CREATE INDEX seen_key_stream ON seen_key (source_id, stream, whole);

-- The newest whole of each stream that the stored records were compared with. Whoever compares locks the row.
CREATE TABLE judged_whole (
  source_id {int} NOT NULL,
  stream TEXT NOT NULL,
  whole {int} NOT NULL,
  run_id {int} NOT NULL,
  PRIMARY KEY (source_id, stream)
){strict};

-- Records that are not in the newest whole of their stream. `run_id` is the run that noticed it. A record is missing as long as
-- its stored version is older than `whole`, or, where that is 0, landed before batch `batch_id`, the first of the whole.
CREATE TABLE missing_record (
  record_id {int} PRIMARY KEY,
  source_id {int} NOT NULL,
  stream TEXT NOT NULL,
  run_id {int} NOT NULL,
  whole {int} NOT NULL,
  batch_id {int} NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'withdrawn', 'kept')),
  noticed_at {int} NOT NULL,
  decided_at {int},
  decided_by TEXT,
  because TEXT
){strict};
CREATE INDEX missing_record_stream ON missing_record (source_id, stream);

-- `status` says what the source has said of the record since: `withdrawn` also if it was withdrawn because it is missing,
-- `missing` while somebody is asked about that, `disputed` if a newer version was parked or left out; else nothing.
DROP VIEW training_record_readable;
CREATE VIEW training_record_readable AS
SELECT r.id, i.code AS institution, s.name AS source, r.stream, r.kind, c.teacher_id, c.name, r.school_code, r.project_code,
       r.course_code, r.course_title, r.canonical_course, r.role, r.mode, r.delivery_code, r.required, r.place,
{pg}       r.period_start::date AS period_start, r.period_end::date AS period_end, r.raw_hours, r.hours_unit,
{pg}       r.hours_units::numeric / 108000 AS class_hours, r.pass_state, a.grade, r.certificate_number,
{lite}       r.period_start AS period_start, r.period_end AS period_end, r.raw_hours, r.hours_unit,
{lite}       r.hours_units / 108000.0 AS class_hours, r.pass_state, a.grade, r.certificate_number,
       r.source_version, r.activation, r.batch_id, r.address,
       CASE
         WHEN EXISTS (SELECT 1 FROM record_notice n WHERE n.kind = 'withdrawn' AND n.record_key = r.record_key
             AND n.source_id = r.source_id AND n.stream = r.stream AND (n.source_version, n.batch_id, n.row_index)
             > (r.source_version, coalesce(r.confirmed_batch, r.batch_id), coalesce(r.confirmed_row, r.row_index)))
           OR m.state = 'withdrawn' THEN 'withdrawn'
         WHEN m.state = 'open' THEN 'missing'
         WHEN EXISTS (SELECT 1 FROM record_notice n WHERE n.kind = 'skipped' AND n.record_key = r.record_key
             AND n.source_id = r.source_id AND n.stream = r.stream AND n.source_version >= r.source_version
             AND (n.batch_id, n.row_index) > (coalesce(r.confirmed_batch, r.batch_id), coalesce(r.confirmed_row, r.row_index)))
           OR EXISTS (SELECT 1 FROM dead_letter d JOIN dead_letter_sighting g ON g.dead_letter_id = d.id
             WHERE d.dead_letter_key = r.record_key AND d.source_id = r.source_id AND d.stream = r.stream AND d.state = 'open'
               AND g.outcome = 'parked' AND (coalesce(g.source_version, r.source_version), g.batch_id, g.record_index)
               > (r.source_version, coalesce(r.confirmed_batch, r.batch_id), coalesce(r.confirmed_row, r.row_index)))
           THEN 'disputed'
       END AS status
FROM training_record r
JOIN institution i ON i.id = r.institution_id
JOIN source s ON s.id = r.source_id
JOIN identity_claim c ON c.id = r.claim_id
LEFT JOIN assessment a ON a.record_id = r.id
LEFT JOIN missing_record m ON m.record_id = r.id AND (m.whole > 0 AND r.source_version < m.whole
  OR m.whole = 0 AND coalesce(r.confirmed_batch, r.batch_id) < m.batch_id)
WHERE r.merged_into IS NULL;
