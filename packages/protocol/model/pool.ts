/** Gives equal values one small number, so that a state can hold an entry or a tag as an integer. */
export class Pool<Value> {
  readonly #ids = new Map<string, number>();
  readonly #values: Value[] = [];

  id(value: Value): number {
    const key = JSON.stringify(value, (_, part: unknown) => (part instanceof Map ? [...part] : part));
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const id = this.#values.push(value) - 1;
    this.#ids.set(key, id);
    return id;
  }

  get(id: number): Value {
    const value = this.#values[id];
    if (value === undefined) throw new Error(`no value has the number ${id}`);
    return value;
  }
}

/** Remembers what a step made of a value: the same step is taken in many states. */
export class Memo<Result> {
  readonly #known = new Map<number, Result>();

  /** `argument` is below 65,536, and says all that the step depends on besides the value. */
  of(id: number, argument: number, compute: () => Result): Result {
    const key = id * 65_536 + argument;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const result = compute();
    this.#known.set(key, result);
    return result;
  }
}
