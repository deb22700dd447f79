// Works a short shift with openapi-fetch, typed by what openapi-typescript makes of the hub's description.

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import createClient from "openapi-fetch";
import type { components, paths } from "./hub.js";

const [base, customer, keyFile] = process.argv.slice(2) as [string, string, string];

function check(holds: boolean, what: unknown): asserts holds {
  if (!holds) throw new Error(JSON.stringify(what));
}

/** The body of an answer that did what was asked for. */
async function got<T>(asked: Promise<{ data?: T; error?: unknown }>): Promise<T> {
  const { data, error } = await asked;
  if (data === undefined) throw new Error(JSON.stringify(error));
  return data;
}

async function eventually<T>(question: () => Promise<T | undefined>): Promise<T> {
  for (let i = 0; i < 600; i += 1) {
    const answer = await question();
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("it did not happen");
}

const stranger = createClient<paths>({ baseUrl: base });
const refused = await stranger.POST("/api/v1/session", {
  body: { name: "agent-1", password: "wrong" },
});
const problem: components["schemas"]["Problem"] | undefined = refused.error;
check(problem?.type === "/problems/sign-in-failed", refused.error);

const caller = (token: string | null | undefined) =>
  createClient<paths>({ baseUrl: base, headers: { authorization: `Bearer ${token}` } });
const session = await got(
  stranger.POST("/api/v1/session", { body: { name: "agent-1", password: "agent-1" } }),
);
const agent = caller(session.token);
await got(agent.PUT("/api/v1/agents/me/presence", { body: { state: "ready" } }));
const offer = await eventually(async () => (await got(agent.GET("/api/v1/offers")))[0]);
const interaction = await got(
  agent.POST("/api/v1/offers/{id}/accept", { params: { path: { id: offer.id } } }),
);
check(interaction.state === "connected", interaction);

const id = interaction.id;
const contacts = await got(
  agent.GET("/api/v1/contacts", { params: { query: { channel: "web", identity: customer } } }),
);
const contact = contacts.items[0];
check(contact !== undefined, contacts);
const history = await got(
  agent.GET("/api/v1/contacts/{id}/history", { params: { path: { id: contact.id } } }),
);
check(history.items[0]?.content.text === "Where is my parcel?", history);

const sent = await got(
  agent.POST("/api/v1/interactions/{id}/messages", {
    params: { path: { id }, header: { "idempotency-key": randomUUID() } },
    body: { text: "It leaves today." },
  }),
);
await eventually(async () => {
  const messages = await got(
    agent.GET("/api/v1/interactions/{id}/messages", { params: { path: { id } } }),
  );
  return messages.items.find((m) => m.id === sent.id && ["sent", "delivered", "read"].includes(m.state));
});

const ended = await got(
  agent.POST("/api/v1/interactions/{id}/end", {
    params: { path: { id } },
    body: { disposition: "Processed" },
  }),
);
check(ended.state === "ended", ended);
const stats = await got(caller(readFileSync(keyFile, "utf8").trim()).GET("/api/v1/stats"));
check(stats.census.ended >= 1, stats);
