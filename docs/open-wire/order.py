"""order.py EXECUTOR ID [COMMAND]: orders an operation and waits for its end. COMMAND: more fields as JSON, such as {"input": {"size": 10}}."""
import datetime
import json
import sys

from wire import Wire, token

executor, operation, more = sys.argv[1], sys.argv[2], json.loads((sys.argv[3:] or ["{}"])[0])
wire = Wire()
reply_to = f"{wire.inbox}.answers"
created = datetime.datetime.now(datetime.timezone.utc).isoformat()
command = {"v": 1, "id": operation, "executor": executor, "createdAt": created, "replyTo": reply_to, **more}


def send():
    # the header is for a command that cannot be read: its body names no place for the answer then
    wire.stored(f"{wire.ns}.command.{token(executor)}", command, [("Troupe-Reply-To", reply_to)])


send()
while True:
    message = wire.next(seconds=30)
    if message is None:
        send()  # an answer may be lost; the same command again is the same operation, and is told how it stands
        continue
    answer = json.loads(message[2])
    print(json.dumps(answer), flush=True)
    if answer["answer"] == "rejected":
        sys.exit(3)
    if answer.get("outcome"):
        sys.exit(0 if answer["outcome"] == "succeeded" else 1)
