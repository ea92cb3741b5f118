/** The keys of one tag lie in one slot of a cluster: the tag is what is hashed. */
export interface TagKeys {
  readonly index: string;
  readonly state: string;
  readonly epoch: string;
}

export function tagKeys(prefix: string, tag: string): TagKeys {
  return { index: `${prefix}t:{${tag}}:i`, state: `${prefix}t:{${tag}}:f`, epoch: `${prefix}e:{${tag}}` };
}

/** The list of tags that are or were about to be swept. */
export function registryKey(prefix: string): string {
  return `${prefix}sweeps`;
}
