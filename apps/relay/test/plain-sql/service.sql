CREATE TABLE volume (
  id            text PRIMARY KEY,
  size          int NOT NULL,
  state         smallint NOT NULL DEFAULT 5, -- creation scheduled
  backend_id    text NOT NULL DEFAULT '',
  error_message text NOT NULL DEFAULT ''
);
GRANT SELECT, INSERT, UPDATE ON volume TO shop;
GRANT EXECUTE ON FUNCTION troupe_enqueue TO shop;
