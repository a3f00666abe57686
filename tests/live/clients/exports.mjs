// Reads our exports as other programs do: `node exports.mjs tokenlens|spreadsheet JSON`, in the folder with node_modules.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(`${process.cwd()}/`);
const [reader, json] = process.argv.slice(2);
const instructions = JSON.parse(json);
const load = (name) => import(pathToFileURL(`${process.cwd()}/node_modules/${name}/dist/index.js`));

const readers = {
  // models.dev's api.json, and what uses cost by it.
  async tokenlens() {
    const { fetchModels } = await load("@tokenlens/fetch");
    const { getTokenCosts } = await load("@tokenlens/helpers");
    const providers = await fetchModels({ baseUrl: `${instructions.url}/api/export/models_dev/api.json` });
    const costs = instructions.cases.map(([model, prompt, completion]) => {
      const usage = { prompt_tokens: prompt, completion_tokens: completion };
      return getTokenCosts({ modelId: `modelbook:${model}`, usage, providers }).totalUSD ?? null;
    });
    return { costs };
  },

  // The price lines as a spreadsheet opens them; `formulas` are the cells that it would run.
  async spreadsheet() {
    const xlsx = require("xlsx");
    const bytes = Buffer.from(await (await fetch(`${instructions.url}/api/export/prices.csv`)).arrayBuffer());
    const book = xlsx.read(bytes, { type: "buffer", codepage: 65001 });
    const sheet = book.Sheets[book.SheetNames[0]];
    const cells = Object.entries(sheet).filter(([name]) => !name.startsWith("!"));
    return { rows: xlsx.utils.sheet_to_json(sheet), formulas: cells.filter(([, cell]) => cell.f).map(([name]) => name) };
  },
};

console.log(JSON.stringify(await readers[reader]()));
