// The published JavaScript client for browsers, asked through its public API: web.js URL ASKS REGISTRY.
// It keeps all flags of one context, asks with the tag of what it keeps, and asks again when the stream says so.

import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { OFREPWebProvider } from "@openfeature/ofrep-web-provider";
import { OpenFeature, ProviderEvents, ProviderStatus } from "@openfeature/web-sdk";
import { EventSource } from "eventsource";
import { Report, compare, deepEqual, details, equal, named } from "./report.js";

globalThis.EventSource = EventSource;

const [baseUrl, asks, registry] = process.argv.slice(2);
const report = new Report("web-js");

/** Every exchange of the client: what it sent, what came. */
const exchanges = [];
async function recording(request) {
  const response = await fetch(request);
  const [sent, came] = [request.headers.get("if-none-match"), response.headers.get("etag")];
  exchanges.push({ url: request.url, status: response.status, sent, came });
  return response;
}

/** What happens until the event comes. */
function next(type, within = 10_000) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${type} within ${within} ms`)), within);
    const handler = (event) => {
      clearTimeout(timer);
      client.removeHandler(type, handler);
      resolve(event);
    };
    client.addHandler(type, handler);
  });
}

const provider = new OFREPWebProvider({ baseUrl, cacheMode: "disabled", fetchImplementation: recording });
await OpenFeature.setContext({ targetingKey: "U-0" });
await OpenFeature.setProviderAndWait(provider);
const client = OpenFeature.getClient();

for (const ask of JSON.parse(readFileSync(asks, "utf8"))) {
  await report.check(named(ask), async () => {
    if (ask.error === "INVALID_CONTEXT") {
      // It asks for all flags at once, keeps what it has, and tells of the refusal.
      const told = next(ProviderEvents.Error);
      await OpenFeature.setContext(ask.context);
      equal((await told).message.includes("400"), true);
      equal(client.getBooleanDetails("open", false).value, true);
      return;
    }
    await OpenFeature.setContext(ask.context ?? {});
    compare(details(client, ask), ask);
  });
}

await report.check("what is unchanged is 304, with the tag that was sent", async () => {
  await OpenFeature.setContext({ targetingKey: "U-1", country: "TH" });
  const first = exchanges.at(-1);
  equal(first.status, 200);
  equal(first.sent, null);
  await OpenFeature.setContext({ targetingKey: "U-1", country: "TH" });
  deepEqual({ ...exchanges.at(-1), url: "" }, { url: "", status: 304, sent: first.came, came: first.came });
  equal(client.getStringValue("by-country", "none"), "th");
});

await report.check("another context is asked with the old tag and gets new answers", async () => {
  const before = exchanges.at(-1).came;
  await OpenFeature.setContext({ targetingKey: "U-1", country: "US", age: 20 });
  const { status, sent, came } = exchanges.at(-1);
  equal(status, 200);
  equal(sent, before);
  equal(came === before, false);
  equal(client.getStringValue("by-country", "none"), "grown");
});

/** Writes the registry anew, at once. */
function edit(change) {
  const document = JSON.parse(readFileSync(registry, "utf8"));
  change(Object.fromEntries(document.flags.map((flag) => [flag.key, flag])));
  writeFileSync(`${registry}.new`, JSON.stringify(document));
  renameSync(`${registry}.new`, registry);
}

await report.check("the stream tells of a new registry, and the client has it", async () => {
  const changed = next(ProviderEvents.ConfigurationChanged);
  edit((flags) => {
    flags.count.serve = "none";
    flags.greeting.rollout_stage = "paused";
  });
  const event = await changed;
  deepEqual([...event.flagsChanged].sort(), ["count", "greeting"]);
  equal(client.getNumberValue("count", -1), 0);
  equal(client.getStringDetails("greeting", "none").reason, "DISABLED");
  const { url, status } = exchanges.at(-1);
  equal(status, 200);
  equal(/flagConfigEtag=[0-9a-f]{16}&flagConfigLastModified=[0-9]+$/.test(url), true, url);
});

await report.check("and of the next one", async () => {
  const changed = next(ProviderEvents.ConfigurationChanged);
  edit((flags) => (flags.count.serve = "some"));
  deepEqual((await changed).flagsChanged, ["count"]);
  equal(client.getNumberValue("count", -1), 42);
});

await report.check("a key that is not valid is refused for good", async () => {
  const refused = new OFREPWebProvider({ baseUrl, cacheMode: "disabled", headers: [["X-API-Key", "dummy"]] });
  await OpenFeature.setProviderAndWait("with-key", refused).catch(() => {});
  equal(OpenFeature.getClient("with-key").providerStatus, ProviderStatus.FATAL);
});

await OpenFeature.close();
process.exitCode = report.failed ? 1 : 0;
