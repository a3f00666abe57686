#!/usr/bin/env bash
# Brings the programs that tests/live runs into the folder .clients: older editions of the vendors' SDKs (on the
# dependencies of the current ones where those do), LiteLLM and llm with their own, readers of exports, and what is for Node.
set -euo pipefail
cd "$(dirname "$0")/../../.."
pip=(.venv/bin/pip install --quiet --disable-pip-version-check --no-warn-conflicts)

bring() { # folder, then what pip is to install there
  local folder=".clients/$1"; shift
  [ -e "$folder/.whole" ] || { rm -rf "$folder"; "${pip[@]}" --target "$folder" "$@"; touch "$folder/.whole"; }
}

bring openai-2 openai==2.0.0
bring openai-1 openai==1.40.0 "httpx<0.28"
bring anthropic-1 --no-deps anthropic==1.17.0
bring anthropic-0 anthropic==0.125.0
bring google-genai-2 --no-deps google-genai==2.34.0
bring litellm litellm==1.106.2
bring llm llm==0.36
bring openrouter openrouter==1.3.84
bring llms-txt llms-txt==0.0.7

# Whole is what was brought by this very list.
if command -v npm >/dev/null && ! cmp -s tests/live/clients/package.json .clients/node/.whole; then
  rm -rf .clients/node && mkdir -p .clients/node
  cp tests/live/clients/package.json .clients/node/
  npm install --prefix .clients/node --no-audit --no-fund --ignore-scripts --silent
  cp tests/live/clients/package.json .clients/node/.whole
fi
