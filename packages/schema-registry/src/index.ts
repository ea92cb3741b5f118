/** The first byte of a record that names its schema by an id of a registry. */
export const MAGIC_BYTE = 0;
