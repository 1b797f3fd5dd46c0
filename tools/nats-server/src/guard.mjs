// Nothing outlives us: a small shell process holds the list of our children and kills them when our end of its pipe closes, which the kernel
// does for us even after kill -9. It ignores the terminal's signals, so that Ctrl-C reaches it last.
import { spawn } from 'node:child_process';

const script = `
trap '' INT TERM HUP
pids=
set --
while IFS=' ' read -r verb value; do
  case $verb in
    watch) pids="$pids $value" ;;
    forget) rest=; for p in $pids; do [ "$p" = "$value" ] || rest="$rest $p"; done; pids=$rest ;;
    remove) set -- "$@" "$value" ;;
    keep) n=$#; while [ $n -gt 0 ]; do d=$1; shift; [ "$d" = "$value" ] || set -- "$@" "$d"; n=$((n - 1)); done ;;
  esac
done
[ -z "$pids" ] || kill -9 $pids
for d; do rm -rf -- "$d" || { sleep 1; rm -rf -- "$d"; }; done
`;

/** @type {import('node:child_process').ChildProcess | undefined} */
let guard;

/** @param {string} line */
function tell(line) {
  if (!guard || guard.exitCode !== null || guard.signalCode !== null) {
    guard = spawn('/bin/sh', ['-c', script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
    guard.unref();
    // a guard that could not start must not take us down; then only the orderly way out is left
    guard.on('error', () => {});
    guard.stdin?.on('error', () => {});
    /** @type {import('node:net').Socket} */ (/** @type {unknown} */ (guard.stdin)).unref();
  }
  guard.stdin?.write(`${line}\n`);
}

/** @type {typeof import('./index.mjs').guardProcess} */
export function guardProcess(pid, dirs = []) {
  if (pid !== undefined) tell(`watch ${pid}`);
  for (const dir of dirs) tell(`remove ${dir}`);
  return () => {
    if (pid !== undefined) tell(`forget ${pid}`);
    for (const dir of dirs) tell(`keep ${dir}`);
  };
}
