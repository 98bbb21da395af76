"""Between bytes and typed values: hardened parsing, schema validation, typed reads."""
