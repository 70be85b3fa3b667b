"""callkit: fetch voice call detail records, and check every charge to the cent."""
