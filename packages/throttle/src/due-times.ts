/** Names, each with the earliest time at which somebody should look at it again. */
export class DueTimes {
  private readonly times = new Map<string, number>();
  /** Earliest last, so that taking is cheap. An entry whose time in `times` is another one does not count. */
  private readonly sorted: { readonly name: string; readonly at: number }[] = [];

  /** Infinity is never. A later time than the one that is known changes nothing: looking too early does no harm. */
  add(name: string, at: number): void {
    const known = this.times.get(name);
    if (at === Number.POSITIVE_INFINITY || (known !== undefined && known <= at)) return;
    this.times.set(name, at);
    let low = 0;
    let high = this.sorted.length;
    while (low < high) {
      const mid = (low + high) >>> 1;
      if (this.sorted[mid]!.at > at) low = mid + 1;
      else high = mid;
    }
    this.sorted.splice(low, 0, { name, at });
  }

  get next(): number | undefined {
    for (let last = this.sorted.at(-1); last !== undefined; last = this.sorted.at(-1)) {
      if (this.times.get(last.name) === last.at) return last.at;
      this.sorted.pop();
    }
    return undefined;
  }

  /** Those whose time has come, each once. */
  take(now: number): string[] {
    const taken: string[] = [];
    for (let at = this.next; at !== undefined && at <= now; at = this.next) {
      const { name } = this.sorted.pop()!;
      this.times.delete(name);
      taken.push(name);
    }
    return taken;
  }
}
