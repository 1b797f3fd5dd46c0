/**
 * What a machine that stands still now and then does to the tests: every few seconds all processes of the run (mocha, what it started, its servers)
 * stop for a moment at once, and go on.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** Inherited by every child: names the processes of this run. */
export const MARK = 'TROUPE_DISTURBED_RUN';
const EVERY_MS = /** @type {const} */ ([3_000, 8_000]);
const STILL_MS = /** @type {const} */ ([400, 1_600]);

/** @param {readonly [number, number]} range */
const between = ([least, most]) => least + Math.random() * (most - least);

/**
 * @param {string} mark value of MARK in the environment of what is to stand still
 * @param {{ everyMs?: readonly [number, number], stillMs?: readonly [number, number] }} [times]
 * @returns {() => number} ends it; how often they stood still
 */
export function disturb(mark, { everyMs = EVERY_MS, stillMs = STILL_MS } = {}) {
  let times = 0;
  let isOver = false;
  /** @type {number[]} */
  let still = [];
  /** @type {NodeJS.Timeout} */
  let timer;
  const goOn = () => {
    for (const pid of still) signal(pid, 'SIGCONT');
    still = [];
  };
  const stop = () => {
    // one that its test has frozen is not ours to thaw
    still = marked(mark).filter((pid) => !/^[TtZ]/.test(stateOf(pid)));
    for (const pid of still) signal(pid, 'SIGSTOP');
    times++;
    timer = setTimeout(() => {
      goOn();
      if (!isOver) timer = setTimeout(stop, between(everyMs));
    }, between(stillMs));
  };
  timer = setTimeout(stop, between(everyMs));
  process.once('exit', goOn);
  return () => {
    isOver = true;
    clearTimeout(timer);
    goOn();
    process.off('exit', goOn);
    return times;
  };
}

/** @param {string} mark */
function marked(mark) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => read(`/proc/${pid}/environ`).split('\0').includes(`${MARK}=${mark}`))
    .map(Number);
}

/** @param {number} pid */
function stateOf(pid) {
  return read(`/proc/${pid}/stat`).replace(/^.*\) /s, '');
}

/** @param {string} file */
function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // it has just ended
  }
}

/** @param {number} pid @param {NodeJS.Signals} name */
function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch {
    // gone
  }
}
