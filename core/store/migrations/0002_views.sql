-- Readable views. `training_record_national` has the fields of the national 国内培训 record.

CREATE VIEW training_record_readable AS
SELECT r.id, i.code AS institution, s.name AS source, r.stream, r.kind, c.teacher_id, c.name, r.school_code, r.project_code,
       r.course_code, r.course_title, r.canonical_course, r.role, r.mode, r.delivery_code, r.required, r.place,
{pg}       r.period_start::date AS period_start, r.period_end::date AS period_end, r.raw_hours, r.hours_unit,
{pg}       r.hours_units::numeric / 108000 AS class_hours, r.pass_state, a.grade, r.certificate_number,
{lite}       r.period_start AS period_start, r.period_end AS period_end, r.raw_hours, r.hours_unit,
{lite}       r.hours_units / 108000.0 AS class_hours, r.pass_state, a.grade, r.certificate_number,
       r.source_version, r.activation, r.batch_id, r.address
FROM training_record r
JOIN institution i ON i.id = r.institution_id
JOIN source s ON s.id = r.source_id
JOIN claim c ON c.id = r.claim_id
LEFT JOIN assessment a ON a.record_id = r.id;

CREATE VIEW assessment_readable AS
{pg}SELECT a.record_id, c.teacher_id, c.name, a.assessor, a.project_code, a.score_learning::numeric / 100 AS learning,
{pg}       a.score_activity::numeric / 100 AS activity, a.score_artefact::numeric / 100 AS artefact,
{pg}       a.total_numerator::numeric / a.total_denominator / 100 AS total, a.grade
{lite}SELECT a.record_id, c.teacher_id, c.name, a.assessor, a.project_code, a.score_learning / 100.0 AS learning,
{lite}       a.score_activity / 100.0 AS activity, a.score_artefact / 100.0 AS artefact,
{lite}       a.total_numerator / (a.total_denominator * 100.0) AS total, a.grade
FROM assessment a
JOIN claim c ON c.id = a.claim_id;

-- 培训获得学时 is an integer there: whole class hours, and the residue beside them.
CREATE VIEW training_record_national AS
SELECT r.id AS record_id, c.teacher_id, substr(r.period_end, 1, 4) AS "培训年度", coalesce(r.category_code, '99') AS "培训类别",
       coalesce(r.project_title, r.course_title, r.course_code) AS "培训项目名称", i.name AS "培训机构名称",
       coalesce(r.delivery_code, '9') AS "培训方式", e.units / 108000 AS "培训获得学时",
{pg}       e.units % 108000 AS residue_units, r.period_start::date AS "培训开始日期", r.period_end::date AS "培训结束日期"
{lite}       e.units % 108000 AS residue_units, r.period_start AS "培训开始日期", r.period_end AS "培训结束日期"
FROM credit_entry e
JOIN training_record r ON r.id = e.record_id
JOIN claim c ON c.id = r.claim_id
JOIN institution i ON i.id = r.institution_id
WHERE e.superseded_at IS NULL AND e.units > 0;

CREATE VIEW credit_entry_readable AS
{pg}SELECT e.id, e.teacher_id, e.record_id, e.outcome, e.units::numeric / 108000 AS class_hours, e.canonical_course, e.cycle,
{lite}SELECT e.id, e.teacher_id, e.record_id, e.outcome, e.units / 108000.0 AS class_hours, e.canonical_course, e.cycle,
       k.pack || '@' || k.version || ' ' || k.name AS rule, k.basis, k.source,
       e.raw_hours || ' ' || m.unit || ' × ' || m.units_per_one || ' / 108000' AS arithmetic, m.basis AS conversion_basis,
{pg}       e.duplicate_of, to_timestamp(e.made_at / 1000000.0) AS made_at, to_timestamp(e.superseded_at / 1000000.0) AS superseded_at, e.superseded_by
{lite}       e.duplicate_of, datetime(e.made_at / 1000000, 'unixepoch') AS made_at, datetime(e.superseded_at / 1000000, 'unixepoch') AS superseded_at, e.superseded_by
FROM credit_entry e
JOIN rule k ON k.id = e.rule_id
JOIN rule m ON m.id = e.conversion_id;
