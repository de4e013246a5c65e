-- A training record in as few bytes as it says. What the records of a source have in common stands once, as an offering. A
-- result stands in the record. The address of a record whose text begins with a blank continues that of its payload. Columns
-- of eight bytes come first, then those of four, then texts, so that PostgreSQL needs no padding.
DROP VIEW training_record_readable;
DROP VIEW training_record_national;
DROP VIEW assessment_readable;

-- What was offered, as a source names it: course, project, role, mode, place and so on. `digest` is that of the other
-- columns. For rows that were made by this file it is another one than the program computes, and nothing finds them by it.
CREATE TABLE offering (
  id {id},
  source_id INTEGER NOT NULL,
  digest {bytes} NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('progress', 'course_completion', 'project_completion', 'certificate', 'assessment',
                                     'diagnostic', 'enrolment')),
  course_code TEXT NOT NULL,
  course_title TEXT,
  canonical_course TEXT,
  project_code TEXT,
  project_title TEXT,
  category_code TEXT,
  role TEXT,
  mode TEXT,
  delivery_code TEXT,
  required TEXT CHECK (required IN ('required', 'elective')),
  tier TEXT CHECK (tier IN ('elementary', 'intermediate', 'advanced')),
  place TEXT,
  hours_unit TEXT NOT NULL,
  assessor TEXT CHECK (assessor IN ('institution', 'school'))
){strict};
CREATE UNIQUE INDEX offering_digest ON offering (source_id, digest);
INSERT INTO offering (source_id, digest, kind, course_code, course_title, canonical_course, project_code, project_title, category_code, role, mode, delivery_code, required, tier, place, hours_unit, assessor)
{pg}SELECT DISTINCT r.source_id, decode(md5(json_build_array(r.source_id, r.kind, r.course_code, r.course_title, r.canonical_course, r.project_code, r.project_title, r.category_code, r.role, r.mode, r.delivery_code, r.required, r.tier, r.place, r.hours_unit, a.assessor)::text), 'hex'),
{lite}SELECT DISTINCT r.source_id, CAST(json_array(r.source_id, r.kind, r.course_code, r.course_title, r.canonical_course, r.project_code, r.project_title, r.category_code, r.role, r.mode, r.delivery_code, r.required, r.tier, r.place, r.hours_unit, a.assessor) AS BLOB),
  r.kind, r.course_code, r.course_title, r.canonical_course, r.project_code, r.project_title, r.category_code, r.role, r.mode, r.delivery_code, r.required, r.tier, r.place, r.hours_unit, a.assessor
FROM training_record r LEFT JOIN assessment a ON a.record_id = r.id;

CREATE TABLE training_record_next (
  id {bulk_id},
  claim_id {int} NOT NULL,
  batch_id {int} NOT NULL,
  source_version {int} NOT NULL,
  hours_units {int} NOT NULL,
  source_id INTEGER NOT NULL,
  institution_id INTEGER NOT NULL,
  offering_id INTEGER NOT NULL,
  activation INTEGER NOT NULL,
  manifest_version INTEGER NOT NULL,
  row_index INTEGER NOT NULL,
  flagged INTEGER NOT NULL DEFAULT 0,
  record_key {bytes} NOT NULL,
  content_digest {bytes} NOT NULL,
  stream TEXT NOT NULL,
  pass_state TEXT NOT NULL CHECK (pass_state IN ('passed', 'failed', 'not_assessed', 'pending')),
  raw_hours TEXT NOT NULL,
  period_end TEXT NOT NULL,
  address TEXT NOT NULL,
  period_start TEXT,
  school_code TEXT,
  certificate_number TEXT,
  attendance INTEGER,
  grade TEXT,
  total_numerator {int},
  total_denominator {int},
  score_learning INTEGER,
  score_activity INTEGER,
  score_artefact INTEGER,
  merged_into {int},
  confirmed_batch {int},
  confirmed_row INTEGER
){strict};
INSERT INTO training_record_next (id, claim_id, batch_id, source_version, hours_units, source_id, institution_id, offering_id, activation, manifest_version, row_index, flagged,
  record_key, content_digest, stream, pass_state, raw_hours, period_end, address, period_start, school_code, certificate_number,
  attendance, grade, total_numerator, total_denominator, score_learning, score_activity, score_artefact, merged_into, confirmed_batch, confirmed_row)
SELECT r.id, r.claim_id, r.batch_id, r.source_version, r.hours_units, r.source_id, r.institution_id, o.id, r.activation, r.manifest_version, r.row_index, r.flagged,
  r.record_key, r.content_digest, r.stream, r.pass_state, r.raw_hours, r.period_end,
  CASE WHEN substr(r.address, 1, length(p.address) + 1) = p.address || ' ' THEN substr(r.address, length(p.address) + 1) ELSE r.address END,
  r.period_start, r.school_code, r.certificate_number, r.attendance, a.grade,
  a.total_numerator, a.total_denominator, a.score_learning, a.score_activity, a.score_artefact,
  r.merged_into, r.confirmed_batch, r.confirmed_row
FROM training_record r
LEFT JOIN assessment a ON a.record_id = r.id
LEFT JOIN batch b ON b.id = r.batch_id
LEFT JOIN payload p ON p.id = b.payload_id
JOIN offering o ON o.source_id = r.source_id
{pg}  AND o.digest = decode(md5(json_build_array(r.source_id, r.kind, r.course_code, r.course_title, r.canonical_course, r.project_code, r.project_title, r.category_code, r.role, r.mode, r.delivery_code, r.required, r.tier, r.place, r.hours_unit, a.assessor)::text), 'hex');
{lite}  AND o.digest = CAST(json_array(r.source_id, r.kind, r.course_code, r.course_title, r.canonical_course, r.project_code, r.project_title, r.category_code, r.role, r.mode, r.delivery_code, r.required, r.tier, r.place, r.hours_unit, a.assessor) AS BLOB);
DROP TABLE assessment;
DROP TABLE training_record;
ALTER TABLE training_record_next RENAME TO training_record;
{pg}ALTER SEQUENCE training_record_next_id_seq RENAME TO training_record_id_seq;
{pg}SELECT setval('training_record_id_seq', (SELECT coalesce(max(id), 0) + 1 FROM training_record), false);
{pg}ALTER INDEX training_record_next_pkey RENAME TO training_record_pkey;

-- Finds the stored version of a record that is received again.
CREATE UNIQUE INDEX training_record_key ON training_record (record_key, source_id, stream);
-- Finds what a person has, for settlement and explanations.
CREATE INDEX training_record_claim ON training_record (claim_id);
-- Finds records of which two contents came as one version.
CREATE INDEX training_record_flagged ON training_record (id) WHERE flagged = 1;
-- Finds what was merged into a record.
CREATE INDEX training_record_merged ON training_record (merged_into) WHERE merged_into IS NOT NULL;

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
               AND g.outcome = 'parked' AND (coalesce(g.source_version, r.source_version), g.batch_id, g.record_index)
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

CREATE VIEW assessment_readable AS
{pg}SELECT r.id AS record_id, c.teacher_id, c.name, o.assessor, o.project_code, r.score_learning::numeric / 100 AS learning,
{pg}       r.score_activity::numeric / 100 AS activity, r.score_artefact::numeric / 100 AS artefact,
{pg}       r.total_numerator::numeric / nullif(r.total_denominator, 0) / 100 AS total, r.grade
{lite}SELECT r.id AS record_id, c.teacher_id, c.name, o.assessor, o.project_code, r.score_learning / 100.0 AS learning,
{lite}       r.score_activity / 100.0 AS activity, r.score_artefact / 100.0 AS artefact,
{lite}       r.total_numerator * 1.0 / nullif(r.total_denominator, 0) / 100 AS total, r.grade
FROM training_record r
JOIN offering o ON o.id = r.offering_id
JOIN identity_claim c ON c.id = r.claim_id
WHERE r.grade IS NOT NULL;

CREATE VIEW training_record_national AS
SELECT n.teacher_id, n.year AS "培训年度", n.category AS "培训类别", n.project AS "培训项目名称", n.institution AS "培训机构名称",
       n.mode AS "培训方式", n.units / 108000 AS "培训获得学时", n.units % 108000 AS residue_units,
       n.first_day AS "培训开始日期", n.last_day AS "培训结束日期", n.records
FROM (
  SELECT c.teacher_id, substr(r.period_end, 1, 4) AS year, coalesce(o.category_code, '99') AS category,
         coalesce(o.project_title, o.course_title, o.course_code) AS project, i.name AS institution,
         coalesce(o.delivery_code, '9') AS mode, CAST(sum(e.units) AS {int}) AS units, count(*) AS records,
{pg}         min(coalesce(r.period_start, r.period_end))::date AS first_day, max(r.period_end)::date AS last_day
{lite}         min(coalesce(r.period_start, r.period_end)) AS first_day, max(r.period_end) AS last_day
  FROM credit_entry e
  JOIN training_record r ON r.id = e.record_id
  JOIN offering o ON o.id = r.offering_id
  JOIN identity_claim c ON c.id = r.claim_id
  JOIN institution i ON i.id = r.institution_id
  WHERE e.superseded_at IS NULL AND e.outcome = 'counted'
  GROUP BY c.teacher_id, substr(r.period_end, 1, 4), coalesce(o.category_code, '99'), o.project_code,
           coalesce(o.project_title, o.course_title, o.course_code), i.id, i.name, coalesce(o.delivery_code, '9')
) n;
