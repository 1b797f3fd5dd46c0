"""verb.py ID VERB [BODY]: tells an operation something. VERB: signal, cancel, pause, resume, skip, kill, retry; BODY as its schema says."""
import json
import secrets
import sys

from wire import Wire, token

operation, verb, body = sys.argv[1], sys.argv[2], json.loads((sys.argv[3:] or ["{}"])[0])
wire = Wire()
message = f"verb.{secrets.token_hex(8)}"  # the same id again is the same wish
mail = {"v": 1, "id": message, "type": f"verb.{verb}", "body": {"by": "verb.py", **body}}
wire.stored(f"{wire.ns}.mail.operation.{token(operation)}.verb", mail, [("Nats-Msg-Id", f"{operation} {message}")])
