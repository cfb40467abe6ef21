UPDATE catalog_head SET version = version + 1
