-- A payload that was sent is found again by its key, which is its address.
CREATE INDEX payload_address ON payload (source_id, stream, address);
