-- What happened in a run that its result does not say, as a list of messages.
ALTER TABLE sync_run ADD COLUMN notes TEXT;
