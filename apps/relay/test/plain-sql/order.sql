BEGIN;
INSERT INTO volume (id, size) VALUES ('v-1', 4);
SELECT troupe_enqueue('volume.create', '{"kind": "volume", "id": "v-1"}', '{"size": 4}');
COMMIT;
