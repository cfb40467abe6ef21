-- Whose webhook a body that is kept as it came was (as adapters are named). Null: the form's own post.
ALTER TABLE quarantine ADD COLUMN raw_tool text;
