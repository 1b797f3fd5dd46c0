/**
 * A sorted list in pieces: putting somebody into a queue of ten thousand, or taking the first one out, moves some hundred entries
 * and not all of them.
 */
const PIECE = 256;

export class SortedList<T> {
  /** None of them is empty. */
  private readonly pieces: T[][] = [];
  /** Never 0 for two different entries. */
  private readonly order: (a: T, b: T) => number;
  length = 0;

  constructor(order: (a: T, b: T) => number) {
    this.order = order;
  }

  get first(): T | undefined {
    return this.pieces[0]?.[0];
  }

  *[Symbol.iterator](): Generator<T, void> {
    for (const piece of this.pieces) yield* piece;
  }

  insert(entry: T): void {
    const at = Math.min(this.pieceOf(entry), this.pieces.length - 1);
    const piece = this.pieces[at];
    this.length++;
    if (piece === undefined) {
      this.pieces.push([entry]);
      return;
    }
    piece.splice(this.placeIn(piece, entry), 0, entry);
    if (piece.length > 2 * PIECE) this.pieces.splice(at + 1, 0, piece.splice(PIECE));
  }

  /** One that is not there is no error. */
  remove(entry: T): void {
    const at = this.pieceOf(entry);
    const piece = this.pieces[at];
    if (piece === undefined) return;
    const place = this.placeIn(piece, entry);
    if (piece[place] === undefined || this.order(piece[place], entry) !== 0) return;
    piece.splice(place, 1);
    this.length--;
    if (piece.length === 0) this.pieces.splice(at, 1);
  }

  /** How many stand before it, or would. */
  before(entry: T): number {
    const at = this.pieceOf(entry);
    let count = 0;
    for (let n = 0; n < at; n++) count += this.pieces[n]!.length;
    return count + (this.pieces[at] === undefined ? 0 : this.placeIn(this.pieces[at], entry));
  }

  /** The first piece whose last entry is not before it. */
  private pieceOf(entry: T): number {
    return lowest(this.pieces.length, (n) => this.order(this.pieces[n]!.at(-1)!, entry) >= 0);
  }

  private placeIn(piece: readonly T[], entry: T): number {
    return lowest(piece.length, (n) => this.order(piece[n]!, entry) >= 0);
  }
}

/** The lowest number below `end` that fits, all after it fitting too; else `end`. */
function lowest(end: number, fits: (n: number) => boolean): number {
  let low = 0;
  let high = end;
  while (low < high) {
    const mid = (low + high) >>> 1;
    if (fits(mid)) high = mid;
    else low = mid + 1;
  }
  return low;
}
