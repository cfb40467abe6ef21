"""What a database holds, to see that something left it alone."""

OF_THE_SERVER = {"api_key_use", "notification_cursor"}  # written in the background, by and by


def content(database):
    """{table: (row count, checksum)}"""
    tables = [row[0] for row in database.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
              if row[0] not in OF_THE_SERVER]
    return {table: database.rows(f"SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t")[0]
            for table in tables}
