-- Names that say what they hold. No row changes.
ALTER TABLE claim RENAME TO identity_claim;
ALTER TABLE identity_claim RENAME COLUMN told TO person_details;
ALTER TABLE host_pace RENAME TO rate_limit;
ALTER TABLE settle_mark RENAME TO recompute_mark;
ALTER TABLE batch RENAME COLUMN rung_at TO notified_at;
ALTER TABLE schedule RENAME COLUMN turn TO epoch;
ALTER TABLE payload RENAME COLUMN fault TO error;
ALTER TABLE dead_letter RENAME COLUMN letter_key TO dead_letter_key;
ALTER TABLE dead_letter_sighting RENAME COLUMN letter_id TO dead_letter_id;
ALTER TABLE replay_item RENAME COLUMN letter_id TO dead_letter_id;
ALTER TABLE roster_wait RENAME COLUMN letter_id TO dead_letter_id;
ALTER TABLE replay RENAME COLUMN letters TO dead_letters;
DROP INDEX batch_rung;
CREATE INDEX batch_notified ON batch (notified_at, id) WHERE state = 'due';
DROP INDEX claim_told;
CREATE INDEX identity_claim_details ON identity_claim (id) WHERE person_details IS NOT NULL;
