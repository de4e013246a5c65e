-- What is rung next is found by when it was last rung, what was abandoned by its lease: both also among many that wait.
DROP INDEX batch_due;
CREATE INDEX batch_rung ON batch (rung_at, id) WHERE state = 'due';
CREATE INDEX batch_lease ON batch (lease_until) WHERE state = 'claimed';
