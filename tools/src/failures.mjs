// What of a long output says why it failed: the list that mocha prints at its end, and lines that begin with a word for it.

const MOST_LINES = 60;
const LAST_LINES = 15;

/**
 * @param {string} output
 * @returns {string[]} the lines that tell of failures, in order; the last lines of the output if nothing does
 */
export function failures(output) {
  const lines = output.split('\n');
  const told = [];
  let isInList = false;
  for (const line of lines) {
    if (/^\s+\d+ failing$/.test(line)) isInList = true;
    else if (/^\d+ passed, \d+ failed, \d+ skipped$/.test(line) || /^\s+skipped: /.test(line)) isInList = false;
    else if (isInList ? line.trim() !== '' : /^\s*(FAILED|UNNOTICED|lint: .* FAILED|.*: killed, )/.test(line)) told.push(line);
  }
  return told.length > 0 ? told.slice(0, MOST_LINES) : lines.filter((line) => line.trim() !== '').slice(-LAST_LINES);
}
