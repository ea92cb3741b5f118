/** Every cap in one place. A value that breaks one is refused with its name and number; nothing is cut short. */
export const limits = {
  /** Digits of a version. */
  versionDigitsMax: 20,
  /** Bytes of a rendered key or tag, after escaping. */
  keyBytesMax: 512,
  /** Bytes of a subject, its space included. */
  subjectBytesMax: 512,
  /** Deps an entry may carry. */
  depsPerEntryMax: 256,
  /** Floors an entry may carry; one more folds the oldest into the blind floor. */
  floorsPerEntryMax: 16,
  /** Swept and epoch tags an entry may carry, each. */
  tagsPerEntryMax: 64,
  /** Floors a swept tag may carry; one more folds the oldest into the blind floor. */
  floorsPerTagMax: 64,
  /** Busts of one tag that wait for a walk; one more makes the oldest two one blind bust. */
  pendingPerTagMax: 64,
  /** Subjects an epoch tag remembers; the oldest is forgotten. */
  recordsPerEpochMax: 64,
  /** Bytes of a lease token, and of an entry's encoding note. */
  tokenBytesMax: 64,
  /** Keys and tags one event may bust, unless the rules file says another number. */
  keysPerEventMax: 10_000,
  /** The largest number a rules file may say for it: each takes memory until the whole event is done. */
  keysPerEventCeiling: 100_000,
  /** Busts that are sent together; an event that brings more is sent alone. The next records wait for the next round. */
  bustsPerSliceMax: 20_000,
  /** Bytes of dead letters that are written together; a larger one goes alone. The next records wait for the next round. */
  deadLetterBytesPerSliceMax: 8 * 1024 * 1024,
  /** Items of a list that an expression reads, other than a list of keys to bust. */
  listItemsMax: 1_000_000,
  /** Steps that the loops of all expressions may take for one event; part of a second. */
  stepsPerEventMax: 3_000_000,
  /** Bytes of a record's value that `decode` accepts. */
  recordBytesMax: 8 * 1024 * 1024,
  /** Bytes of a record's key. */
  recordKeyBytesMax: 64 * 1024,
  /** Headers of a record. */
  headersPerRecordMax: 1000,
  /** Characters of all names and bytes of all values of a record's headers. */
  headerBytesMax: 256 * 1024,
  /** Objects and lists within each other in a JSON text. */
  jsonDepthMax: 128,
  /** Digits in a row of a number in a JSON text. */
  numberDigitsMax: 1000,
  /** Bytes of all headers Freshet adds to a dead letter. */
  deadLetterHeaderBytesMax: 8 * 1024,
  /** What a dead-letter topic's `max.message.bytes` must exceed the sources' by. */
  deadLetterBytesHeadroom: 64 * 1024,
  /** Keys one script call may carry. */
  keysPerScriptMax: 200,
} as const;
