"""The revision's one row, the vendor of models whose maker is not known, and the endpoint types the field knows."""

from django.db import migrations
from django.utils import timezone

# Sources: the documentation of new-api and Crazyrouter's public price list, 2026.
ENDPOINT_TYPES = [
    ("openai", "/v1/chat/completions", "Chat completions"),
    ("openai-response", "/v1/responses", "Responses"),
    ("openai-response-compact", "/v1/responses/compact", "Responses, compacted"),
    ("anthropic", "/v1/messages", "Anthropic messages"),
    ("gemini", "/v1beta/models/{model}:generateContent", "Gemini generateContent"),
    ("embeddings", "/v1/embeddings", "Embeddings"),
    ("jina-rerank", "/v1/rerank", "Rerank"),
    ("image-generation", "/v1/images/generations", "Image generation"),
    ("openai-video", "/v1/videos", "Video, OpenAI style"),
    ("unified-video", "/v1/video/create", "Video, one format for all vendors"),
    ("ali-video", "/api/v1/services/aigc/video-generation/video-synthesis", "Video, Alibaba style"),
    ("volc-video", "/volc/v1/contents/generations/tasks", "Video, Volcengine style"),
    ("minimax-video", "/minimax/v1/video_generation", "Video, MiniMax style"),
    ("kling", "/kling/v1/videos/text2video", "Video, Kling style"),
    ("midjourney", "/mj/submit/imagine", "Midjourney imagine"),
    ("suno", "/suno/submit/music", "Suno music"),
    ("audio-speech", "/v1/audio/speech", "Text to speech"),
    ("audio-transcription", "/v1/audio/transcriptions", "Speech to text"),
]


def remember(apps, row):
    """The first row of its history, so that the first change has something to be compared with."""
    record = apps.get_model(row._meta.app_label, f"Historical{row._meta.object_name}")
    values = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    record.objects.create(
        **values, history_type="+", history_date=timezone.now(), history_change_reason="Made with the installation."
    )


def fill(apps, schema_editor):
    apps.get_model("catalog", "Revision").objects.get_or_create(pk=1)
    remember(apps, apps.get_model("catalog", "Vendor").objects.create(slug="other", name="Other"))
    endpoint_type = apps.get_model("catalog", "EndpointType")
    for name, path, label in ENDPOINT_TYPES:
        remember(apps, endpoint_type.objects.create(name=name, path=path, method="POST", label=label))


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
