-- What was packed and stored before stays as it is and is read as before, on SQLite.
-- A blank line ends a statement. This step has been taken somewhere: never change it, add another.

DROP INDEX ix_message_received_at;
