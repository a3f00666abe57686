-- The calls of the last day in new-api's logs, as bodies for POST /api/usage: one line for each 5000 calls.
--
-- psql --no-align --tuples-only --file usage.postgres.sql "$SQL_DSN"
--
-- Overlapping runs are safe, because Modelbook counts each id once. `modelbook_keys` names the key of a token; tokens
-- that are not in it have the key id as their name.
WITH details AS (
    SELECT *, coalesce(nullif(other, ''), '{}')::jsonb AS detail FROM logs
    -- 2 is a call that was answered.
    WHERE type = 2 AND created_at >= extract(epoch FROM now())::bigint - 86400
),
counts AS (
    SELECT
        *,
        coalesce((detail->>'cache_tokens')::bigint, 0) AS cached,
        coalesce((detail->>'cache_write_tokens')::bigint, (detail->>'cache_creation_tokens')::bigint, 0) AS written,
        -- new-api calls the images of the prompt so.
        coalesce((detail->>'image_output')::bigint, 0) AS images,
        coalesce((detail->>'audio_input')::bigint, (detail->>'audio_input_token_count')::bigint, 0) AS audio_in,
        coalesce((detail->>'audio_output')::bigint, 0) AS audio_out,
        coalesce((detail->>'web_search_call_count')::bigint, 0) AS searches
    FROM details
),
calls AS (
    -- Claude's prompts do not include what was read from a cache or written into it; all others do.
    SELECT *, prompt_tokens - CASE WHEN detail->>'claude' = 'true' THEN 0 ELSE cached + written END AS prompt FROM counts
),
events AS (
    SELECT
        row_number() OVER (ORDER BY calls.id) / 5000 AS body,
        json_build_object(
            'id', 'new-api-' || calls.id || '-' || created_at,
            'key_id', coalesce(modelbook_keys.key_id, token_name),
            'model', model_name,
            'at', to_char(to_timestamp(created_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
            -- Without the meters that were not used.
            'usage', json_strip_nulls(json_build_object(
                'input', nullif(greatest(prompt - images - audio_in, 0), 0),
                'input.cache_read', nullif(cached, 0),
                'input.cache_write', nullif(written, 0),
                'input.image', nullif(images, 0),
                'input.audio', nullif(audio_in, 0),
                'output', nullif(greatest(completion_tokens - audio_out, 0), 0),
                'output.audio', nullif(audio_out, 0),
                'web_search', nullif(searches, 0),
                'request', CASE WHEN prompt + cached + written + completion_tokens = 0 THEN 1 END
            ))
        ) AS event
    FROM calls LEFT JOIN modelbook_keys ON modelbook_keys.token_id = calls.token_id
)
SELECT json_build_object('events', json_agg(event)) FROM events GROUP BY body;
