// The published JavaScript client for servers, asked through its public API: server.js URL ASKS.

import { readFileSync } from "node:fs";
import { OFREPProvider } from "@openfeature/ofrep-provider";
import { OpenFeature } from "@openfeature/server-sdk";
import { Report, compare, details, equal, named } from "./report.js";

const [baseUrl, asks] = process.argv.slice(2);
const report = new Report("server-js");

await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl }));
const client = OpenFeature.getClient();
for (const ask of JSON.parse(readFileSync(asks, "utf8"))) {
  await report.check(named(ask), async () => compare(await details(client, ask, ask.context ?? {}), ask));
}

await report.check("a date in the context is an instant", async () => {
  const context = { targetingKey: "U-until", now: new Date("2029-12-31T23:59:59.999Z") };
  equal(await client.getBooleanValue("until", false, context), true);
});

await report.check("a key that is not valid is refused", async () => {
  const provider = new OFREPProvider({ baseUrl, headers: [["Authorization", "Bearer dummy"]] });
  await OpenFeature.setProviderAndWait("with-key", provider);
  const refused = await OpenFeature.getClient("with-key").getBooleanDetails("open", false);
  equal(refused.value, false);
  equal(refused.errorCode, "GENERAL");
});

await OpenFeature.close();
process.exitCode = report.failed ? 1 : 0;
