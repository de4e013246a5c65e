-- What an entry says besides: hours before caps, what each cap took ([[rule, units], …] as JSON), what of the hours counts in
-- the year after ([rule, units]), the result, whose hours they are if another record's, and the decision it rests on.
ALTER TABLE credit_entry ADD COLUMN gross {int} NOT NULL DEFAULT 0;
ALTER TABLE credit_entry ADD COLUMN cuts TEXT;
ALTER TABLE credit_entry ADD COLUMN carried TEXT;
ALTER TABLE credit_entry ADD COLUMN grade TEXT;
ALTER TABLE credit_entry ADD COLUMN hours_of {int};
ALTER TABLE credit_entry ADD COLUMN decision_id {int};
UPDATE credit_entry SET gross = units;

-- Presence in hundredths of a per cent.
ALTER TABLE training_record ADD COLUMN attendance {int};

-- A total with the denominator 0 is none: only words told the result.
DROP VIEW assessment_readable;
CREATE VIEW assessment_readable AS
{pg}SELECT a.record_id, c.teacher_id, c.name, a.assessor, a.project_code, a.score_learning::numeric / 100 AS learning,
{pg}       a.score_activity::numeric / 100 AS activity, a.score_artefact::numeric / 100 AS artefact,
{pg}       a.total_numerator::numeric / nullif(a.total_denominator, 0) / 100 AS total, a.grade
{lite}SELECT a.record_id, c.teacher_id, c.name, a.assessor, a.project_code, a.score_learning / 100.0 AS learning,
{lite}       a.score_activity / 100.0 AS activity, a.score_artefact / 100.0 AS artefact,
{lite}       a.total_numerator * 1.0 / nullif(a.total_denominator, 0) / 100 AS total, a.grade
FROM assessment a
JOIN claim c ON c.id = a.claim_id;

DROP VIEW credit_entry_readable;
CREATE VIEW credit_entry_readable AS
{pg}SELECT e.id, e.teacher_id, e.record_id, e.outcome, e.units::numeric / 108000 AS class_hours,
{pg}       e.gross::numeric / 108000 AS class_hours_before_caps, e.cuts, e.carried, e.grade, e.canonical_course, e.cycle,
{lite}SELECT e.id, e.teacher_id, e.record_id, e.outcome, e.units / 108000.0 AS class_hours,
{lite}       e.gross / 108000.0 AS class_hours_before_caps, e.cuts, e.carried, e.grade, e.canonical_course, e.cycle,
       k.pack || '@' || k.version || ' ' || k.name AS rule, k.basis, k.source,
       e.raw_hours || ' ' || m.unit || ' × ' || m.units_per_one || ' / 108000' AS arithmetic, m.basis AS conversion_basis,
{pg}       e.duplicate_of, e.hours_of, e.decision_id, to_timestamp(e.made_at / 1000000.0) AS made_at,
{pg}       to_timestamp(e.superseded_at / 1000000.0) AS superseded_at, e.superseded_by
{lite}       e.duplicate_of, e.hours_of, e.decision_id, datetime(e.made_at / 1000000, 'unixepoch') AS made_at,
{lite}       datetime(e.superseded_at / 1000000, 'unixepoch') AS superseded_at, e.superseded_by
FROM credit_entry e
JOIN rule k ON k.id = e.rule_id
JOIN rule m ON m.id = e.conversion_id;
