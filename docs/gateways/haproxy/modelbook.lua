-- Asks Modelbook whether the key may make this call. Modelbook gets the whole body and decides which models it names.
--
-- core.httpclient would copy whole buffers for each question: with buffers for 64 MiB, 100 ms of processor time.

local MODELBOOK = "127.0.0.1:8000"
local SECONDS = 30
local MOST_BYTES = 64 * 1024 * 1024
local PASSED = {
    "authorization", "x-api-key", "x-goog-api-key", "api-key", "x-litellm-api-key", "ocp-apim-subscription-key",
    "anthropic-version", "content-type", "content-encoding", "user-agent",
}
-- The upstream gets these of the caller's headers. Others could name a model or a key.
local FORWARDED = {
    "accept", "accept-encoding", "accept-language", "anthropic-beta", "anthropic-version", "connection",
    "content-encoding", "content-length", "content-type", "expect", "host", "idempotency-key", "openai-beta",
    "sec-websocket-extensions", "sec-websocket-key", "sec-websocket-protocol", "sec-websocket-version", "traceparent",
    "transfer-encoding", "upgrade", "user-agent", "x-forwarded-for", "x-goog-api-client",
}
-- Headers of Modelbook's answer: of a refusal all but these reach the caller, of a success only those, which
-- haproxy.cfg adds to the response from these variables.
local OF_THE_CONNECTION = { ["connection"] = true, ["content-length"] = true, ["date"] = true, ["server"] = true }
local OF_A_SUCCESS = {
    ["deprecation"] = "txn.deprecation", ["sunset"] = "txn.sunset", ["x-modelbook-successor"] = "txn.successor",
    ["x-modelbook-budget-warning"] = "txn.budget_warning", ["x-modelbook-key-expires-at"] = "txn.key_expires_at",
}

-- Sends the request; returns status, headers as { { name, value }, ... } and body, or nothing if Modelbook fails.
local function ask(lines, body)
    local head = "POST /api/authorize HTTP/1.0\r\n"
    for _, line in ipairs(lines) do
        -- A line break would begin another header.
        if line[2]:find("%c") then return end
        head = head .. line[1] .. ": " .. line[2] .. "\r\n"
    end
    local socket = core.tcp()
    socket:settimeout(SECONDS)
    if not socket:connect(MODELBOOK) or not socket:send(head .. "\r\n") then return end
    if body ~= "" and not socket:send(body) then return end
    local text = socket:receive("*a")
    socket:close()
    local status, fields, content = (text or ""):match("^HTTP/1%.%d (%d%d%d)[^\n]*\r\n(.-\r\n)\r\n(.*)$")
    if not status then return end
    local headers, length = {}, 0
    for name, value in fields:gmatch("([^:\r\n]+):[ \t]*([^\r\n]*)\r\n") do
        name = name:lower()
        if name == "content-length" then length = tonumber(value) end
        table.insert(headers, { name, value })
    end
    if #content >= length then return tonumber(status), headers, content end
end

local function refuse(txn, status, headers, body)
    local reply = txn:reply({ status = status, body = body })
    for _, header in ipairs(headers) do
        if not OF_THE_CONNECTION[header[1]] then reply:add_header(header[1], header[2]) end
    end
    txn:done(reply)
end

local function refuse_in_our_words(txn, status, code, message)
    local body
    if txn.sf:path():find("^/v1%a*/%a+/.+:%a+$") then -- Gemini's methods
        local word = status == 503 and "UNAVAILABLE" or "INVALID_ARGUMENT"
        body = ('{"error":{"code":%d,"message":"%s","status":"%s"}}'):format(status, message, word)
    else
        local family = status == 503 and "overloaded_error" or "request_too_large"
        body = ('{"type":"error","error":{"type":"%s","code":"%s","message":"%s"}}'):format(family, code, message)
    end
    refuse(txn, status, { { "content-type", "application/json" } }, body)
end

-- The query as it was sent, except for every `key` in it, however it is written.
local function without_key(query)
    local others = {}
    for part in query:gmatch("[^&]+") do
        local name = part:match("^[^=]*"):gsub("%%(%x%x)", function(code) return string.char(tonumber(code, 16)) end)
        if name:lower() ~= "key" then table.insert(others, part) end
    end
    return table.concat(others, "&")
end

core.register_action("authorize", { "http-req" }, function(txn)
    local body = txn.sf:req_body() or ""
    -- The announced size is greater where the buffer was full before the body ended.
    if #body > MOST_BYTES or tonumber(txn.sf:req_body_size()) > #body then
        return refuse_in_our_words(txn, 413, "request_too_large", "The body has more than 64 MiB.")
    end

    local lines = {
        { "host", "localhost" },
        { "content-length", tostring(#body) },
        { "x-forwarded-for", txn.sf:src() },
        { "x-original-method", txn.sf:method() },
        { "x-original-uri", txn.sf:pathq() },
    }
    local received = txn.http:req_get_headers()
    for _, name in ipairs(PASSED) do
        for _, value in pairs(received[name] or {}) do table.insert(lines, { name, value }) end
    end

    local status, headers, content = ask(lines, body)
    if status == 200 or status == 204 then
        for _, name in ipairs(FORWARDED) do received[name] = nil end
        for name in pairs(received) do txn.http:req_del_header(name) end
        for _, header in ipairs(headers) do
            local name, value = header[1], header[2]
            if name:find("^x%-modelbook%-") then txn.http:req_set_header(name, value) end
            if name == "x-modelbook-key-id" then txn:set_var("txn.key_id", value) end
            if OF_A_SUCCESS[name] then txn:set_var(OF_A_SUCCESS[name], value) end
        end
        local query = txn.sf:query()
        if query and query ~= "" then txn.http:req_set_query(without_key(query)) end
        txn:set_var("txn.allowed", true)
        return
    end
    -- Only Modelbook itself gives a reason; without one it did not answer, and nothing is allowed.
    for _, header in ipairs(headers or {}) do
        if header[1] == "x-modelbook-reason" then return refuse(txn, status, headers, content) end
    end
    refuse_in_our_words(txn, 503, "service_unavailable", "Keys cannot be checked right now. Try again.")
end)
