-- The calls of the last day in new-api's logs, as bodies for POST /api/usage: one line for each 5000 calls.
--
-- sqlite3 -readonly one-api.db < usage.sqlite.sql
--
-- Overlapping runs are safe, because Modelbook counts each id once. `modelbook_keys` names the key of a token; tokens
-- that are not in it have the key id as their name.
WITH calls AS (
    SELECT
        id, created_at, token_id, token_name, model_name, completion_tokens,
        -- Claude's prompts do not include what was read from a cache or written into it; all others do.
        CASE WHEN json_extract(detail, '$.claude') THEN prompt_tokens ELSE prompt_tokens - cached - written END AS prompt,
        cached, written, images, audio_in, audio_out, searches
    FROM (
        SELECT
            *,
            coalesce(json_extract(detail, '$.cache_tokens'), 0) AS cached,
            coalesce(json_extract(detail, '$.cache_write_tokens'), json_extract(detail, '$.cache_creation_tokens'), 0) AS written,
            -- new-api calls the images of the prompt so.
            coalesce(json_extract(detail, '$.image_output'), 0) AS images,
            coalesce(json_extract(detail, '$.audio_input'), json_extract(detail, '$.audio_input_token_count'), 0) AS audio_in,
            coalesce(json_extract(detail, '$.audio_output'), 0) AS audio_out,
            coalesce(json_extract(detail, '$.web_search_call_count'), 0) AS searches
        FROM (SELECT *, CASE WHEN json_valid(other) THEN other ELSE '{}' END AS detail FROM logs)
        -- 2 is a call that was answered.
        WHERE type = 2 AND created_at >= unixepoch() - 86400
    )
),
events AS (
    SELECT
        row_number() OVER (ORDER BY calls.id) / 5000 AS body,
        json_object(
            'id', 'new-api-' || calls.id || '-' || created_at,
            'key_id', coalesce(modelbook_keys.key_id, token_name),
            'model', model_name,
            'at', strftime('%Y-%m-%dT%H:%M:%SZ', created_at, 'unixepoch'),
            -- Without the meters that were not used.
            'usage', json_patch('{}', json_object(
                'input', nullif(max(prompt - images - audio_in, 0), 0),
                'input.cache_read', nullif(cached, 0),
                'input.cache_write', nullif(written, 0),
                'input.image', nullif(images, 0),
                'input.audio', nullif(audio_in, 0),
                'output', nullif(max(completion_tokens - audio_out, 0), 0),
                'output.audio', nullif(audio_out, 0),
                'web_search', nullif(searches, 0),
                'request', CASE WHEN prompt + cached + written + completion_tokens = 0 THEN 1 END
            ))
        ) AS event
    FROM calls LEFT JOIN modelbook_keys ON modelbook_keys.token_id = calls.token_id
)
SELECT json_object('events', json_group_array(json(event))) FROM events GROUP BY body;
