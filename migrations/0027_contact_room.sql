-- Room for a contact's next version on its own page: a change of what it says about itself then makes no entry in any
-- index. Of pages written before, only what is written again has it.
ALTER TABLE contact SET (fillfactor = 85);
