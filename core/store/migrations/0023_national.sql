-- One row per training of a teacher, as the national sheet 国内培训 has it: teacher, year, category, project, institution and
-- mode. Only hours that count for good (合格后计入): no duplicates, refused records or provisional hours. The hours are
-- added up first and rounded down once; the residue is in units of 1/108,000 class hour.
DROP VIEW training_record_national;
CREATE VIEW training_record_national AS
SELECT n.teacher_id, n.year AS "培训年度", n.category AS "培训类别", n.project AS "培训项目名称", n.institution AS "培训机构名称",
       n.mode AS "培训方式", n.units / 108000 AS "培训获得学时", n.units % 108000 AS residue_units,
       n.first_day AS "培训开始日期", n.last_day AS "培训结束日期", n.records
FROM (
  SELECT c.teacher_id, substr(r.period_end, 1, 4) AS year, coalesce(r.category_code, '99') AS category,
         coalesce(r.project_title, r.course_title, r.course_code) AS project, i.name AS institution,
         coalesce(r.delivery_code, '9') AS mode, CAST(sum(e.units) AS {int}) AS units, count(*) AS records,
{pg}         min(coalesce(r.period_start, r.period_end))::date AS first_day, max(r.period_end)::date AS last_day
{lite}         min(coalesce(r.period_start, r.period_end)) AS first_day, max(r.period_end) AS last_day
  FROM credit_entry e
  JOIN training_record r ON r.id = e.record_id
  JOIN identity_claim c ON c.id = r.claim_id
  JOIN institution i ON i.id = r.institution_id
  WHERE e.superseded_at IS NULL AND e.outcome = 'counted'
  GROUP BY c.teacher_id, substr(r.period_end, 1, 4), coalesce(r.category_code, '99'), r.project_code,
           coalesce(r.project_title, r.course_title, r.course_code), i.id, i.name, coalesce(r.delivery_code, '9')
) n;
