-- The set-up's version and the transaction's time, in front of every batch.
SELECT version, relais_now() FROM catalog_head
