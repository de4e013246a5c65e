-- The tier of a course (初级, 中级, 高级); never a result.
ALTER TABLE training_record ADD COLUMN tier TEXT CHECK (tier IN ('elementary', 'intermediate', 'advanced'));
