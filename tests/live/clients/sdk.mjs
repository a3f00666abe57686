// What the vendors' SDKs for Node see: `node sdk.mjs openai|anthropic|gemini JSON`, in the folder with node_modules.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.cwd()}/`);
const [vendor, json] = process.argv.slice(2);
const instructions = JSON.parse(json);

// The name, status and code of the exception that a call ends in.
async function errorOf(call) {
  try {
    await call();
  } catch (error) {
    const code = error.code ?? error.error?.error?.type ?? "";
    return [error.constructor.name, error.status, code, Boolean(error.requestID ?? error.request_id)];
  }
  return [];
}

async function all(pages) {
  const models = [];
  for await (const model of pages) models.push(model);
  return models;
}

const vendors = {
  openai() {
    const { default: OpenAI } = require("openai");
    const modelsOf = (key) => new OpenAI({ baseURL: `${instructions.url}/v1`, apiKey: instructions.keys[key], maxRetries: 0 }).models;
    return { modelsOf, list: (models) => models.list(), get: (models, name) => models.retrieve(name) };
  },
  anthropic() {
    const { default: Anthropic } = require("@anthropic-ai/sdk");
    const modelsOf = (key) => new Anthropic({ baseURL: instructions.url, apiKey: instructions.keys[key], maxRetries: 0 }).models;
    return { modelsOf, list: (models, limit = 1000) => models.list({ limit }), get: (models, name) => models.retrieve(name) };
  },
  gemini() {
    const { GoogleGenAI } = require("@google/genai");
    const modelsOf = (key) => new GoogleGenAI({ apiKey: instructions.keys[key], httpOptions: { baseUrl: instructions.url } }).models;
    const list = async function* (models, pageSize = 50) {
      yield* await models.list({ config: { pageSize } });
    };
    return { modelsOf, list, get: (models, name) => models.get({ model: name }) };
  },
};

// The kinds of a field's values in all models, as typeof has them; null is one of its own.
function kinds(models, field) {
  return [...new Set(models.map((model) => (model[field] === null ? "null" : typeof model[field])))].sort();
}

const FIELDS = {
  openai: ["id", "created", "object", "owned_by", "shutdown_date", "supported_endpoint_types"],
  anthropic: ["id", "display_name", "created_at", "lifecycle", "deprecated_at", "max_input_tokens", "capabilities"],
  gemini: ["name", "displayName", "version", "inputTokenLimit", "supportedActions"],
};
const PACKAGES = { openai: "openai", anthropic: "@anthropic-ai/sdk", gemini: "@google/genai" };

// What only Anthropic's list has: cursors, one of them a model that is hidden by now, and stages.
async function anthropics(models) {
  const ids = async (query) => (await all(models.list(query))).map(name);
  const pages = [await models.list({ limit: 1 }), await models.list({ limit: 1000 })];
  return {
    lifecycle: [...new Set(pages[1].data.map((model) => model.lifecycle))],
    has_more: pages.map((page) => page.has_more),
    dates: pages[1].data.every((model) => !Number.isNaN(Date.parse(model.created_at))),
    after_hidden: await ids({ limit: 2, after_id: instructions.gone }),
    before_hidden: await ids({ limit: 2, before_id: instructions.gone }),
    back: await ids({ limit: 2, before_id: pages[1].data.at(-1).id }),
    retired: await ids({ lifecycle: ["retired"] }),
  };
}

const { modelsOf, list, get } = vendors[vendor]();
const name = (model) => model.id ?? model.name;
const good = modelsOf("good");
const limited = modelsOf("limited");
await all(list(limited));
const listed = await all(list(good));
console.log(
  JSON.stringify({
    version: JSON.parse(readFileSync(`node_modules/${PACKAGES[vendor]}/package.json`, "utf8")).version,
    ids: listed.map(name),
    fields: Object.fromEntries(FIELDS[vendor].map((field) => [field, kinds(listed, field)])),
    ...(vendor === "anthropic" ? await anthropics(good) : {}),
    paged: (await all(list(good, 2))).map(name),
    one: name(await get(good, instructions.model)),
    errors: {
      401: await errorOf(() => all(list(modelsOf("unknown")))),
      403: await errorOf(() => all(list(modelsOf("abroad")))),
      404: await errorOf(() => get(good, instructions.hidden)),
      429: await errorOf(async () => {
        for (let time = 0; time < 20; time += 1) await all(list(limited));
      }),
      500: await errorOf(() => all(list(modelsOf("broken")))),
    },
  }),
);
