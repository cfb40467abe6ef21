-- Which submissions form tokens ($1) belong to.
SELECT t.token, t.submission_id FROM form_token_used t WHERE t.token = ANY ($1::uuid[])
