-- Readable views. `training_record_national` has the fields of the national 国内培训 record.

CREATE VIEW training_record_readable AS
SELECT r.id, i.code AS institution, s.name AS source, r.stream, r.kind, c.teacher_id, c.name, r.project_code,
       r.course_code, r.course_title, r.canonical_course, r.role, r.mode, r.delivery_code, r.place,
       r.period_start::date AS period_start, r.period_end::date AS period_end, r.raw_hours, r.hours_unit,
       r.hours_units::numeric / 108000 AS class_hours, r.pass_state, r.grade, r.certificate_number,
       r.source_version, r.activation, r.batch_id, r.address
FROM training_record r
JOIN institution i ON i.id = r.institution_id
JOIN source s ON s.id = r.source_id
JOIN claim c ON c.id = r.claim_id;

-- 培训获得学时 is an integer there: whole class hours, and the residue beside them.
CREATE VIEW training_record_national AS
SELECT r.id AS record_id, c.teacher_id, substr(r.period_end, 1, 4) AS "培训年度", '20' AS "培训类别",
       coalesce(r.project_title, r.course_title, r.course_code) AS "培训项目名称", i.name AS "培训机构名称",
       coalesce(r.delivery_code, '9') AS "培训方式", e.units / 108000 AS "培训获得学时",
       e.units % 108000 AS residue_units, r.period_start::date AS "培训开始日期", r.period_end::date AS "培训结束日期"
FROM credit_entry e
JOIN training_record r ON r.id = e.record_id
JOIN claim c ON c.id = r.claim_id
JOIN institution i ON i.id = r.institution_id
WHERE e.superseded_at IS NULL AND e.units > 0;

CREATE VIEW credit_entry_readable AS
SELECT e.id, e.teacher_id, e.record_id, e.outcome, e.units::numeric / 108000 AS class_hours, e.canonical_course,
       e.cycle, e.rule, e.basis, e.arithmetic, e.duplicate_of,
       to_timestamp(e.made_at / 1000000.0) AS made_at, to_timestamp(e.superseded_at / 1000000.0) AS superseded_at
FROM credit_entry e;
