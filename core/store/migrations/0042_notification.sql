-- What people are told: each cause once when it begins, and once when it is over. `source` is empty, and
-- `replay_id` 0, where there is none.
CREATE TABLE notification (
  id {id},
  kind TEXT NOT NULL,
  source TEXT NOT NULL,
  replay_id {int} NOT NULL DEFAULT 0,
  number {int} NOT NULL,
  began_at {int} NOT NULL,
  ended_at {int}
){strict};
CREATE UNIQUE INDEX notification_open ON notification (kind, source, replay_id) WHERE ended_at IS NULL;

-- To whom it was sent, or will be.
CREATE TABLE notification_delivery (
  notification_id {int} NOT NULL REFERENCES notification (id),
  event TEXT NOT NULL CHECK (event IN ('began', 'ended')),
  channel TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('due', 'sent', 'given_up')),
  attempts INTEGER NOT NULL DEFAULT 0,
  due_at {int} NOT NULL,
  sent_at {int},
  error TEXT,
  PRIMARY KEY (notification_id, event, channel)
){strict};
CREATE INDEX notification_delivery_due ON notification_delivery (due_at) WHERE state = 'due';
