/** Names of the items of an operation's record. */

/** A snapshot that waits for the other takes. */
export const takenItem = (index: number): string => `taken/${index}`;
/** A piece of the plan's text. */
export const planItem = (n: number): string => `plan/${n}`;
export const outputItem = (name: string): string => `output/${name}`;
/** First error of a group or attempt under way. */
export const errorItem = (path: string): string => `error/${path}`;
export const logItem = (slot: number): string => `log/${slot}`;
/** A node that has not ended well. */
export const unfinishedItem = (path: string): string => `unfinished/${path}`;
/** First member of a failed group that was not started. */
export const unstartedItem = (path: string): string => `unstarted/${path}`;
/** A piece of what an ended operation keeps for a retry. */
export const keptItem = (n: number): string => `kept/${n}`;
/** A signal that came before anybody waited for it. */
export const signalItem = (name: string): string => `signal/${name}`;
/** A snapshot for an expansion under way. */
export const seenItem = (path: string, index: number): string => `seen/${path}/${index}`;
/** What a planner has made. */
export const expansionItem = (path: string): string => `expansion/${path}`;
/** Path of an undoable node that has succeeded. */
export const undoItem = (n: number): string => `undo/${n}`;
export const INPUT_ITEM = 'input';
