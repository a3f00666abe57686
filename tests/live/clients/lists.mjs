// What clients for Node see: takes and prints the JSON of situations.py, in the folder with node_modules.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(`${process.cwd()}/`);
const load = (path) => import(pathToFileURL(`${process.cwd()}/node_modules/${path}`));
// Some clients write to standard output themselves.
const log = console.log;
console.log = console.warn = console.info = () => {};

async function collect(pages) {
  const ids = [];
  for await (const model of pages) ids.push((model.id ?? model.name).replace(/^models\//, ""));
  return ids;
}

const clients = {
  "openai for Node": (url, key) => {
    const { default: OpenAI } = require("openai");
    return collect(new OpenAI({ baseURL: `${url}/v1`, apiKey: key }).models.list());
  },
  "anthropic for Node": (url, key) => {
    const { default: Anthropic } = require("@anthropic-ai/sdk");
    return collect(new Anthropic({ baseURL: url, apiKey: key }).models.list());
  },
  "google-genai for Node": async (url, key) => {
    const { GoogleGenAI } = require("@google/genai");
    return collect(await new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: url } }).models.list());
  },
  "Continue, openai": async (url, key) => {
    const { constructLlmApi } = await load("@continuedev/openai-adapters/dist/index.js");
    return collect(await constructLlmApi({ provider: "openai", apiBase: `${url}/v1/`, apiKey: key }).list());
  },
};

const seen = {};
for (const [client, situations] of Object.entries(JSON.parse(process.argv[2]))) {
  seen[client] = {};
  for (const [situation, [url, key]] of Object.entries(situations)) {
    try {
      seen[client][situation] = { ids: await clients[client](url, key) };
    } catch (error) {
      seen[client][situation] = { error: error.constructor.name, text: error.message };
    }
  }
}
log(JSON.stringify(seen));
process.exit(0);
