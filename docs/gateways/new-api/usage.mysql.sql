-- The calls of the last day in new-api's logs, as bodies for POST /api/usage: one line for each 5000 calls. MySQL 8.
--
-- mysql --skip-column-names --raw new_api < usage.mysql.sql
--
-- Overlapping runs are safe, because Modelbook counts each id once. `modelbook_keys` names the key of a token; tokens
-- that are not in it have the key id as their name.
WITH details AS (
    SELECT *, CASE WHEN JSON_VALID(other) THEN other ELSE '{}' END AS detail FROM logs
    -- 2 is a call that was answered.
    WHERE type = 2 AND created_at >= UNIX_TIMESTAMP() - 86400
),
counts AS (
    SELECT
        *,
        CAST(COALESCE(JSON_VALUE(detail, '$.cache_tokens'), 0) AS SIGNED) AS cached,
        CAST(COALESCE(JSON_VALUE(detail, '$.cache_write_tokens'), JSON_VALUE(detail, '$.cache_creation_tokens'), 0) AS SIGNED) AS written,
        -- new-api calls the images of the prompt so.
        CAST(COALESCE(JSON_VALUE(detail, '$.image_output'), 0) AS SIGNED) AS images,
        CAST(COALESCE(JSON_VALUE(detail, '$.audio_input'), JSON_VALUE(detail, '$.audio_input_token_count'), 0) AS SIGNED) AS audio_in,
        CAST(COALESCE(JSON_VALUE(detail, '$.audio_output'), 0) AS SIGNED) AS audio_out,
        CAST(COALESCE(JSON_VALUE(detail, '$.web_search_call_count'), 0) AS SIGNED) AS searches
    FROM details
),
calls AS (
    -- Claude's prompts do not include what was read from a cache or written into it; all others do.
    SELECT *, prompt_tokens - CASE WHEN JSON_VALUE(detail, '$.claude') IN ('true', '1') THEN 0 ELSE cached + written END AS prompt
    FROM counts
),
events AS (
    SELECT
        FLOOR(ROW_NUMBER() OVER (ORDER BY calls.id) / 5000) AS body,
        JSON_OBJECT(
            'id', CONCAT('new-api-', calls.id, '-', created_at),
            'key_id', COALESCE(modelbook_keys.key_id, token_name),
            'model', model_name,
            'at', DATE_FORMAT(FROM_UNIXTIME(0) + INTERVAL created_at - TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), NOW()) SECOND, '%Y-%m-%dT%TZ'),
            -- Without the meters that were not used.
            'usage', JSON_MERGE_PATCH('{}', JSON_OBJECT(
                'input', NULLIF(GREATEST(prompt - images - audio_in, 0), 0),
                'input.cache_read', NULLIF(cached, 0),
                'input.cache_write', NULLIF(written, 0),
                'input.image', NULLIF(images, 0),
                'input.audio', NULLIF(audio_in, 0),
                'output', NULLIF(GREATEST(completion_tokens - audio_out, 0), 0),
                'output.audio', NULLIF(audio_out, 0),
                'web_search', NULLIF(searches, 0),
                'request', CASE WHEN prompt + cached + written + completion_tokens = 0 THEN 1 END
            ))
        ) AS event
    FROM calls LEFT JOIN modelbook_keys ON modelbook_keys.token_id = calls.token_id
)
SELECT JSON_OBJECT('events', JSON_ARRAYAGG(event)) FROM events GROUP BY body;
