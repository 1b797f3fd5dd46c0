-- The outbox: a row is a command that leaves exactly if the transaction commits that inserted it.
CREATE TABLE troupe_outbox (
  seq        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- of the operation: whoever publishes the row a second time asks for the same operation
  id         text        NOT NULL UNIQUE,
  executor   text        NOT NULL,
  resource   jsonb,
  input      jsonb,
  options    jsonb,
  context    jsonb,
  -- what its order holds for: its resources, or itself
  keys       text[]      NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- of a command that no server will ever take; set refused_at to NULL to have it tried again
  refused_at timestamptz,
  refusal    jsonb
);
-- Rows come and go; what is dead must not be walked over again and again.
ALTER TABLE troupe_outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- Who waits for which key, in order: the first of each key may leave. Its index is walked from key to key, so that what a relay
-- does depends on what it takes and not on what waits. Kept by a trigger, so that whatever you do to a row by
-- hand (restore it, delete it, have it tried again) is seen here.
CREATE TABLE troupe_outbox_key (
  key text COLLATE "C" NOT NULL,
  seq bigint NOT NULL,
  PRIMARY KEY (key, seq)
);
ALTER TABLE troupe_outbox_key SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

CREATE FUNCTION troupe_outbox_keep_keys() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  IF TG_OP <> 'INSERT' AND OLD.refused_at IS NULL THEN
    DELETE FROM troupe_outbox_key WHERE key = ANY (OLD.keys) AND seq = OLD.seq;
  END IF;
  IF TG_OP <> 'DELETE' AND NEW.refused_at IS NULL THEN
    INSERT INTO troupe_outbox_key SELECT DISTINCT key, NEW.seq FROM unnest(NEW.keys) AS key;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER troupe_outbox_keep_keys AFTER INSERT OR DELETE OR UPDATE OF refused_at ON troupe_outbox
  FOR EACH ROW EXECUTE FUNCTION troupe_outbox_keep_keys();

-- Wakes the relays when the transaction commits; of one transaction the server sends one.
CREATE FUNCTION troupe_outbox_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('troupe_outbox', TG_TABLE_SCHEMA);
  RETURN NULL;
END $$;
CREATE TRIGGER troupe_outbox_notify AFTER INSERT ON troupe_outbox FOR EACH STATEMENT EXECUTE FUNCTION troupe_outbox_notify();

-- One reference {"kind", "id"} as a key of order. What a supervisor would refuse is refused here, where the sender sees it.
CREATE FUNCTION troupe_outbox_key(ref jsonb) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF jsonb_typeof(ref) IS DISTINCT FROM 'object'
     OR jsonb_typeof(ref->'kind') IS DISTINCT FROM 'string' OR jsonb_typeof(ref->'id') IS DISTINCT FROM 'string'
     OR ref->>'kind' = '' OR ref->>'id' = '' OR length(ref->>'kind') > 128 OR length(ref->>'id') > 128 THEN
    RAISE EXCEPTION 'resource must be {"kind": text, "id": text}, both of 1 to 128 characters, or an array of such: %', left(ref::text, 200)
      USING ERRCODE = 'TR001', COLUMN = 'resource';
  END IF;
  RETURN (ref->>'kind') || '/' || (ref->>'id');
END $$;

-- Orders an operation; returns its id. Call it in the transaction that makes the operation necessary.
--   SELECT troupe_enqueue('volume.create', '{"kind": "volume", "id": "v-1"}', '{"size": 4}');
-- resource: one reference, an array of them, or NULL. options: {"force": true, "onConflict": "queue", "class": "heavy"}.
-- context: {"user": ..., "tenant": ..., "traceparent": ...}, copied to all that the operation causes. id: default a new one.
-- Raises TR001 (an argument has no legal value; the column names it), TR002 (too large), TR003 (the id waits with other content).
CREATE FUNCTION troupe_enqueue(
  executor text, resource jsonb DEFAULT NULL, input jsonb DEFAULT NULL, options jsonb DEFAULT NULL, context jsonb DEFAULT NULL, id text DEFAULT NULL
) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
#variable_conflict use_variable
DECLARE
  name text;
  value jsonb;
  is_legal boolean;
  keys text[];
  alone text[];
  waiting troupe_outbox;
BEGIN
  IF executor IS NULL OR executor = '' OR length(executor) > 128 THEN
    RAISE EXCEPTION 'executor must be text of 1 to 128 characters' USING ERRCODE = 'TR001', COLUMN = 'executor';
  END IF;
  IF id = '' OR length(id) > 128 THEN
    RAISE EXCEPTION 'id must be text of 1 to 128 characters' USING ERRCODE = 'TR001', COLUMN = 'id';
  END IF;
  -- JSON's null is what drivers make of "nothing"
  resource := nullif(resource, 'null');
  options := nullif(options, 'null');
  context := nullif(context, 'null');
  IF jsonb_typeof(options) <> 'object' THEN
    RAISE EXCEPTION 'options must be an object' USING ERRCODE = 'TR001', COLUMN = 'options';
  END IF;
  FOR name, value IN SELECT * FROM jsonb_each(coalesce(options, '{}')) LOOP
    is_legal := CASE name
      WHEN 'force' THEN jsonb_typeof(value) = 'boolean'
      WHEN 'onConflict' THEN value IN ('"reject"', '"queue"')
      WHEN 'class' THEN value IN ('"regular"', '"heavy"', '"background"')
      ELSE false
    END;
    IF NOT is_legal THEN
      RAISE EXCEPTION 'options.% is not known, or cannot be %', name, value USING ERRCODE = 'TR001', COLUMN = 'options.' || name;
    END IF;
  END LOOP;
  IF jsonb_typeof(context) <> 'object' THEN
    RAISE EXCEPTION 'context must be an object' USING ERRCODE = 'TR001', COLUMN = 'context';
  END IF;
  IF octet_length(coalesce(input, 'null')::text) > 900000 THEN
    RAISE EXCEPTION 'input has % bytes, more than 900000', octet_length(input::text) USING ERRCODE = 'TR002', COLUMN = 'input';
  END IF;

  id := coalesce(id, gen_random_uuid()::text);
  -- without a resource it waits for nobody; the time has those leave in their order all the same
  alone := ARRAY['#' || to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSUS') || '#' || id];
  keys := CASE
    WHEN resource IS NULL OR resource = '[]' THEN alone
    WHEN jsonb_typeof(resource) = 'array' THEN ARRAY(SELECT troupe_outbox_key(ref) FROM jsonb_array_elements(resource) AS ref)
    ELSE ARRAY[troupe_outbox_key(resource)]
  END;
  INSERT INTO troupe_outbox (id, executor, resource, input, options, context, keys)
    VALUES (id, executor, resource, input, options, context, keys)
    ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    SELECT * INTO waiting FROM troupe_outbox AS o WHERE o.id = id;
    IF (waiting.executor, waiting.resource, waiting.input, waiting.options) IS DISTINCT FROM (executor, resource, input, options) THEN
      RAISE EXCEPTION 'operation % waits in the outbox with other content', id USING ERRCODE = 'TR003', COLUMN = 'id';
    END IF;
  END IF;
  RETURN id;
END $$;
-- It runs with the rights of its owner, so that a service needs no right to our tables. Whom may it serve? GRANT EXECUTE ... TO ...
REVOKE ALL ON FUNCTION troupe_enqueue(text, jsonb, jsonb, jsonb, jsonb, text) FROM PUBLIC;
