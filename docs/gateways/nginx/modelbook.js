// Asks Modelbook whether a call is allowed, and passes it to the upstream or the refusal to the caller.

// A header of the check, and the variable of nginx.conf in which upstream_headers.conf finds its value.
const RESULT = {
    'X-Modelbook-Key-Id': 'modelbook_key_id',
    'X-Modelbook-Token-Name': 'modelbook_token_name',
    'X-Modelbook-Model': 'modelbook_model',
    'X-Modelbook-Requested-Model': 'modelbook_requested_model',
    'X-Modelbook-Models': 'modelbook_models',
    'X-Modelbook-Group': 'modelbook_group',
    'X-Modelbook-Revision': 'modelbook_revision',
    'Deprecation': 'modelbook_deprecation',
    'Sunset': 'modelbook_sunset',
    'X-Modelbook-Successor': 'modelbook_successor',
    'X-Modelbook-Budget-Warning': 'modelbook_budget_warning',
    'X-Modelbook-Key-Expires-At': 'modelbook_key_expires_at',
};
// Headers of a refusal that belong to its connection; the caller receives the others.
const OF_CONNECTION = ['connection', 'content-length', 'date', 'keep-alive', 'server', 'transfer-encoding'];

// nginx has read the body, larger ones into a file, and both the check and the upstream receive it from there.
function check(r) {
    // The address of the check is in nginx.conf; the arguments must not be the caller's.
    r.subrequest('/authorize', {method: 'POST', args: ''}, answer => {
        if (answer.status === 204 && answer.headersOut['X-Modelbook-Key-Id']) {
            for (const name in RESULT) {
                r.variables[RESULT[name]] = answer.headersOut[name] || '';
            }
            r.variables.upstream_uri = without_key(r.variables.request_uri);
            r.variables.had_query_key = r.variables.upstream_uri === r.variables.request_uri ? '' : 'yes';
            r.internalRedirect('@models');
        } else if (answer.status >= 400 && answer.headersOut['X-Modelbook-Reason']) {
            pass_refusal(r, answer);
        } else {
            unavailable(r);
        }
    });
}

function pass_refusal(r, answer) {
    for (const name in answer.headersOut) {
        if (!OF_CONNECTION.includes(name.toLowerCase())) {
            r.headersOut[name] = answer.headersOut[name];
        }
    }
    r.return(answer.status, answer.responseText);
}

function unavailable(r) {
    r.headersOut['Retry-After'] = '1';
    // With a key id, the check has allowed the call.
    const problem = r.variables.modelbook_key_id ? 'The model does not answer right now.' : 'Keys cannot be checked right now.';
    refuse(r, 503, 'service_unavailable', problem + ' Try again in a moment.');
}

// An error of nginx itself; 503 if Modelbook or the upstream does not answer.
function fail(r) {
    const status = Number(r.uri.split('/').pop());
    const messages = {
        404: ['not_found', 'This address does not exist.'],
        405: ['method_not_allowed', 'This address does not support this method.'],
        408: ['request_timeout', 'The request did not arrive in time.'],
        413: ['request_too_large', 'The body of the request is too large.'],
        414: ['address_too_long', 'The address is too long.'],
        400: ['bad_request', 'The request is not valid.'],
    };
    if (messages[status]) {
        refuse(r, status, messages[status][0], messages[status][1]);
    } else {
        unavailable(r);
    }
}

// The three dialects, chosen as Modelbook chooses them.
function refuse(r, status, code, message) {
    // nginx has no address where it could not read the request.
    const uri = r.variables.request_uri || '';
    let body = {error: {message: message, type: status < 500 ? 'invalid_request_error' : 'api_error', param: null, code: code}};
    if (uri.startsWith('/v1/messages') || uri.startsWith('/anthropic/') || r.headersIn['anthropic-version']) {
        const types = {400: 'invalid_request_error', 404: 'not_found_error', 413: 'request_too_large'};
        body = {type: 'error', error: {type: types[status] || 'overloaded_error', message: message, details: {error_code: code}}};
    } else if (/^\/v1(beta|alpha)\/(?!openai\/)/.test(uri) || r.headersIn['x-goog-api-key'] || r.variables.arg_key) {
        const states = {400: 'INVALID_ARGUMENT', 404: 'NOT_FOUND', 413: 'INVALID_ARGUMENT', 503: 'UNAVAILABLE'};
        body = {error: {code: status, message: message, status: states[status] || 'UNKNOWN'}};
    }
    r.headersOut['Content-Type'] = 'application/json';
    r.headersOut['X-Modelbook-Reason'] = code;
    r.return(status, JSON.stringify(body));
}

// The address as it was sent, except for every `key` in its query, however it is written.
function without_key(uri) {
    const mark = uri.indexOf('?');
    if (mark < 0) {
        return uri;
    }
    const others = uri.slice(mark + 1).split('&').filter(part => name_of(part) !== 'key');
    return uri.slice(0, mark) + (others.length ? '?' + others.join('&') : '');
}

function name_of(part) {
    const name = part.split('=')[0].replace(/\+/g, ' ');
    try {
        return decodeURIComponent(name).toLowerCase();
    } catch (error) {
        return name.toLowerCase();
    }
}

export default {check, fail};
