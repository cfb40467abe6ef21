DELETE FROM catalog_entry WHERE id = $1::uuid
