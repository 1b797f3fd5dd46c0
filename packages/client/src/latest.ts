/** Keeps the last items of a long sequence, whose length is not known before its end. */
export class Latest<T> {
  private readonly limit: number;
  private readonly items: T[] = [];

  constructor(limit: number) {
    this.limit = limit;
  }

  push(item: T): void {
    this.items.push(item);
    // half of them go at once: shifting one each time would cost the length of the list
    if (this.items.length >= 2 * this.limit) this.items.splice(0, this.items.length - this.limit);
  }

  newestFirst(): T[] {
    return this.items.slice(-this.limit).toReversed();
  }
}
