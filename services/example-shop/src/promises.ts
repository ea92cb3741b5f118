import { headerText, type KafkaRecord } from "@freshet/protocol";
import type { Promised, PromiseSeen } from "./promised.js";
import { type PageView, pageKey, readPage } from "./reader.js";
import type { Scene } from "./scene.js";
import { PRODUCT_TOPIC, type Product } from "./shop.js";
import { tagPromises } from "./tag-promises.js";

/** The promises in the order in which they are shown. */
export const promises: readonly Promised[] = [
  { promise: "A price change busts the cached page", act: newerEventBusts },
  { promise: "An older event that arrives late changes nothing", act: olderEventChangesNothing },
  { promise: "A repeated event does nothing: the refilled page stays", act: repeatedEventDoesNothing },
  { promise: "A poison event is dead-lettered, and the stream goes on", act: poisonEventStepsAside },
  ...tagPromises,
];

async function newerEventBusts(scene: Scene, id: string): Promise<PromiseSeen> {
  const before = await read(scene, id);
  await scene.send(scene.shop.setPrice(id, nextPrice(before.page)));
  const gone = (await scene.cache.get(pageKey(id))) === null;
  const after = await read(scene, id);
  const fresh = after.from === "database" && isSame(after.page, scene.shop.load(id));
  return {
    did: [
      `page:${id} is cached and shows ${show(before.page)}.`,
      `The price changes: one event, ${versionOf(scene.shop.load(id))}, says so.`,
    ],
    seen: gone ? `page:${id} is gone; the next reader gets ${show(after.page)}.` : `page:${id} is still cached: ${show(after.page)}.`,
    why: `The event's ${versionOf(scene.shop.load(id))} is newer than the cached page's ${versionOf(before.page)}.`,
    held: gone && fresh,
  };
}

async function olderEventChangesNothing(scene: Scene, id: string): Promise<PromiseSeen> {
  const older = scene.shop.setPrice(id, nextPrice(scene.shop.load(id)));
  const olderVersion = versionOf(scene.shop.load(id));
  await scene.send(scene.shop.setPrice(id, nextPrice(scene.shop.load(id))));
  const cached = await read(scene, id);
  const before = await scene.cache.get(pageKey(id));
  await scene.send(older);
  const held = before !== null && before === (await scene.cache.get(pageKey(id)));
  return {
    did: [
      `Two price changes; the event of ${olderVersion} is held up on its way.`,
      `page:${id} is cached again and shows ${show(cached.page)}.`,
      `Only now the event of ${olderVersion} arrives.`,
    ],
    seen: held ? `page:${id} is still there, byte for byte.` : `page:${id} was touched.`,
    why: `The page was built from ${versionOf(cached.page)}, so it already holds what ${olderVersion} says.`,
    held,
  };
}

async function repeatedEventDoesNothing(scene: Scene, id: string): Promise<PromiseSeen> {
  await read(scene, id);
  const event = scene.shop.setPrice(id, nextPrice(scene.shop.load(id)));
  await scene.send(event);
  await read(scene, id);
  const before = await scene.cache.get(pageKey(id));
  await scene.send(event);
  const again = await read(scene, id);
  const stays = before !== null && before === (await scene.cache.get(pageKey(id))) && again.from === "cache";
  const isFresh = isSame(again.page, scene.shop.load(id));
  const version = versionOf(scene.shop.load(id));
  const wrong = stays ? `page:${id} is out of date: ${show(again.page)}.` : `page:${id} was touched by the repeat.`;
  return {
    did: [`A price change (${version}) busts page:${id}; a reader fills it again.`, "Then the broker delivers the same event once more."],
    seen: stays && isFresh ? `page:${id} still shows ${show(again.page)}, read from the cache.` : wrong,
    why: `The refilled page was built from ${version}, so the repeat brings no news.`,
    held: stays && isFresh,
  };
}

async function poisonEventStepsAside(scene: Scene, id: string): Promise<PromiseSeen> {
  await read(scene, id);
  const poison = { ...scene.shop.setPrice(id, scene.shop.load(id).price), value: new TextEncoder().encode('{"price": 17') };
  const ended = await scene.send(poison);
  const letter = (await scene.deadLetters()).find((record) => isCopy(record, poison.value));
  await scene.send(scene.shop.setPrice(id, nextPrice(scene.shop.load(id))));
  const gone = (await scene.cache.get(pageKey(id))) === null;
  const reason = letter === undefined ? "" : (headerText(letter.headers, "freshet-reason") ?? "");
  const kept =
    letter === undefined ? "the poison event is not in the dead-letter topic" : `dead-lettered as "${reason}", its bytes untouched`;
  return {
    did: ["An event arrives whose JSON was cut short.", "A good event follows it."],
    seen: `${kept}; the good event ${gone ? `busted page:${id}` : "changed nothing"}.`,
    why: "Bad data is set aside with its reason; it never stops or crashes the stream.",
    held: ended === "dead" && reason === "undecodable" && gone,
  };
}

function read(scene: Scene, id: string): Promise<PageView> {
  return readPage(id, scene.shop, scene.cache);
}

function nextPrice({ price }: Product): number {
  return price > 1000 ? price - 150 : price + 1350;
}

function isSame(a: Product, b: Product): boolean {
  return a.version === b.version && a.price === b.price;
}

function isCopy(record: KafkaRecord, value: Uint8Array): boolean {
  return (
    headerText(record.headers, "__dlq.errors.topic") === PRODUCT_TOPIC && Buffer.compare(record.value ?? new Uint8Array(), value) === 0
  );
}

function show(product: Product): string {
  return `${(product.price / 100).toFixed(2)} EUR (${versionOf(product)})`;
}

function versionOf(product: Product): string {
  return `version ${product.version}`;
}
