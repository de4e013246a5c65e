-- A payload that could not be decoded can be parked when it is decoded at last: its sound records count nothing until a replay that
-- a person has planned and applied. 1: so are the raw records of the batch, or is this raw record.
ALTER TABLE batch ADD COLUMN awaits_replay INTEGER NOT NULL DEFAULT 0;
ALTER TABLE dead_letter_sighting ADD COLUMN awaits_replay INTEGER NOT NULL DEFAULT 0;
ALTER TABLE replay_item ADD COLUMN awaits_replay INTEGER NOT NULL DEFAULT 0;

-- A record is not disputed by such a raw record.
DROP VIEW training_record_readable;
CREATE VIEW training_record_readable AS
SELECT r.id, i.code AS institution, s.name AS source, r.stream, o.kind, c.teacher_id, c.name, r.school_code, o.project_code,
       o.course_code, o.course_title, o.canonical_course, o.role, o.mode, o.delivery_code, o.required, o.place,
{pg}       r.period_start::date AS period_start, r.period_end::date AS period_end, r.raw_hours, o.hours_unit,
{pg}       r.hours_units::numeric / 108000 AS class_hours, r.pass_state, r.grade, r.certificate_number,
{lite}       r.period_start AS period_start, r.period_end AS period_end, r.raw_hours, o.hours_unit,
{lite}       r.hours_units / 108000.0 AS class_hours, r.pass_state, r.grade, r.certificate_number,
       r.source_version, r.activation, r.batch_id,
       CASE WHEN r.address LIKE ' %' THEN p.address || r.address ELSE r.address END AS address,
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
               AND g.outcome = 'parked' AND g.awaits_replay = 0 AND (coalesce(g.source_version, r.source_version), g.batch_id, g.record_index)
               > (r.source_version, coalesce(r.confirmed_batch, r.batch_id), coalesce(r.confirmed_row, r.row_index)))
           THEN 'disputed'
       END AS status
FROM training_record r
JOIN institution i ON i.id = r.institution_id
JOIN source s ON s.id = r.source_id
JOIN identity_claim c ON c.id = r.claim_id
JOIN offering o ON o.id = r.offering_id
LEFT JOIN batch b ON b.id = r.batch_id
LEFT JOIN payload p ON p.id = b.payload_id
LEFT JOIN missing_record m ON m.record_id = r.id AND (m.whole > 0 AND r.source_version < m.whole
  OR m.whole = 0 AND coalesce(r.confirmed_batch, r.batch_id) < m.batch_id)
WHERE r.merged_into IS NULL;
