/** Rules with one swept tag, for tests of sweeps by processes. */
export const SWEEP_RULES = `freshet: 1
bounds: { lease: 5s, lag: 2s, skew: 250ms, fill: 2s }
sources: [{ name: products, topic: products, format: cloudevents, space: p }]
families: { listing: { key: "listing:{brand}:{page}", ttl: 1h, tags: [{ tag: brand, with: { id: brand } }] } }
tags: { brand: { key: "brand:{id}", kind: swept } }
rules: [{ name: brand, source: products, bust: [{ tag: brand, with: { id: "subject" } }] }]
`;
