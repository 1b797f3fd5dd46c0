#!/usr/bin/env bash
# troupe.sh order EXECUTOR ID [INPUT] | record ID | signal ID NAME [DATA] | watch: the wire by a shell alone, through /dev/tcp.
# EXECUTOR and ID of letters, digits, - and _ (else encode them: volume.create is volume=2Ecreate in a subject).
set -euo pipefail
export LC_ALL=C
server=${TROUPE_SERVERS:-127.0.0.1:4222} ns=${TROUPE_NS:-troupe}
server=${server#*://} inbox=${TROUPE_INBOX_PREFIX:-_INBOX}.$$$RANDOM$RANDOM
login= && [ -z "${TROUPE_USER-}" ] || login=",\"user\":\"$TROUPE_USER\",\"pass\":\"${TROUPE_PASSWORD-}\""

exec 3<>"/dev/tcp/${server%:*}/${server##*:}"
say() { printf '%s\r\n' "$@" >&3; }
# prints the body of the next message
hear() {
  local line words
  while IFS= read -r -t 300 line <&3; do
    read -ra words <<<"${line%$'\r'}"
    case $line in
      PING*) say PONG ;;
      -ERR*) echo "$line" >&2; exit 5 ;;
      MSG*) IFS= read -r -N $((words[-1] + 2)) body <&3; printf '%s\n' "${body%$'\r\n'}"; return ;;
      HMSG*) IFS= read -r -N $((words[-1] + 2)) body <&3; body=${body:words[-2]}; printf '%s\n' "${body%$'\r\n'}"; return ;;
    esac
  done
  exit 4
}
headers=false && [ "$1" = record ] && headers=true
say "CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":$headers,\"no_responders\":$headers$login}"

case $1 in
  order)
    command="{\"v\":1,\"id\":\"$3\",\"executor\":\"$2\",\"input\":${4:-null},\"createdAt\":\"$(date -u +%FT%TZ)\",\"replyTo\":\"$inbox\"}"
    say "SUB $inbox 1" "PUB $ns.command.${2//./=2E} ${#command}" "$command"
    while answer=$(hear); do
      echo "$answer"
      case $answer in
        *'"answer":"rejected"'*) exit 3 ;;
        *'"outcome":"succeeded"'*) exit 0 ;;
        *'"outcome":'*) exit 1 ;;
      esac
    done
    exit 4 # not heard: run it again, the same id is the same operation
    ;;
  record) # empty: there is none (any more)
    say "SUB $inbox 1" "PUB \$JS.API.DIRECT.GET.${ns}_STATE.$ns.state.operation.$2 $inbox 0" ''
    hear
    ;;
  signal)
    mail="{\"v\":1,\"id\":\"verb.$inbox\",\"type\":\"verb.signal\",\"body\":{\"name\":\"$3\",\"data\":${4:-null}}}"
    say "SUB $inbox 1" "PUB $ns.mail.operation.$2.verb $inbox ${#mail}" "$mail"
    hear # {"stream":…}: it is stored
    ;;
  watch)
    say "SUB $ns.live.> 1"
    while hear; do :; done
    ;;
esac
