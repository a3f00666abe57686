// What the vendors' SDKs for Node see: `node sdk.mjs openai|anthropic|gemini JSON`, in the folder with node_modules.
import { createRequire } from "node:module";

const require = createRequire(`${process.cwd()}/`);
const [vendor, json] = process.argv.slice(2);
const asked = JSON.parse(json);

// The name, status and code of the exception that a call ends in.
async function told(call) {
  try {
    await call();
  } catch (error) {
    const code = error.code ?? error.error?.error?.type ?? "";
    return [error.constructor.name, error.status, code, Boolean(error.requestID ?? error.request_id)];
  }
  return [];
}

async function all(pages) {
  const found = [];
  for await (const model of pages) found.push(model);
  return found;
}

const vendors = {
  openai() {
    const { default: OpenAI } = require("openai");
    const made = (key) => new OpenAI({ baseURL: `${asked.url}/v1`, apiKey: asked.keys[key], maxRetries: 0 }).models;
    return { made, list: (models) => models.list(), get: (models, name) => models.retrieve(name) };
  },
  anthropic() {
    const { default: Anthropic } = require("@anthropic-ai/sdk");
    const made = (key) => new Anthropic({ baseURL: asked.url, apiKey: asked.keys[key], maxRetries: 0 }).models;
    return { made, list: (models, limit = 1000) => models.list({ limit }), get: (models, name) => models.retrieve(name) };
  },
  gemini() {
    const { GoogleGenAI } = require("@google/genai");
    const made = (key) => new GoogleGenAI({ apiKey: asked.keys[key], httpOptions: { baseUrl: asked.url } }).models;
    const list = async function* (models, pageSize = 50) {
      yield* await models.list({ config: { pageSize } });
    };
    return { made, list, get: (models, name) => models.get({ model: name }) };
  },
};

const { made, list, get } = vendors[vendor]();
const name = (model) => model.id ?? model.name;
const good = made("good");
const limited = made("limited");
await all(list(limited));
console.log(
  JSON.stringify({
    ids: (await all(list(good))).map(name),
    paged: (await all(list(good, 2))).map(name),
    one: name(await get(good, asked.model)),
    errors: {
      401: await told(() => all(list(made("unknown")))),
      403: await told(() => all(list(made("abroad")))),
      404: await told(() => get(good, asked.hidden)),
      429: await told(async () => {
        for (let time = 0; time < 20; time += 1) await all(list(limited));
      }),
      500: await told(() => all(list(made("broken")))),
    },
  }),
);
