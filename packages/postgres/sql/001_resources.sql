-- Resources, what they remember of their writes, and the events of their transitions.
CREATE SEQUENCE troupe_revision;

CREATE TABLE troupe_resource (
  kind              text        NOT NULL,
  id                text        NOT NULL,
  state             text        NOT NULL DEFAULT 'CREATION_SCHEDULED',
  runtime_state     text        NOT NULL DEFAULT '',
  backend_id        text        NOT NULL DEFAULT '',
  error             jsonb,
  action            text        NOT NULL DEFAULT '',
  action_details    jsonb,
  current_operation text,
  epoch             bigint      NOT NULL DEFAULT 0,
  data              jsonb       NOT NULL DEFAULT '{}',
  modified          timestamptz NOT NULL DEFAULT now(),
  revision          bigint      NOT NULL DEFAULT nextval('troupe_revision'),
  rested            jsonb,
  fence             jsonb,
  -- the operation that removed it; the row stays for a while, to answer its remover and to refuse its ghosts
  removed_by        text,
  PRIMARY KEY (kind, id)
);
CREATE INDEX troupe_resource_removed ON troupe_resource (modified) WHERE removed_by IS NOT NULL;

-- A row that is inserted by hand where one was removed goes on where that one stopped.
CREATE FUNCTION troupe_resource_reborn() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  old_epoch bigint;
  old_fence jsonb;
BEGIN
  DELETE FROM troupe_resource WHERE kind = NEW.kind AND id = NEW.id AND removed_by IS NOT NULL
    RETURNING epoch, fence INTO old_epoch, old_fence;
  IF FOUND THEN
    NEW.epoch := old_epoch + 1;
    NEW.fence := old_fence;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER troupe_resource_reborn BEFORE INSERT ON troupe_resource
  FOR EACH ROW EXECUTE FUNCTION troupe_resource_reborn();

CREATE TABLE troupe_event (
  seq   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- derived from the effect that made the write
  id    text        NOT NULL UNIQUE,
  topic text        NOT NULL,
  body  jsonb       NOT NULL,
  at    timestamptz NOT NULL
);
CREATE INDEX troupe_event_at ON troupe_event (at);
