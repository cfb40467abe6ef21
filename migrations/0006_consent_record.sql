-- The record of consent says who recorded it, from where and which wording was read. Rows of before this
-- release have none of that.
ALTER TABLE consent
    ADD COLUMN objection    boolean, -- a refusal that was meant, not a box left empty
    ADD COLUMN text_version text,    -- of the wording: 16 digits of its SHA-256
    ADD COLUMN actor        text,    -- member:ID, key:ID, form:SLUG, import
    ADD COLUMN network      cidr,    -- the sender's address cut to /24, or to /48 for IPv6
    ADD COLUMN note         text;    -- of whoever recorded it by hand
